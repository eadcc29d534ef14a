/** SvelteKit. */
import { createRequestHandler } from "@fal-ai/server-proxy/svelte";
import type { RequestEvent, RequestHandler } from "@sveltejs/kit";

export const { GET, POST, PUT } = createRequestHandler({ credentials: "id:secret" });
export const handlers: RequestHandler[] = [GET, POST, PUT, createRequestHandler().requestHandler];
createRequestHandler({
  isAuthenticated: async (call) => (call.native as RequestEvent).cookies.get("session") === "ada",
});
