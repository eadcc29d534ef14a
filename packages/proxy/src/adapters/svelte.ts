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
  /** With adapter-node it has `req`, Node's own request. */
  readonly platform?: unknown;
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
  const adapterKey = credentials === undefined ? undefined : () => Promise.resolve(credentials);
  const handle: SvelteHandler = (event) =>
    front(event.request, { native: event, adapterKey, signal: connectionSignal(event) });
  return {
    requestHandler: handle,
    GET: handle,
    POST: handle,
    PUT: handle,
    DELETE: handle,
    OPTIONS: handle,
  };
};

/** What adapter-node tells of the connection. */
interface Connection {
  once(event: "close", listener: () => void): unknown;
}

const connections = new WeakMap<Connection, AbortSignal>();

/**
 * Aborts when the caller's connection closes: SvelteKit's own signal is silent once the body has been
 * read, which is when a run is waited for. One listener serves all requests of a connection.
 */
function connectionSignal({ platform }: SvelteEvent): AbortSignal | undefined {
  const socket = (platform as { req?: { socket?: Connection } } | undefined)?.req?.socket;
  if (!socket) return undefined;
  let signal = connections.get(socket);
  if (signal === undefined) {
    const controller = new AbortController();
    socket.once("close", () => controller.abort());
    connections.set(socket, (signal = controller.signal));
  }
  return signal;
}
