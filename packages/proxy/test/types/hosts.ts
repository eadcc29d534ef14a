/** Hosts without a framework. */
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { serve } from "@hono/node-server";

createServer(createRequestListener());
createServer2(createRequestListener());
serve({ fetch: createFetchHandler() });
export default { fetch: createFetchHandler() } satisfies {
  fetch(request: Request, env: { FAL_KEY: string }): Promise<Response>;
};
