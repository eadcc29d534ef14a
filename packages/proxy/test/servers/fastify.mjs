/** Fastify 5: the plugin, and, where a parser shall stand in front, the handler of a route. */
import Fastify from "fastify";
import { createHandler, createPlugin } from "@fal-ai/server-proxy/fastify";
import { config, port, profile } from "./profiles.mjs";

const app = Fastify({ bodyLimit: 62_914_560, forceCloseConnections: true });
let nextCalls = 0;
app.get("/conformance/next-calls", async () => String(nextCalls));
app.setNotFoundHandler(async () => {
  nextCalls += 1;
  return "";
});

if (profile === "parsed") app.all("/api/fal/proxy", /** @type {any} */ (createHandler(config)));
else app.register(/** @type {any} */ (createPlugin(config)), { prefix: "/api/fal/proxy" });
await app.listen({ port, host: "127.0.0.1" });
