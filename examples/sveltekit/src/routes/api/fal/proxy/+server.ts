import { env } from "$env/dynamic/private";
import { createRequestHandler } from "@fal-ai/server-proxy/svelte";

export const { GET, POST, PUT } = createRequestHandler({ credentials: env.FAL_KEY });
