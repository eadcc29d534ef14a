// The published package on Hono, on Node.
import { require } from "../published-upstream.mjs";

const { serve } = require("@hono/node-server");
const { Hono } = require("hono");
const { createRouteHandler } = require("published-server-proxy/hono");

const app = new Hono();
app.all("/api/fal/proxy", createRouteHandler());
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
