/** SvelteKit: the handlers of a `+server.ts`. */
import type { ProxyConfig } from "../options.ts";
import { createWebFront } from "../web.ts";

/** The documented options, and the published package's own. */
export type FalSvelteProxyOptions = ProxyConfig & {
  /** The key, usually from `$env/static/private`. @deprecated Use `resolveFalAuth` instead. */
  credentials?: string | undefined;
};

/** What the adapter uses of SvelteKit's `RequestEvent`. */
export interface SvelteEvent {
  readonly request: Request;
  getClientAddress?(): string;
}

/** The structural form of a SvelteKit `RequestHandler`. */
export type SvelteHandler = (event: SvelteEvent) => Promise<Response>;

/** One handler under the name of each method, and under its old name. */
export type SvelteHandlers = Record<
  "requestHandler" | "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS",
  SvelteHandler
>;

/**
 * Makes the handlers.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * // src/routes/api/fal/proxy/+server.ts
 * export const { GET, POST, PUT } = createRequestHandler({ credentials: FAL_KEY });
 * ```
 */
export const createRequestHandler = (options: FalSvelteProxyOptions = {}): SvelteHandlers => {
  const { credentials, ...config } = options;
  const front = createWebFront("svelte", config);
  const resolveApiKey = credentials === undefined ? undefined : () => Promise.resolve(credentials);
  const handle: SvelteHandler = (event) => front(event.request, { native: event, resolveApiKey });
  return {
    requestHandler: handle,
    GET: handle,
    POST: handle,
    PUT: handle,
    DELETE: handle,
    OPTIONS: handle,
  };
};
