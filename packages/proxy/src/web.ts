/** The front of every `Request → Response` host. */
import { relaysEncoded } from "#upstream";
import { createBody, type IncomingBody } from "./body.ts";
import type { Incoming } from "./call.ts";
import { resolveConfig, type ResolvedConfig } from "./config.ts";
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
  return async (request, context = {}) => {
    const incoming = fromRequest(adapter, config, request, context, cutsBodies);
    const answer = await serve(config, incoming, context.signal ?? request.signal, keepsCoding);
    return answer instanceof Response ? answer : refusalResponse(config, incoming, answer);
  };
}

/** Decides, sends and relays: a Response for whatever is not refused. Never rejects. */
export async function serve(
  config: ResolvedConfig,
  incoming: Incoming,
  signal: AbortSignal | undefined,
  keepsCoding: boolean,
): Promise<Response | Refusal> {
  const traits = { relaysEncoded: relaysEncoded && keepsCoding };
  const decision = await decide(config, incoming, traits);
  if (isRefusal(decision)) return decision;
  const headers = answerHeaders(config, incoming);
  if (decision.kind === "preflight") {
    return new Response(null, { status: 204, headers: { ...headers, ...decision.headers } });
  }
  const reply = await obtain(config, incoming, decision, signal);
  if (isRefusal(reply)) return reply;
  for (const [name, value] of relayHeaders(reply.headers)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  const { status } = reply;
  // The Fetch standard's null body statuses: a Response with a body would throw.
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : (reply.body as BodyInit | null), { status, headers });
}

/** A refusal as the JSON answer that clients read. */
export function refusalResponse(
  config: ResolvedConfig,
  incoming: Incoming,
  refusal: Refusal,
): Response {
  return new Response(JSON.stringify(refusalBody(refusal, config.development)), {
    status: refusal.status,
    headers: {
      ...answerHeaders(config, incoming),
      "content-type": "application/json",
      ...refusal.headers,
    },
  });
}

function fromRequest(
  adapter: string,
  config: ResolvedConfig,
  request: Request,
  context: WebContext,
  cutsBodies: boolean,
): Incoming {
  const { headers } = request;
  return {
    adapter,
    method: request.method,
    header: (name) => headers.get(name) ?? undefined,
    headers: () => headers,
    body: bodyOf(request, config.maxBodyBytes, cutsBodies),
    ip: context.ip,
    native: context.native ?? request,
    env: context.env,
    resolveApiKey: context.resolveApiKey,
  };
}

function bodyOf(request: Request, limit: number, mayBeCut: boolean): IncomingBody | undefined {
  const declared = request.headers.get("content-length");
  if (request.method === "GET" || declared === "0") return undefined;
  if (declared === null && request.body === null) return undefined;
  const source = {
    length: declared === null ? undefined : Number(declared),
    mayBeCut,
    whole: async () => new Uint8Array(await request.arrayBuffer()),
    stream: () => request.body as ReadableStream<Uint8Array>,
  };
  return createBody(source, limit);
}
