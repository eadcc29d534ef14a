/**
 * The adapters whose framework needs no build, as servers for the conformance kit. `judge` tests them, and
 * `npm run case -- <name> <case>` repeats one case.
 */
import { join } from "node:path";

/** The command of a server in `servers/`. */
const server = (/** @type {string} */ file) =>
  // `exec`: the process that the kit measures and stops is the server, not a shell around it.
  `exec "${process.execPath}" "${join(import.meta.dirname, "../servers", file)}"`;

/** A runtime of its own, from `tools`. */
const runtime = (/** @type {"bun" | "deno"} */ name, /** @type {string} */ file, flags = "") =>
  `exec "${join(import.meta.dirname, `../../../../tools/${name}/node_modules/.bin/${name}`)}" ${flags} "${join(import.meta.dirname, "../servers", file)}"`;

const bare = {
  compressed: "a bare handler has no middleware",
  parsed: "a bare handler has no middleware",
  chain: "a bare handler has nothing after it",
};

const readsJson = "what is no JSON and says it is, the framework's own parser answers";

const noKeyOption = "the adapter has no key option of its own";

/** @satisfies {Record<string, import("./subject.ts").Subject>} */
export const subjects = {
  express: {
    adapter: "express",
    command: server("express.mjs"),
    without: { "adapter-key": noKeyOption, http2: "Express does not run on node:http2" },
  },

  express4: {
    adapter: "express",
    command: server("express4.mjs"),
    without: { "adapter-key": noKeyOption, http2: "Express does not run on node:http2" },
  },

  fetch: {
    adapter: "fetch",
    command: server("fetch.mjs"),
    without: {
      ...bare,
      "adapter-key": noKeyOption,
      http2: "the host that it runs on here speaks HTTP/1.1",
    },
  },

  bun: {
    adapter: "fetch",
    command: runtime("bun", "bun.mjs"),
    without: {
      ...bare,
      "adapter-key": noKeyOption,
      http2: "Bun's server speaks HTTP/1.1 without TLS",
    },
  },

  deno: {
    adapter: "fetch",
    command: runtime("deno", "deno.mjs", "run --no-check --node-modules-dir=manual -A"),
    without: {
      ...bare,
      "adapter-key": noKeyOption,
      http2: "Deno's server speaks HTTP/1.1 to whom does not ask for more",
    },
  },

  fastify: {
    adapter: "fastify",
    command: server("fastify.mjs"),
    without: {
      "adapter-key": noKeyOption,
      compressed: "the answer is not Fastify's, so @fastify/compress does not see it",
      chain: "a route has nothing after it",
      http2: "Fastify gives its own request object for node:http2",
    },
    departures: {
      "bodies-parsed-empty":
        "Fastify's JSON parser refuses an empty body; its plugin form does not",
    },
  },

  "functions-framework": {
    adapter: "express",
    command: server("functions-framework.mjs"),
    streamsUploads: false,
    without: {
      "adapter-key": noKeyOption,
      compressed: "the function is called last",
      parsed: "the framework's own parser stands in front in every profile",
      chain: "a function has nothing after it",
      http2: "the framework speaks HTTP/1.1",
    },
    departures: {
      "bodies-not-json": readsJson,
      "bodies-streamed": "the framework reads a body whole before the function is called",
      "errors-nothing-told": readsJson,
      "limits-body": readsJson,
      "limits-body-chunked": readsJson,
      "limits-body-at": readsJson,
    },
  },

  h3: {
    adapter: "h3",
    command: server("h3.mjs"),
    without: {
      "adapter-key": noKeyOption,
      compressed: "h3 has no compression",
      parsed: "a body that somebody has read is gone",
      http2: "the host that it runs on here speaks HTTP/1.1",
    },
  },

  h3v1: {
    adapter: "h3",
    command: server("h3v1.mjs"),
    without: {
      "adapter-key": noKeyOption,
      compressed: "h3 has no compression",
      http2: "the host that it runs on here speaks HTTP/1.1",
    },
  },

  hono: {
    adapter: "hono",
    command: server("hono.mjs"),
    without: { http2: "the host that it runs on here speaks HTTP/1.1" },
  },

  node: {
    adapter: "node",
    command: server("node.mjs"),
    packageFolder: join(import.meta.dirname, "../.."),
    without: {
      "adapter-key": noKeyOption,
      parsed: "node:http has no body parser",
      chain: "a bare listener has nothing after it",
    },
  },
};
