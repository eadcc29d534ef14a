/** The front of Node-style servers: a request and a response object, no web streams in between. */
import { exchange, relaysEncoded, toBody } from "#upstream";
import { bufferedBody, IncomingBody, joinChunks, type Meter } from "./body.ts";
import type { Incoming } from "./call.ts";
import { resolveConfig, type ResolvedConfig } from "./config.ts";
import type { ProxyConfig } from "./options.ts";
import { answerHeaders, findHeader, mergeVary, relayHeaders } from "./headers.ts";
import type { Plan } from "./plan.ts";
import { decide } from "./proxy.ts";
import { isRefusal, refusalBody, refuse, type Refusal } from "./refusal.ts";
import { obtain, unsuccessful } from "./relay.ts";
import type { UpstreamReply } from "./upstream/exchange.ts";

/** What the front uses of an `http.IncomingMessage`, Express's and Next's included. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly httpVersionMajor?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null;
  /** True once somebody (a body parser) has read from the stream. */
  readonly readableDidRead?: boolean;
  /** True once everything has been read from the stream. */
  readonly readableEnded?: boolean;
  /** What a body parser made of it. */
  readonly body?: unknown;
  /** The raw bytes, on platforms that keep them (Google Cloud Functions). */
  readonly rawBody?: unknown;
  on(event: string, listener: (value: any) => void): unknown;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
}

/** What the front uses of an `http.ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  getHeader(name: string): unknown;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  /** HTTP/2's response has it too, though its types do not say so. */
  flushHeaders?(): void;
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array | string): unknown;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
}

/** How a host treats a request. */
export interface NodeHost {
  /** True where a large request body may end early without an error. @default false */
  cutsBodies?: boolean;
}

/** Answers one request on its response object; never rejects. `native` is what hooks see. */
export type NodeFront = (
  request: NodeRequest,
  response: NodeResponse,
  native?: unknown,
) => Promise<void>;

/** One request with what every step of its answer needs. */
interface Exchange {
  readonly incoming: Incoming;
  readonly response: NodeResponse;
}

/**
 * Makes the front of one adapter.
 *
 * @throws TypeError when an option is wrong
 */
export function createNodeFront(
  adapter: string,
  options: ProxyConfig = {},
  { cutsBodies = false }: NodeHost = {},
): NodeFront {
  const config = resolveConfig(options);
  return async (request, response, native = request) => {
    const body = bodyOf(request, config.maxBodyBytes, cutsBodies);
    const incoming = fromNode(config, adapter, request, body, native);
    const here: Exchange = { incoming, response };
    if (isRefusal(body)) return sendRefusal(here, body);
    const decision = await decide(incoming);
    if (isRefusal(decision)) return sendRefusal(here, decision);
    if (decision.kind === "preflight") {
      writeHead(here, 204, Object.entries(decision.headers));
      response.end();
      return;
    }
    await (decision.watched ? relayReviewed(here, decision) : relay(here, decision));
  };
}

/** Relays by callbacks: fal's chunks go straight to the response. */
async function relay(here: Exchange, plan: Plan): Promise<void> {
  const { response } = here;
  let status: number | undefined;
  let length: number;
  let bytes = 0;
  let sent = false;
  let over = false;
  const finish = (outcome: "completed" | "client_gone" | "upstream_failed"): void => {
    over = true;
    plan.end({ outcome, status, sent, bytes });
  };
  let body;
  try {
    body = await plan.body();
  } catch (error) {
    return sendRefusal(here, unsuccessful(plan, error, response.destroyed));
  }
  if (response.destroyed) return finish("client_gone");
  sent = true;
  const flow = exchange(plan, body, {
    head(code, headers) {
      status = code;
      length = Number(findHeader(headers, "content-length"));
      plan.began(findHeader(headers, "x-fal-billable-units"));
      writeHead(here, code, relayHeaders(headers));
      if (Number.isNaN(length)) response.flushHeaders?.();
    },
    data(chunk) {
      bytes += chunk.byteLength;
      if (bytes !== length) return response.write(chunk);
      // Head, body and end in one write.
      response.end(chunk);
      return true;
    },
    end() {
      if (bytes === 0 || bytes !== length) response.end();
      finish("completed");
    },
    fail(failure) {
      if (over) return;
      if (response.headersSent) {
        // A clean end would make half a body look whole.
        response.destroy();
        return finish("upstream_failed");
      }
      over = true;
      sendRefusal(here, unsuccessful(plan, failure, false));
    },
  });
  response.on("drain", () => flow.resume());
  response.on("close", () => {
    if (over) return;
    flow.abort();
    finish("client_gone");
  });
}

/** Relays a reply that guards look at first. */
async function relayReviewed(here: Exchange, plan: Plan): Promise<void> {
  const { response } = here;
  const left = new AbortController();
  response.on("close", () => left.abort());
  const reply = await obtain(plan, left.signal);
  if (isRefusal(reply)) return sendRefusal(here, reply);
  writeHead(here, reply.status, relayHeaders(reply.headers));
  await pour(reply.body, response);
}

async function pour(body: UpstreamReply["body"], response: NodeResponse): Promise<void> {
  if (!(body instanceof ReadableStream)) return void response.end(body ?? undefined);
  let wake: (() => void) | undefined;
  response.on("drain", () => wake?.());
  response.on("close", () => wake?.());
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return void response.end();
      if (!response.write(value)) await new Promise<void>((resolve) => (wake = resolve));
    }
  } catch {
    response.destroy();
  }
}

function sendRefusal(here: Exchange, refusal: Refusal): void {
  const { response, incoming } = here;
  if (response.destroyed) return;
  const shown = refusalBody(refusal, incoming.config.development);
  const body = new TextEncoder().encode(JSON.stringify(shown));
  const headers = {
    "content-type": "application/json",
    "content-length": String(body.byteLength),
    ...refusal.headers,
  };
  writeHead(here, refusal.status, Object.entries(headers));
  response.end(body);
}

function writeHead(
  here: Exchange,
  status: number,
  relayed: Array<readonly [string, string]>,
): void {
  const { incoming, response } = here;
  const headers: Record<string, string | string[]> = answerHeaders(incoming);
  for (const [name, value] of relayed) {
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (name === "vary") headers[name] = mergeVary(before as string, value);
    else headers[name] = [before, value].flat();
  }
  // A middleware before us may have said that its answer varies too.
  const vary = response.getHeader("vary");
  if (vary !== undefined) headers["vary"] = mergeVary(String(vary), headers["vary"] as string);
  response.writeHead(status, headers);
}

function fromNode(
  config: ResolvedConfig,
  adapter: string,
  request: NodeRequest,
  body: IncomingBody | Refusal | undefined,
  native: unknown,
): Incoming {
  return {
    config,
    adapter,
    method: request.method ?? "GET",
    header: (name) => joined(request.headers[name]),
    headers: () => headerList(request),
    body: isRefusal(body) ? undefined : body,
    ip: request.socket?.remoteAddress,
    native,
    env: undefined,
    relaysEncoded,
  };
}

// An array and not a generator: a generator made anew for each request, with a hidden class of its
// own, cost as much as the whole exchange with fal.
function headerList(request: NodeRequest): Array<[string, string]> {
  const list: Array<[string, string]> = [];
  for (const name in request.headers) {
    // A body parser has undone the coding of the body that it read.
    if (name === "content-encoding" && request.readableDidRead && !request.rawBody) continue;
    list.push([name, joined(request.headers[name]) as string]);
  }
  return list;
}

const joined = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;

function bodyOf(
  request: NodeRequest,
  limit: number,
  mayBeCut: boolean,
): IncomingBody | Refusal | undefined {
  const declared = request.headers["content-length"] as string | undefined;
  // HTTP/2 needs neither header to carry a body.
  const framed =
    request.headers["transfer-encoding"] !== undefined || request.httpVersionMajor === 2;
  if (request.method === "GET" || declared === "0" || (declared === undefined && !framed)) {
    return undefined;
  }
  if (request.readableDidRead) return parsedBody(request, limit);
  return new IncomingBody({
    length: declared === undefined ? undefined : Number(declared),
    limit,
    mayBeCut,
    whole: () => readWhole(request),
    stream: () => toBody(request),
    watched: (meter) => toBody(metered(request, meter)),
  });
}

/** The chunks of a stream, each after a meter was told of it. */
async function* metered(
  chunks: AsyncIterable<Uint8Array>,
  meter: Meter,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    meter.count((bytes += chunk.byteLength), false);
    yield chunk;
  }
  meter.count(bytes, true);
}

/** What a body parser in front has left: its bytes, or JSON written anew. */
function parsedBody(request: NodeRequest, limit: number): IncomingBody | Refusal {
  const { rawBody, body } = request;
  if (rawBody instanceof Uint8Array) return bufferedBody(rawBody, limit);
  if (body instanceof Uint8Array) return bufferedBody(body, limit);
  if (typeof body === "string") {
    const bytes = new TextEncoder().encode(body);
    if (isGenuine(request, body, bytes.byteLength)) return bufferedBody(bytes, limit);
  }
  const type = String(request.headers["content-type"] ?? "");
  if (body !== undefined && /[/+]json\b/i.test(type)) {
    return bufferedBody(new TextEncoder().encode(JSON.stringify(body)), limit);
  }
  return refuse(
    "body_unavailable",
    "The server has read the request body before the proxy could.",
    {
      hint: "Mount the proxy before the body parser, or turn the parser off for this route (in Next.js: export const config = { api: { bodyParser: false } }), so that every byte arrives unchanged.",
    },
  );
}

/** Whether the text that a parser made of a body still stands for its bytes: of binary data it does not. */
function isGenuine({ headers }: NodeRequest, text: string, bytes: number): boolean {
  const declared = headers["content-length"];
  // The declared length is of the coded form, which the parser has undone.
  if (declared === undefined || headers["content-encoding"]) return !text.includes("\uFFFD");
  return Number(declared) === bytes;
}

// Events cost a fraction of an async iteration, and most bodies are one chunk.
function readWhole(request: NodeRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let length = 0;
    request.on("data", (chunk: Uint8Array) => {
      parts.push(chunk);
      length += chunk.byteLength;
    });
    request.on("end", () => resolve(joinChunks(parts, length)));
    request.on("error", reject);
    // Every request closes in the end: an Error and its stack are made only for one that was cut.
    request.on("close", () => {
      if (!request.readableEnded) reject(new Error("The caller went away."));
    });
  });
}
