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
  readonly req: { readonly raw: Request };
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
  return (context) => {
    const env = context.env as object | undefined;
    return front(context.req.raw, { native: context, env, resolveApiKey });
  };
}
