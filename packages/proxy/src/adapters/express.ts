/** Express 4 and 5. */
import type { ProxyConfig } from "../options.ts";
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";

/** Where the fal client expects the proxy by convention. */
export const route = "/api/fal/proxy";

/** What Express calls; the structural form of its `RequestHandler`. */
export interface ExpressHandler {
  /** Settles when the answer is over; never rejects. */
  (request: NodeRequest, response: NodeResponse, next?: unknown): Promise<void>;
  /** Resolves once no work goes on after an answer: await it before the process ends. */
  drain(): Promise<void>;
}

/**
 * Makes the handler. Mount it with `app.use`, which answers the route itself and everything below
 * it on Express 4 and 5, and before any body parser, so that every byte arrives unchanged.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * app.use(route, createHandler({ isAuthenticated: async (call) => hasSession(call.native) }));
 * ```
 */
export const createHandler = (config: ProxyConfig = {}): ExpressHandler => {
  const front = createNodeFront("express", config);
  const handle = (request: NodeRequest, response: NodeResponse): Promise<void> =>
    front(request, response);
  return Object.assign(handle, { drain: front.drain });
};

let shared: ExpressHandler | undefined;

/** A handler with the default options. @deprecated Use `createHandler()` instead. */
export const handler = (request: NodeRequest, response: NodeResponse): Promise<void> =>
  (shared ??= createHandler())(request, response);
