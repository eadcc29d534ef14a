/** Hono, also with bindings and variables of the app's own. */
import { createRouteHandler, type FalHonoProxyOptions } from "@fal-ai/server-proxy/hono";
import { Hono, type Context, type Handler } from "hono";

interface Env {
  Bindings: { FAL_KEY: string };
  Variables: { user: string };
}

const options: FalHonoProxyOptions = { resolveApiKey: async () => "id:secret" };
const handler: Handler = createRouteHandler(options);
const ofApp: Handler<Env> = createRouteHandler();
new Hono().all("/api/fal/proxy", handler).post("/other", createRouteHandler());
new Hono<Env>()
  .use(async (context, next) => {
    context.set("user", "ada");
    await next();
  })
  .all(
    "/api/fal/proxy",
    createRouteHandler({
      isAuthenticated: (call) => ({ id: (call.native as Context<Env>).get("user") }),
    }),
  )
  .all("/other", ofApp);
