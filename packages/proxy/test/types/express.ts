/** Express 4 and 5, with the types of each. */
import { createHandler, handler, route } from "@fal-ai/server-proxy/express";
import cors from "cors";
import express, { type RequestHandler } from "express";
import express4, {
  type Request as Request4,
  type RequestHandler as RequestHandler4,
} from "express4";

const five: RequestHandler = createHandler();
const four: RequestHandler4 = createHandler();
express().use(route, five).use(route, cors(), express.json(), createHandler(), handler);
express4().use(route, four).use(route, express4.json(), createHandler(), handler);
express().all([route, `${route}/*splat`], createHandler({ allowedEndpoints: ["fal-ai/**"] }));
express4().all([route, `${route}/*`], createHandler({ allowedEndpoints: ["fal-ai/**"] }));
express.Router().post("/", createHandler());
express4.Router().post("/", createHandler());

// What an app does with its own session.
createHandler({
  isAuthenticated: async (call) => (call.native as Request4).header("x-session") !== undefined,
});
// @ts-expect-error: misspelt
createHandler({ allowedEndpoint: [] });
