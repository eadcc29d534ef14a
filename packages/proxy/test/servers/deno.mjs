/** Deno: the handler is what its server calls, with who connected as second argument. */
import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
import { config, port } from "./profiles.mjs";

// @ts-expect-error: there only under Deno.
Deno.serve({ port, hostname: "127.0.0.1" }, createFetchHandler(config));
