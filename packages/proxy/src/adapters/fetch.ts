/** Any host of the form `Request → Response`: Workers, Deno, Bun, Netlify, Vercel functions. */
import type { ProxyConfig } from "../options.ts";
import { createWebFront } from "../web.ts";

/** What such a host calls. The second argument is searched for a FAL_KEY binding (Workers). */
export type FetchHandler = (request: Request, env?: unknown) => Promise<Response>;

/**
 * Makes the handler.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * export default { fetch: createFetchHandler() };
 * ```
 */
export function createFetchHandler(config: ProxyConfig = {}): FetchHandler {
  const front = createWebFront("fetch", config);
  return (request, env) => front(request, typeof env === "object" && env !== null ? { env } : {});
}
