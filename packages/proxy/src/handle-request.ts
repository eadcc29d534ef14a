/** `handleRequest`, the published package's door for frameworks of one's own. */
import type { ProxyBehavior } from "./behavior.ts";
import { bufferedBody, IncomingBody, missingBody } from "./body.ts";
import { resolveConfig, type ResolvedConfig } from "./config.ts";
import type { ProxyConfig } from "./options.ts";
import { fault } from "./fault.ts";
import { answerHeaders } from "./headers.ts";
import { OpenCall } from "./open-call.ts";
import { isRefusal, refuse, Refused, toAnswer, type Refusal } from "./refusal.ts";
import { serve } from "./web.ts";

/** A request body as a framework may have it; nothing, and an empty text, for none. */
export type RequestBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | AsyncIterable<string | Uint8Array>
  | undefined
  | null;

/** A {@link ProxyBehavior} whose body need not be text. */
export type AppBehavior<ResponseType> = Omit<ProxyBehavior<ResponseType>, "getRequestBody"> & {
  getRequestBody(): Promise<RequestBody>;
};

/**
 * Proxies one request that a behavior describes, and answers through it: a refusal through
 * `respondWith`, fal's reply through `sendResponse`, headers of either through `sendHeader` first.
 *
 * The behavior hands over its body as text, bytes, a Blob or a stream of bytes, and cannot tell that
 * the caller went away: where the host has `Request` and `Response`, or Node's pair, the `fetch` and
 * `node` entries can.
 *
 * @param config options; pass the same object each time (or the result of `resolveProxyConfig`),
 *   so that it is compiled once
 * @throws TypeError when an option is wrong
 */
export async function handleRequest<ResponseType>(
  behavior: AppBehavior<ResponseType>,
  config: ProxyConfig = {},
): Promise<ResponseType> {
  const resolved = resolvedOnce(config);
  const headers = headersOf(behavior);
  const open = (body: IncomingBody | undefined): OpenCall =>
    new OpenCall({
      config: resolved,
      id: behavior.id,
      method: behavior.method.toUpperCase(),
      header: (name) => headers.get(name) ?? single(behavior.getHeader(name)),
      headers: () => headers,
      body,
      ip: undefined,
      native: behavior,
      env: undefined,
      // Such a host reads the Response as if `fetch` had made it, so its body must be plain.
      keepsCoding: false,
      waitUntil: undefined,
      background: new Set(),
      adapterKey: behavior.resolveApiKey,
    });
  let call = open(undefined);
  let answer;
  try {
    call = open(await bodyOf(behavior, resolved.maxBodyBytes));
    answer = await serve(call, undefined);
  } catch (error) {
    answer = fault(call, error);
  }
  if (isRefusal(answer)) {
    const { status, headers: own, body } = toAnswer(answer, resolved.development);
    for (const [name, value] of Object.entries({ ...answerHeaders(call), ...own })) {
      // The host writes it, as it writes every body of its own.
      if (name !== "content-type") behavior.sendHeader(name, value);
    }
    return behavior.respondWith(status, body);
  }
  // A host that reads the body itself writes its own length.
  answer.headers.forEach((value, name) => {
    if (name !== "content-length") behavior.sendHeader(name, value);
  });
  return behavior.sendResponse(answer);
}

const resolved = new WeakMap<ProxyConfig, ResolvedConfig>();

function resolvedOnce(config: ProxyConfig): ResolvedConfig {
  let known = resolved.get(config);
  if (known === undefined) resolved.set(config, (known = resolveConfig(config)));
  return known;
}

function headersOf(behavior: AppBehavior<unknown>): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(behavior.getHeaders())) {
    const text = single(value);
    if (text !== undefined) headers.set(name.toLowerCase(), text);
  }
  return headers;
}

function single(value: ReturnType<ProxyBehavior<unknown>["getHeader"]>): string | undefined {
  return (Array.isArray(value) ? value.join(", ") : value) ?? undefined;
}

async function bodyOf(
  behavior: AppBehavior<unknown>,
  limit: number,
): Promise<IncomingBody | undefined> {
  const method = behavior.method.toUpperCase();
  const given: unknown = method === "GET" ? undefined : await behavior.getRequestBody();
  if (given === undefined || given === null || given === "") return undefined;
  if (given instanceof Blob) return bufferedBody(new Uint8Array(await given.arrayBuffer()), limit);
  const bytes = bytesOf(given);
  if (bytes) return bufferedBody(bytes, limit);
  if (Symbol.asyncIterator in Object(given)) return streamedBody(given as Stream, limit);
  return missingBody(unsendable(given));
}

function bytesOf(given: unknown): Uint8Array | undefined {
  if (typeof given === "string") return new TextEncoder().encode(given);
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  return ArrayBuffer.isView(given)
    ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
    : undefined;
}

type Stream = AsyncIterable<unknown>;

const streamedBody = (stream: Stream, limit: number): IncomingBody =>
  new IncomingBody({
    length: undefined,
    coding: undefined,
    limit,
    mayBeCut: false,
    whole: () => Promise.reject(new Error("A stream is read in chunks.")),
    chunks: () => chunksOf(stream),
  });

async function* chunksOf(stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    const bytes = bytesOf(chunk);
    if (bytes === undefined) throw new Refused(unsendable(chunk));
    yield bytes;
  }
}

function unsendable(given: unknown): Refusal {
  const kind = typeof given === "object" ? (given?.constructor?.name ?? "Object") : typeof given;
  return refuse("body_unavailable", "The server cannot pass the request body on.", {
    hint: `getRequestBody must give text, bytes, a Blob or a stream of bytes, not ${kind}: JSON is written with JSON.stringify.`,
  });
}
