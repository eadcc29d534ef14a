/** Hono, on every runtime it runs on. */
import type { ProxyConfig } from "../options.ts";
import { readPlatform } from "../platform.ts";
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
  /** The Workers context; Hono throws where there is none. */
  readonly executionCtx?: { waitUntil(work: Promise<unknown>): void };
}

/** The structural form of a Hono `Handler`. */
export interface HonoHandler {
  (context: HonoContext): Promise<Response>;
  /** Resolves once no work goes on after an answer: await it before the process ends. */
  drain(): Promise<void>;
}

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
  const waitUntilOf = createContextReader();
  const handle = async (context: HonoContext): Promise<Response> => {
    const waitUntil = waitUntilOf(context);
    const adapterKey = resolveApiKey;
    const platform = readPlatform(context.req.raw, context.env);
    return front(await unread(context.req), {
      ...platform,
      native: context,
      waitUntil,
      adapterKey,
    });
  };
  return Object.assign(handle, { drain: front.drain });
}

type WaitUntil = (work: Promise<unknown>) => void;

/** Reads `waitUntil` where the runtime has one. Hono throws where it has not, which costs too much for every request. */
function createContextReader(): (context: HonoContext) => WaitUntil | undefined {
  let isMissing = false;
  return (context) => {
    if (isMissing) return undefined;
    try {
      const { executionCtx } = context;
      return executionCtx?.waitUntil.bind(executionCtx);
    } catch {
      isMissing = true;
      return undefined;
    }
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
