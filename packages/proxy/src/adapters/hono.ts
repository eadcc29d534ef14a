/** Hono, on every runtime it runs on. */
import type { ProxyConfig } from "../options.ts";
import { createWebFront } from "../web.ts";

/** The documented options, and the published package's own. */
export type FalHonoProxyOptions = ProxyConfig & {
  /** Gives the key. @deprecated Use `resolveFalAuth` instead. */
  resolveApiKey?: (() => Promise<string | undefined>) | undefined;
};

/** What the adapter uses of a Hono `Context`. */
export interface HonoContext {
  readonly req: { readonly raw: Request; arrayBuffer?(): Promise<ArrayBuffer> };
  readonly env?: unknown;
}

/** The structural form of a Hono `Handler`. */
export type HonoHandler = (context: HonoContext) => Promise<Response>;

/**
 * Makes the handler. On Workers the key is read from the bindings.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * app.all("/api/fal/proxy", createRouteHandler());
 * ```
 */
export function createRouteHandler(options: FalHonoProxyOptions = {}): HonoHandler {
  const { resolveApiKey, ...config } = options;
  const front = createWebFront("hono", config);
  return async (context) => {
    const env = context.env as object | undefined;
    return front(await unread(context.req), { native: context, env, resolveApiKey });
  };
}

/** The request; where a validator in front has read its body, with the one that Hono keeps. */
async function unread(request: HonoContext["req"]): Promise<Request> {
  const { raw } = request;
  if (!raw.bodyUsed || request.arrayBuffer === undefined) return raw;
  const body = await request.arrayBuffer();
  const headers = new Headers(raw.headers);
  // JSON comes back written anew.
  headers.set("content-length", String(body.byteLength));
  return new Request(raw.url, { method: raw.method, headers, body, signal: raw.signal });
}
