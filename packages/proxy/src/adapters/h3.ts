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
  /** What the host gave: Nitro keeps it there. */
  readonly context?: unknown;
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

/** Node's request, or the imitation of it (unenv, node-mock-http), which has the whole body. */
interface EitherRequest extends NodeRequest {
  readonly __unenv__?: unknown;
  readonly socket: NodeRequest["socket"] & { readonly __unenv__?: unknown };
  readonly url?: string;
  readonly body?: BodyInit | null;
  readonly [RAW_BODY]?: Promise<unknown>;
}

interface Host {
  waitUntil?: WaitUntil;
}

/** What Nitro adds to the context. */
interface HostContext extends Host {
  readonly cloudflare?: { readonly env?: object; readonly context?: Host };
}

/** What srvx adds to the request of version 2. */
interface ServedRequest extends Request, Host {
  readonly ip?: string;
  readonly runtime?: { readonly cloudflare?: { readonly env?: object } };
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
    const { req, res } = event.node as { req: EitherRequest; res: NodeResponse };
    if (isImitation(req)) return web(genuine(req), contextOf(event));
    // Without it h3 answers 404 to a caller who left before the answer began.
    Object.assign(event, { _handled: true });
    const body = req[RAW_BODY]?.catch(() => undefined);
    const waitUntil = waitUntilOf(event);
    await node(req, res, { native: event, waitUntil, ...(body && { body: await body }) });
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
  const request = event.req as Partial<ServedRequest> | undefined;
  return {
    native: event,
    env: request?.runtime?.cloudflare?.env ?? hostOf(event).cloudflare?.env,
    ip: request?.ip,
    waitUntil: waitUntilOf(event),
  };
}

/**
 * The host's own. An event's `waitUntil`, Nitro's or version 2's, is there without a host that has one, and would hide
 * the one that the platform keeps elsewhere.
 */
function waitUntilOf(event: H3Event): WaitUntil | undefined {
  const host = hostOf(event);
  const owner = [event.req as Host | undefined, host, host.cloudflare?.context].find(
    (one) => one?.waitUntil !== undefined,
  );
  return owner?.waitUntil?.bind(owner);
}

const hostOf = ({ context }: H3Event): HostContext => context ?? {};

/** The mark on the request is replaced by what the host passes, even by nothing; the one on the socket stays. */
function isImitation({ __unenv__, socket }: EitherRequest): boolean {
  return (__unenv__ ?? socket?.__unenv__) !== undefined;
}

/** The Request that was taken apart. */
function genuine({ url = "/", method = "GET", headers, body }: EitherRequest): Request {
  const init = {
    method,
    headers: headers as Record<string, string>,
    body: method === "GET" || method === "HEAD" ? null : (body ?? null),
    // The standard asks for it when the body is a stream.
    duplex: "half",
  };
  return new Request(new URL(url, "http://localhost"), init);
}
