/** The front of every `Request → Response` host. */
import { keepsCoding as upstreamKeepsCoding } from "#upstream";
import { drain, type Background } from "./background.ts";
import { IncomingBody, missingBody } from "./body.ts";
import { resolveConfig, type ResolvedConfig } from "./config.ts";
import { decide } from "./decide.ts";
import { endCall } from "./end.ts";
import type { Env } from "./environment.ts";
import { fault, internalError } from "./fault.ts";
import { answerHeaders } from "./headers.ts";
import type { WaitUntil } from "./incoming.ts";
import { OpenCall } from "./open-call.ts";
import type { ProxyConfig } from "./options.ts";
import { print } from "./print.ts";
import { isRefusal, refuse, toAnswer, type Refusal } from "./refusal.ts";
import { Relay } from "./relay.ts";
import { WebOutlet } from "./web-outlet.ts";

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
  /** Keeps the process alive for work after the answer, as the context of a Workers handler does. */
  waitUntil?: WaitUntil | undefined;
  /** Where the adapter itself is told a key. */
  adapterKey?: (() => Promise<string | undefined>) | undefined;
}

/** How a host treats a Response. */
export interface WebHost {
  /** False where it drops `content-encoding`, so that a coded body could not be read. @default true */
  keepsCoding?: boolean;
  /** True where a large request body may end early without an error. @default false */
  cutsBodies?: boolean;
}

/** Answers one request; never rejects. */
export interface WebFront {
  (request: Request, context?: WebContext): Promise<Response>;
  /** Resolves once no work goes on after an answer; never rejects. */
  drain(): Promise<void>;
}

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
  const background: Background = new Set();
  const front = async (
    request: Request,
    { native = request, env, ip, signal, waitUntil, adapterKey }: WebContext = {},
  ): Promise<Response> => {
    if (!isRequest(request)) return misused(adapter, config, request);
    const { headers, method } = request;
    const call = new OpenCall({
      config,
      id: adapter,
      method,
      header: (name) => headers.get(name) ?? undefined,
      headers: () => headers,
      body: bodyOf(request, config.maxBodyBytes, cutsBodies),
      ip,
      native,
      env,
      keepsCoding: keepsCoding && upstreamKeepsCoding(config.fetch),
      waitUntil,
      background,
      adapterKey,
    });
    const answer = await serve(call, signal ?? request.signal);
    return isRefusal(answer) ? refusalResponse(call, answer) : answer;
  };
  return Object.assign(front, { drain: () => drain(background) });
}

/** Whether it is used as one: of another realm or a polyfill, `instanceof` would not know it. */
export const isRequest = (value: unknown): value is Request =>
  typeof (value as Partial<Request> | undefined)?.headers?.get === "function";

/** An app gave something else than a Request: said to the operator, with what to do. */
function misused(adapter: string, { development }: ResolvedConfig, given: unknown): Response {
  const hint = `Its ${adapter} handler takes a Request, and was called with ${given === null ? "null" : typeof given}: use the adapter of your framework.`;
  print("fault", new TypeError(hint));
  const { status, headers, body } = toAnswer(internalError(hint), development);
  return new Response(JSON.stringify(body), { status, headers });
}

/** Decides, sends and relays: a Response for whatever is not refused. Never rejects. */
export async function serve(
  call: OpenCall,
  signal: AbortSignal | undefined,
): Promise<Response | Refusal> {
  try {
    const decision = await decide(call);
    if (isRefusal(decision)) return decision;
    if (decision.kind === "preflight") {
      return new Response(null, { status: 204, headers: answerHeaders(call) });
    }
    if (decision.kind === "replay") {
      const headers = { ...answerHeaders(call), "content-type": "application/json" };
      return new Response(decision.body, { headers });
    }
    // Nobody reads it: nginx's status for a caller who has gone.
    if (decision.kind === "gone") return new Response(null, { status: 499 });
    const outlet = new WebOutlet(call, () => relay);
    const relay = new Relay(call, decision, outlet);
    const leave = (): void => relay.leave();
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    relay.run().finally(() => signal?.removeEventListener("abort", leave));
    return await outlet.answer;
  } catch (error) {
    const refusal = fault(call, error);
    endCall(call, "fault", false);
    return refusal;
  }
}

/** A refusal as the JSON answer that clients read. */
export function refusalResponse(call: OpenCall, refusal: Refusal): Response {
  const { status, headers, body } = toAnswer(refusal, call.config.development);
  // Remix 2 puts a Response of its own in place, which has no Response.json.
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...answerHeaders(call), ...headers },
  });
}

function bodyOf(request: Request, limit: number, mayBeCut: boolean): IncomingBody | undefined {
  const declared = request.headers.get("content-length");
  if (request.method === "GET") return undefined;
  // An app may have given a body to a request that had none.
  if (declared === "0" && (request.bodyUsed || request.body === null)) return undefined;
  if (request.bodyUsed) {
    return missingBody(
      refuse("body_unavailable", "The request body was read before the proxy could read it.", {
        hint: "Hand the proxy a clone of the request, or do not read its body.",
      }),
    );
  }
  if (declared === null && request.body === null) return undefined;
  return new IncomingBody({
    length: declared === null ? undefined : Number(declared),
    coding: request.headers.get("content-encoding") ?? undefined,
    limit,
    mayBeCut,
    mayBeEdited: true,
    whole: async () => new Uint8Array(await request.arrayBuffer()),
    chunks: () => request.body as unknown as AsyncIterable<Uint8Array>,
  });
}
