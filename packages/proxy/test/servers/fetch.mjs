/** Any host of the form Request → Response: here @hono/node-server, which turns such a function into a Node server. */
import { serve } from "@hono/node-server";
import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
import { config, port } from "./profiles.mjs";

const handle = createFetchHandler(config);
serve({ fetch: (request) => handle(request), port, hostname: "127.0.0.1" });
