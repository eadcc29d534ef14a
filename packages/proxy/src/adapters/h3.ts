/** h3, versions 1 and 2: Nuxt, Nitro, SolidStart, TanStack Start. */
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";
import type { WaitUntil } from "../incoming.ts";
import type { ProxyConfig } from "../options.ts";
import { createWebFront, type WebContext } from "../web.ts";

/** What the adapter uses of an `H3Event`, of either version. */
export interface H3Event {
  /** Version 2: the request itself, with what srvx knows of it. */
  readonly req?: unknown;
  /** Version 1: Node's two objects, or unenv's imitations where there is no Node. */
  readonly node?: unknown;
  readonly context?: unknown;
  waitUntil?: unknown;
}

/** The structural form of an h3 `EventHandler`. */
export interface H3Handler {
  /** The answer; nothing where it was written to Node's response. Never rejects. */
  (event: H3Event): Promise<Response | undefined>;
  /** Resolves once no work goes on after an answer: await it in Nitro's `close` hook. */
  drain(): Promise<void>;
}

/** Where version 1 keeps the bytes that `readBody` has read. */
const RAW_BODY: unique symbol = Symbol.for("h3RawBody") as never;

/** unenv's imitation of Node's request, which has the whole body. */
interface ImitatedRequest extends NodeRequest {
  readonly __unenv__?: unknown;
  readonly url?: string;
  readonly body?: BodyInit | null;
  readonly [RAW_BODY]?: Promise<unknown>;
}

/** What srvx adds to the request of version 2. */
interface ServedRequest extends Request {
  readonly ip?: string;
  readonly runtime?: { readonly cloudflare?: { readonly env?: object } };
  waitUntil?: WaitUntil;
}

/**
 * Makes the event handler.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * // Nuxt and Nitro: server/api/fal/proxy.ts
 * export default createEventHandler({ allowedEndpoints: ["fal-ai/flux/**"] });
 * ```
 */
export function createEventHandler(config: ProxyConfig = {}): H3Handler {
  const web = createWebFront("h3", config);
  const node = createNodeFront("h3", config);
  const handle = async (event: H3Event): Promise<Response | undefined> => {
    if (event.req instanceof Request || event.node === undefined) {
      return web(event.req as Request, contextOf(event));
    }
    const { req, res } = event.node as { req: ImitatedRequest; res: NodeResponse };
    if (req.__unenv__ !== undefined) return web(genuine(req), contextOf(event));
    // Without it h3 answers 404 to a caller who left before the answer began.
    Object.assign(event, { _handled: true });
    const body = req[RAW_BODY]?.catch(() => undefined);
    await node(req, res, { native: event, ...(body && { body: await body }) });
    return undefined;
  };
  const drain = async (): Promise<void> => {
    await web.drain();
    await node.drain();
  };
  // Version 1 complains of a handler that does not carry this mark.
  return Object.assign(handle, { drain, __is_handler__: true });
}

function contextOf(event: H3Event): WebContext {
  const request = event.req as ServedRequest | undefined;
  const { cloudflare } = (event.context ?? {}) as {
    cloudflare?: { env?: object; context?: { waitUntil?: WaitUntil } };
  };
  const host = cloudflare?.context;
  return {
    native: event,
    env: request?.runtime?.cloudflare?.env ?? cloudflare?.env,
    ip: request?.ip,
    waitUntil: request?.waitUntil?.bind(request) ?? host?.waitUntil?.bind(host),
  };
}

/** The Request that unenv has taken apart. */
function genuine({ url = "/", method = "GET", headers, body }: ImitatedRequest): Request {
  return new Request(new URL(url, "http://localhost"), {
    method,
    headers: headers as Record<string, string>,
    body: method === "GET" || method === "HEAD" ? null : (body ?? null),
  });
}
