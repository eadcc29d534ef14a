/** Bun: the handler is what its server calls, with the server as second argument. */
import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
import { config, port } from "./profiles.mjs";

// @ts-expect-error: there only under Bun.
Bun.serve({ port, hostname: "127.0.0.1", fetch: createFetchHandler(config) });
