/**
 * The published package (1.2.1) on one of its adapters, for the scoreboard, the differential test and the bench:
 * `node server.mjs --adapter express|hono|remix|svelte|nextjs-app|nextjs-pages`.
 * The last two use the Next that is installed in examples/nextjs-pages-router.
 *
 * Reads PORT, FAL_KEY, FAL_PROXY_UPSTREAM and FAL_PROXY_PROFILE (packages/conformance/README.md names the profiles).
 * Options that 1.2.1 does not have are handed over all the same: that it ignores them is what the kit is to show.
 */
import { createServer } from "node:http";
import Module, { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    adapter: { type: "string", default: "express" },
    // Prints the profiles that this adapter can be started in, for the kit's --profiles, and exits.
    profiles: { type: "boolean" },
  },
});
const profile = process.env.FAL_PROXY_PROFILE ?? "default";
const port = Number(process.env.PORT ?? 3000);
const path = "/api/fal/proxy";
const require = createRequire(import.meta.url);

redirectUpstream(process.env.FAL_PROXY_UPSTREAM);

const allowedEndpoints = [
  "conformance/allowed/**",
  "conformance/exact",
  "fal-ai/flux/dev",
  "workflows/conformance/allowed",
];
const { DEFAULT_ALLOWED_URL_PATTERNS, resolveApiKeyFromEnv } = require("published-server-proxy");

const isGood = async (behavior) => behavior.getHeader("X-Conformance-User") === "good";
const options = {
  endpoints: { allowedEndpoints },
  locked: { allowUnauthorizedRequests: false, allowedEndpoints },
  authenticated: { isAuthenticated: isGood },
  "signed-in": { isAuthenticated: isGood, allowUnauthorizedRequests: false },
  "undefined-auth": { resolveFalAuth: async () => undefined },
  "env-auth": { resolveFalAuth: resolveApiKeyFromEnv },
  "adapter-key": {
    resolveApiKey: async () => process.env.CONFORMANCE_KEY,
    credentials: process.env.CONFORMANCE_KEY,
  },
  throwing: {
    isAuthenticated: async () => {
      throw new Error("conformance fault at /srv/app/secret.js");
    },
  },
  cors: { cors: { origins: ["https://app.example"], credentials: true } },
  tokens: {
    allowedUrlPatterns: [...DEFAULT_ALLOWED_URL_PATTERNS, "rest.fal.ai/tokens/**"],
    allowedEndpoints,
  },
  "small-limits": {
    maxBodyBytes: 1024 * 1024,
    timeouts: { connect: 1000, headers: 1500, idle: 1500 },
  },
  "webhooks-deny": { webhooks: "deny" },
  "webhooks-hosts": { webhooks: { hosts: ["hooks.example"] } },
  ownership: {
    isAuthenticated: async (behavior) => behavior.getHeader("X-Conformance-User") !== undefined,
  },
  "fal-hosts": {
    allowedUrlPatterns: ["fal.run/**", "queue.fal.run/**", "*.fal.ai/**"],
    allowedEndpoints,
  },
};
const config = options[profile] ?? {};

if (values.profiles) {
  const inFront = {
    express: ["compressed", "parsed", "chain", "subpaths"],
    hono: ["compressed", "subpaths"],
  };
  const ownKey = ["hono", "remix", "svelte"].includes(values.adapter) ? ["adapter-key"] : [];
  const general = Object.keys(options).filter(
    (name) => name !== "endpoints" && name !== "adapter-key",
  );
  console.log([...general, ...ownKey, ...(inFront[values.adapter] ?? [])].join(","));
  process.exit();
}

const serve = {
  express: serveExpress,
  hono: serveHono,
  remix: serveRemix,
  svelte: serveSvelte,
  "nextjs-app": serveNextApp,
  "nextjs-pages": serveNextPages,
};
await serve[values.adapter]();

/** 1.2.1 cannot be told of another upstream: its calls are redirected where they leave the process. */
function redirectUpstream(upstream) {
  if (!upstream) return;
  const genuine = globalThis.fetch;
  globalThis.fetch = (url, init) =>
    genuine(String(url).replace(/^https?:\/\//, `${upstream}/`), init);
}

async function serveExpress() {
  const express = require("express");
  const { createHandler } = require("published-server-proxy/express");
  const app = express();
  let calls = 0;
  app.get("/conformance/next-calls", (_, response) => response.send(String(calls)));
  if (profile === "compressed") app.use((await import("compression")).default());
  // As documented: a JSON parser in front of the handler.
  app.all([path, `${path}/*`], express.json(), createHandler(config));
  app.use(path, () => {
    calls++;
  });
  app.listen(port, "127.0.0.1");
}

async function serveHono() {
  const { Hono } = await import("hono");
  const { createRouteHandler } = require("published-server-proxy/hono");
  const app = new Hono();
  if (profile === "compressed") app.use((await import("hono/compress")).compress());
  app.get("/conformance/next-calls", (context) => context.text("0"));
  const handler = createRouteHandler(config);
  app.all(path, handler);
  app.all(`${path}/*`, handler);
  await listen(app.fetch);
}

async function serveRemix() {
  const { createProxy } = require("published-server-proxy/remix");
  const { loader, action } = createProxy({
    json: (data, init) => Response.json(data, init),
    ...config,
  });
  // As Remix routes: GET and HEAD to the loader, everything else to the action.
  await listen((request) =>
    /^(GET|HEAD)$/.test(request.method) ? loader({ request }) : action({ request }),
  );
}

async function serveSvelte() {
  const { createRequestHandler } = require("published-server-proxy/svelte");
  const handlers = createRequestHandler(config);
  await listen((request) => {
    const handler = handlers[request.method];
    return handler ? handler({ request }) : new Response(null, { status: 405 });
  });
}

/** The package asks for `next/server`, which is not installed beside it. */
function borrowNext() {
  process.env.NODE_PATH = fileURLToPath(
    new URL("../nextjs-pages-router/node_modules", import.meta.url),
  );
  Module._initPaths();
  return require("published-server-proxy/nextjs");
}

async function serveNextApp() {
  const { GET, POST, PUT } = borrowNext().createRouteHandler(config);
  const handlers = { GET, HEAD: GET, POST, PUT };
  await listen((request) => {
    const handler = handlers[request.method];
    return handler ? handler(request) : new Response(null, { status: 405 });
  });
}

/** Next's own resolver of pages/api routes around the handler, without the build of a whole app. */
async function serveNextPages() {
  const handler = borrowNext().createPageRouterHandler(config);
  const { apiResolver } = require("next/dist/server/api-utils/node/api-resolver.js");
  const preview = { previewModeId: "x", previewModeEncryptionKey: "x", previewModeSigningKey: "x" };
  createServer((request, response) => {
    const route = { default: handler };
    apiResolver(request, response, {}, route, preview, false, false, path).catch(() => {
      response.destroy();
    });
  }).listen(port, "127.0.0.1");
}

async function listen(fetch) {
  const { serve: serveNode } = await import("@hono/node-server");
  serveNode({ fetch, port, hostname: "127.0.0.1" });
}
