/** Next.js: route handlers of the App Router, API routes of the Pages Router. */
import type { ProxyConfig } from "../options.ts";
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";
import { createWebFront } from "../web.ts";

/** Where the fal client expects the proxy by convention. */
export const PROXY_ROUTE = "/api/fal/proxy";

/** The structural form of an App Router handler. */
export type RouteHandler = (request: Request) => Promise<Response>;

/** The structural form of a `NextApiHandler`. */
export type PageHandler = (request: NodeRequest, response: NodeResponse) => Promise<void>;

// With a middleware in the app, and always on the edge runtime, Next hands over only the first 10 MB
// of a request (experimental.proxyClientMaxBodySize).
const cutsBodies = true;

/** One handler for each method that a route file may export. */
export type RouteHandlers = Record<"GET" | "POST" | "PUT" | "DELETE" | "OPTIONS", RouteHandler>;

/**
 * Makes the App Router's handlers, on the Node and the Edge runtime.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * // app/api/fal/proxy/route.ts
 * export const { GET, POST, PUT } = createRouteHandler();
 * ```
 */
export const createRouteHandler = (config: ProxyConfig = {}): RouteHandlers => {
  // Next 16 drops `content-encoding` from a route's Response.
  const front = createWebFront("nextjs", config, { keepsCoding: false, cutsBodies });
  const handle: RouteHandler = (request) => front(request);
  return { GET: handle, POST: handle, PUT: handle, DELETE: handle, OPTIONS: handle };
};

/**
 * Makes the Pages Router's handler; it streams. Export `config = { api: { bodyParser: false } }`
 * beside it to lift Next's own limit of 1 MB and to pass bodies on unchanged.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * // pages/api/fal/proxy.ts
 * export default createPageRouterHandler();
 * ```
 */
export const createPageRouterHandler = (config: ProxyConfig = {}): PageHandler => {
  const front = createNodeFront("nextjs", config, { cutsBodies });
  return (request, response) => front(request, response);
};

/**
 * `rewrites` for `next.config`, for a route file named `pages/api/fal/proxy/[...path].ts`: by Next's
 * own rules that file does not answer the bare route, which is the one that the client calls.
 *
 * @example
 * ```ts
 * // next.config.ts
 * export default { rewrites: falProxyRewrites };
 * ```
 */
export const falProxyRewrites = async (): Promise<
  Array<{ source: string; destination: string }>
> => [{ source: PROXY_ROUTE, destination: `${PROXY_ROUTE}/call` }];

let page: PageHandler | undefined;
let app: RouteHandlers | undefined;

/** A Pages Router handler with the default options. @deprecated Use `createPageRouterHandler()`. */
export const handler: PageHandler = (request, response) =>
  (page ??= createPageRouterHandler())(request, response);

/** App Router handlers with the default options. @deprecated Use `createRouteHandler()`. */
export const route: Record<"GET" | "POST" | "PUT", RouteHandler> = {
  GET: (request) => (app ??= createRouteHandler()).GET(request),
  POST: (request) => (app ??= createRouteHandler()).POST(request),
  PUT: (request) => (app ??= createRouteHandler()).PUT(request),
};
