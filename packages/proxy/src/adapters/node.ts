/** `node:http`, and every server that hands out its request and response objects. */
import type { ProxyConfig } from "../options.ts";
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";

/** What `http.createServer` calls; the structural form of its `RequestListener`. */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

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
  return (request, response) => void front(request, response);
}
