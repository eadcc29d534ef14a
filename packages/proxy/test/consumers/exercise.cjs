/** Uses every export of the published package once and tells what came of it, whichever module system loaded it. */
const { once } = require("node:events");
const { createServer } = require("node:http");
const express = require("express");
const { Hono } = require("hono");

// The name lands in the target, so that fal's side of the call can be found.
const callOf = (name, method = "POST") => ({
  method,
  headers: {
    "content-type": "application/json",
    "x-fal-target-url": `https://fal.run/exports/${name}`,
    // Answered anew on one connection each, so that a server can be closed at once.
    connection: "close",
  },
  ...(method === "POST" && { body: '{"prompt":"a cat"}' }),
});

const told = async (response) => `${response.status} ${await response.text()}`;

const viaWeb = async (name, handle, method = "POST") =>
  told(await handle(new Request("http://app.example/api/fal/proxy", callOf(name, method))));

async function viaNode(name, listener, method = "POST") {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  try {
    return await told(await fetch(`http://127.0.0.1:${port}/api/fal/proxy`, callOf(name, method)));
  } finally {
    server.close();
  }
}

/** A behavior for `node:http` written by hand, as users of `handleRequest` do. */
const behaviorOf = (request, response) => ({
  id: "custom",
  method: request.method,
  respondWith: (status, data) => {
    response.statusCode = status;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(data));
  },
  sendResponse: async (reply) => {
    response.statusCode = reply.status;
    response.end(Buffer.from(await reply.arrayBuffer()));
  },
  getHeaders: () => request.headers,
  getHeader: (name) => request.headers[name.toLowerCase()],
  sendHeader: (name, value) => void response.setHeader(name, value),
  getRequestBody: async () => {
    let text = "";
    for await (const chunk of request) text += chunk;
    return text;
  },
});

module.exports = async function exercise(modules) {
  const { root, nextjs, express: expressAdapter, hono, remix, svelte } = modules;
  const url = "fal.run/fal-ai/flux/dev";
  const resolved = root.resolveProxyConfig({ allowedEndpoints: ["exports/**"] });
  const json = (data, init) => Response.json(data, init);
  const app = new Hono();
  app.post("/api/fal/proxy", hono.createRouteHandler());
  const { action, loader } = remix.createProxy({ json });
  const endpoints = svelte.createRequestHandler({ credentials: "svelte-id:svelte-secret" });

  return {
    names: Object.fromEntries(
      Object.entries(modules).map(([name, module]) => [name, Object.keys(module).sort()]),
    ),
    values: {
      TARGET_URL_HEADER: root.TARGET_URL_HEADER,
      DEFAULT_PROXY_ROUTE: root.DEFAULT_PROXY_ROUTE,
      PROXY_ROUTE: nextjs.PROXY_ROUTE,
      route: expressAdapter.route,
      "default patterns": root.createUrlMatcher(root.DEFAULT_ALLOWED_URL_PATTERNS)(url),
      "isAllowedUrl by default": [root.isAllowedUrl(url), root.isAllowedUrl("evil.example/x")],
      "isAllowedUrl of patterns": root.isAllowedUrl(url, ["queue.fal.run/**"]),
      getEndpoint: root.getEndpoint(`https://${url}?a=1`),
      "isAllowedEndpoint of none": root.isAllowedEndpoint("fal-ai/flux/dev", []),
      isAllowedEndpoint: ["fal-ai/flux/dev", "fal-ai/other"].map((id) =>
        root.isAllowedEndpoint(id, ["fal-ai/flux/**"]),
      ),
      fromHeaders: root.fromHeaders(new Headers({ Accept: "text/plain" })),
      responsePassthrough: await root.responsePassthrough("the reply"),
      resolveApiKeyFromEnv: await root.resolveApiKeyFromEnv(),
      resolveProxyConfig: [resolved.allowedEndpoints, resolved.allowUnauthorizedRequests],
    },
    calls: {
      handleRequest: await viaNode("handleRequest", (request, response) =>
        root.handleRequest(behaviorOf(request, response), resolved),
      ),
      "handleRequest refused": await viaNode("../refused", (request, response) =>
        root.handleRequest(behaviorOf(request, response), resolved),
      ),
      "express createHandler": await viaNode(
        "express-createHandler",
        express().use(expressAdapter.route, expressAdapter.createHandler()),
      ),
      "express handler": await viaNode(
        "express-handler",
        express().all(expressAdapter.route, express.json(), expressAdapter.handler),
      ),
      "nextjs createPageRouterHandler": await viaNode(
        "nextjs-createPageRouterHandler",
        nextjs.createPageRouterHandler(),
      ),
      "nextjs handler": await viaNode("nextjs-handler", nextjs.handler),
      "nextjs createRouteHandler": await viaWeb(
        "nextjs-createRouteHandler",
        nextjs.createRouteHandler().POST,
      ),
      "nextjs route": await viaWeb("nextjs-route", nextjs.route.POST),
      "nextjs route GET": await viaWeb("nextjs-route-get", nextjs.route.GET, "GET"),
      "hono createRouteHandler": await viaWeb("hono-createRouteHandler", (request) =>
        app.request(request),
      ),
      "remix action": await viaWeb("remix-action", (request) => action({ request })),
      "remix loader": await viaWeb("remix-loader", (request) => loader({ request }), "GET"),
      "svelte POST": await viaWeb("svelte-post", (request) => endpoints.POST({ request })),
      "svelte requestHandler": await viaWeb("svelte-requestHandler", (request) =>
        endpoints.requestHandler({ request }),
      ),
    },
  };
};
