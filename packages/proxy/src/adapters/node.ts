/** `node:http`, and every server that hands out its request and response objects. */
import type { ProxyConfig } from "../options.ts";
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";

/** What `http.createServer` calls; the structural form of its `RequestListener`. */
export interface NodeListener {
  /** Settles when the answer is over; never rejects. */
  (request: NodeRequest, response: NodeResponse): Promise<void>;
  /** Resolves once no work goes on after an answer: await it before the process ends. */
  drain(): Promise<void>;
}

/**
 * Makes the listener. It answers every path, so route to it what belongs to the proxy.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * http.createServer(createRequestListener({ allowedEndpoints: ["fal-ai/flux/**"] })).listen(3000);
 * ```
 */
export function createRequestListener(config: ProxyConfig = {}): NodeListener {
  const front = createNodeFront("node", config);
  const listener = (request: NodeRequest, response: NodeResponse): Promise<void> =>
    front(request, response);
  return Object.assign(listener, { drain: front.drain });
}
