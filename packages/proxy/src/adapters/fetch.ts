/** Any host of the form `Request → Response`: Workers, Pages, Deno, Bun, Netlify, Vercel functions, Astro. */
import type { ProxyConfig } from "../options.ts";
import { readPlatform } from "../platform.ts";
import { createWebFront, isRequest } from "../web.ts";

/** What a Workers handler gets besides: keeps the process alive for work after the answer. */
export interface ExecutionContext {
  waitUntil?(work: Promise<unknown>): void;
}

/** What a host hands over that puts everything into one argument: Cloudflare Pages, Astro. */
export interface RequestContext extends ExecutionContext {
  readonly request: Request;
  /** Pages' bindings. */
  readonly env?: unknown;
}

/**
 * What such a host calls: with a Request, or with a context that has one. The second argument may hold a
 * FAL_KEY (Workers' bindings), be Bun's server, or tell who connected (Deno).
 */
export interface FetchHandler {
  (request: Request | RequestContext, env?: unknown, context?: unknown): Promise<Response>;
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
 * export const onRequest = createFetchHandler(); // Pages: functions/api/fal/proxy.ts
 * export const ALL = createFetchHandler(); // Astro: src/pages/api/fal/proxy.ts
 * ```
 */
export function createFetchHandler(config: ProxyConfig = {}): FetchHandler {
  const front = createWebFront("fetch", config);
  const handle = (
    given: Request | RequestContext,
    env?: unknown,
    context?: unknown,
  ): Promise<Response> => {
    const inside = isRequestContext(given) ? given : undefined;
    const request = inside?.request ?? (given as Request);
    const host = inside ?? (context as ExecutionContext | undefined);
    return front(request, {
      ...(inside && { native: inside }),
      ...readPlatform(request, inside ? inside.env : env),
      waitUntil: host?.waitUntil?.bind(host),
    });
  };
  return Object.assign(handle, { drain: front.drain });
}

const isRequestContext = (given: Request | RequestContext): given is RequestContext =>
  isRequest((given as Partial<RequestContext> | undefined)?.request);
