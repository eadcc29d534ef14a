/** Hono, on Node. */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { createRouteHandler } from "@fal-ai/server-proxy/hono";
import { adapterKey, config, port, profile } from "./profiles.mjs";

const app = new Hono();
let nextCalls = 0;
app.get("/conformance/next-calls", (context) => context.text(String(nextCalls)));

if (profile === "compressed") app.use(compress());
if (profile === "parsed") {
  app.use(async (context, next) => {
    // What a validator in front does; a body that is no JSON is the proxy's to judge.
    await context.req.json().catch(() => undefined);
    await next();
  });
}
const options =
  profile === "adapter-key" ? { ...config, resolveApiKey: async () => adapterKey } : config;
app.all("/api/fal/proxy", createRouteHandler(options));
if (profile === "subpaths") app.all("/api/fal/proxy/*", createRouteHandler(options));

app.use(async (_context, next) => {
  nextCalls += 1;
  await next();
});
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" });
