/** Remix 2 and React Router 7: a resource route's loader and action. */
import type { ProxyConfig } from "../options.ts";
import { createWebFront } from "../web.ts";

/** The documented options, and the published package's own. */
export type FalRemixProxyOptions = ProxyConfig & {
  /** Remix's `json`. @deprecated No longer needed. */
  json?: unknown;
  /** Gives the key. @deprecated Use `resolveFalAuth` instead. */
  resolveApiKey?: (() => Promise<string | undefined>) | undefined;
};

/** The structural form of a loader or action. */
export type RemixHandler = (args: { request: Request; context?: unknown }) => Promise<Response>;

/** What a resource route exports. */
export type FalRemixProxy = { action: RemixHandler; loader: RemixHandler };

/**
 * Makes a resource route's loader (GET) and action (POST, PUT). Two statements, because React
 * Router's build refuses `export const { action, loader } = …`; Remix takes either.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * // app/routes/api.fal.proxy.ts
 * const { action, loader } = createProxy();
 * export { action, loader };
 * ```
 */
export function createProxy(options: FalRemixProxyOptions = {}): FalRemixProxy {
  const { json: _json, resolveApiKey, ...config } = options;
  const front = createWebFront("remix", config);
  const handle: RemixHandler = (args) =>
    front(args.request, { native: args, adapterKey: resolveApiKey });
  return { action: handle, loader: handle };
}
