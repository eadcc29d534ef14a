/** Any host of the form `Request → Response`: Workers, Deno, Bun, Netlify, Vercel functions. */
import type { ProxyConfig } from "../options.ts";
import { readPlatform } from "../platform.ts";
import { createWebFront } from "../web.ts";

/** What a Workers handler gets besides: keeps the process alive for work after the answer. */
export interface ExecutionContext {
  waitUntil?(work: Promise<unknown>): void;
}

/**
 * What such a host calls. The second argument may hold a FAL_KEY (Workers' bindings), be Bun's server,
 * or tell who connected (Deno).
 */
export interface FetchHandler {
  (request: Request, env?: unknown, context?: unknown): Promise<Response>;
  /** Resolves once no work goes on after an answer: await it before the process ends. */
  drain(): Promise<void>;
}

/**
 * Makes the handler.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * export default { fetch: createFetchHandler() };
 * ```
 */
export function createFetchHandler(config: ProxyConfig = {}): FetchHandler {
  const front = createWebFront("fetch", config);
  const handle = (request: Request, env?: unknown, context?: unknown): Promise<Response> => {
    const host = context as ExecutionContext | undefined;
    return front(request, {
      ...readPlatform(request, env),
      waitUntil: host?.waitUntil?.bind(host),
    });
  };
  return Object.assign(handle, { drain: front.drain });
}
