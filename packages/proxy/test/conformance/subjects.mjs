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
