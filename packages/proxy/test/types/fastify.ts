/** Fastify 5: as a plugin, and as the handler of a route. */
import { createHandler, createPlugin } from "@fal-ai/server-proxy/fastify";
import Fastify, { type FastifyPluginAsync, type RouteHandlerMethod } from "fastify";

const handler: RouteHandlerMethod = createHandler();
const plugin: FastifyPluginAsync = createPlugin();
const app = Fastify();
app.register(createPlugin({ allowedEndpoints: ["fal-ai/flux/**"] }), { prefix: "/api/fal/proxy" });
app.register(plugin);
app.all("/api/fal/proxy", createHandler());
app.post("/other", handler);
