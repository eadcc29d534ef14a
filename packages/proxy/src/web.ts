/** The front of every `Request → Response` host. */
import { relaysEncoded } from "#upstream";
import { IncomingBody, metered } from "./body.ts";
import type { Incoming } from "./call.ts";
import { resolveConfig } from "./config.ts";
import type { ProxyConfig } from "./options.ts";
import type { Env } from "./environment.ts";
import { answerHeaders, relayHeaders } from "./headers.ts";
import { decide } from "./proxy.ts";
import { isRefusal, refusalBody, type Refusal } from "./refusal.ts";
import { obtain } from "./relay.ts";

/** What a host knows besides the Request. All optional. */
export interface WebContext {
  /** The framework's own context, for hooks. */
  native?: unknown;
  /** Bindings that the platform hands over per call, searched for FAL_KEY. */
  env?: Env;
  /** The address of the peer. */
  ip?: string | undefined;
  /** Tells that the caller went away, where the host knows better than the Request. */
  signal?: AbortSignal | undefined;
  resolveApiKey?: (() => Promise<string | undefined>) | undefined;
}

/** How a host treats a Response. */
export interface WebHost {
  /** False where it drops `content-encoding`, so that an encoded body could not be read. @default true */
  keepsCoding?: boolean;
  /** True where a large request body may end early without an error. @default false */
  cutsBodies?: boolean;
}

/** Answers one request; never rejects. */
export type WebFront = (request: Request, context?: WebContext) => Promise<Response>;

/**
 * Makes the front of one adapter.
 *
 * @throws TypeError when an option is wrong
 */
export function createWebFront(
  adapter: string,
  options: ProxyConfig = {},
  { keepsCoding = true, cutsBodies = false }: WebHost = {},
): WebFront {
  const config = resolveConfig(options);
  return async (request, { native = request, env, ip, signal, resolveApiKey } = {}) => {
    const { headers, method } = request;
    const incoming: Incoming = {
      config,
      adapter,
      method,
      header: (name) => headers.get(name) ?? undefined,
      headers: () => headers,
      body: bodyOf(request, config.maxBodyBytes, cutsBodies),
      ip,
      native,
      env,
      resolveApiKey,
      relaysEncoded: relaysEncoded && keepsCoding,
    };
    const answer = await serve(incoming, signal ?? request.signal);
    return isRefusal(answer) ? refusalResponse(incoming, answer) : answer;
  };
}

/** Decides, sends and relays: a Response for whatever is not refused. Never rejects. */
export async function serve(
  incoming: Incoming,
  signal: AbortSignal | undefined,
): Promise<Response | Refusal> {
  const decision = await decide(incoming);
  if (isRefusal(decision)) return decision;
  const headers = answerHeaders(incoming);
  if (decision.kind === "preflight") {
    return new Response(null, { status: 204, headers: { ...headers, ...decision.headers } });
  }
  const reply = await obtain(decision, signal);
  if (isRefusal(reply)) return reply;
  for (const [name, value] of relayHeaders(reply.headers)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  const { status } = reply;
  // The Fetch standard's null body statuses: a Response with a body would throw.
  const body = status === 204 || status === 205 || status === 304 ? null : reply.body;
  return new Response(body as BodyInit | null, { status, headers });
}

/** A refusal as the JSON answer that clients read. */
export function refusalResponse(incoming: Incoming, refusal: Refusal): Response {
  const { development } = incoming.config;
  // Remix 2 puts a Response of its own in place, which has no Response.json.
  return new Response(JSON.stringify(refusalBody(refusal, development)), {
    status: refusal.status,
    headers: {
      ...answerHeaders(incoming),
      "content-type": "application/json",
      ...refusal.headers,
    },
  });
}

function bodyOf(request: Request, limit: number, mayBeCut: boolean): IncomingBody | undefined {
  const declared = request.headers.get("content-length");
  if (request.method === "GET" || declared === "0") return undefined;
  if (declared === null && request.body === null) return undefined;
  const stream = (): ReadableStream<Uint8Array> => request.body as ReadableStream<Uint8Array>;
  return new IncomingBody({
    length: declared === null ? undefined : Number(declared),
    limit,
    mayBeCut,
    whole: async () => new Uint8Array(await request.arrayBuffer()),
    stream,
    watched: (meter) => metered(stream(), meter),
  });
}
