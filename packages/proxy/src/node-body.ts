/** The body of a Node-style request: its stream, or what a body parser in front has left of it. */
import { bufferedBody, IncomingBody, joinChunks, missingBody } from "./body.ts";
import type { Connection } from "./connection.ts";
import { saysNothing } from "./headers.ts";
import { refuse } from "./refusal.ts";

/** What the front uses of an `http.IncomingMessage`, and of what frameworks make of it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly httpVersionMajor?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket?: (Connection & { readonly remoteAddress?: string | undefined }) | null;
  /** True once somebody (a body parser) has read from the stream. */
  readonly readableDidRead?: boolean;
  /** True once everything has been read from the stream. */
  readonly readableEnded?: boolean;
  /** What a body parser made of it. */
  readonly body?: unknown;
  /** The raw bytes, on platforms that keep them (Google Cloud Functions). */
  readonly rawBody?: unknown;
  on(event: string, listener: (value: any) => void): unknown;
  resume?(): unknown;
  iterator?(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array>;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
}

/**
 * @param context `body`: what the framework's parser made of it, where not on the request
 * @param limit in bytes
 * @param mayBeCut whether it may end early without an error
 * @param adapter its id, for the hint about what a parser has taken away
 * @returns undefined when there is none
 */
export function bodyOf(
  request: NodeRequest,
  context: { readonly body?: unknown },
  limit: number,
  mayBeCut: boolean,
  adapter: string,
): IncomingBody | undefined {
  const declared = request.headers["content-length"] as string | undefined;
  // HTTP/2 needs neither header to carry a body.
  const framed =
    request.headers["transfer-encoding"] !== undefined || request.httpVersionMajor === 2;
  if (request.method === "GET" || declared === "0" || (declared === undefined && !framed)) {
    return undefined;
  }
  const coding = request.headers["content-encoding"] as string | undefined;
  if (request.readableDidRead) return parsedBody(request, context, limit, coding, adapter);
  return new IncomingBody({
    length: declared === undefined ? undefined : Number(declared),
    coding,
    limit,
    mayBeCut,
    whole: () => readWhole(request),
    // Destroyed with its reader, the request would take fal's early answer down with it.
    chunks: () => request.iterator?.({ destroyOnReturn: false }) ?? request,
    // Node sees to a body that nobody reads, but not to one that was read in part: the rest of it
    // stands before the next request of the connection.
    abandon: () => void request.resume?.(),
  });
}

/** How a parser is kept away from the proxy's route, by adapter. */
const UNPARSED: Readonly<Record<string, string>> = {
  nextjs: "Export config = { api: { bodyParser: false } } beside the handler",
  express: "Mount the proxy before express.json() and its like",
  fastify: "Register createPlugin instead of a route with createHandler",
  h3: "Let nothing in front call readBody or readRawBody",
};

/** What a body parser in front has left: its bytes, or JSON written anew. */
function parsedBody(
  request: NodeRequest,
  context: { readonly body?: unknown },
  limit: number,
  coding: string | undefined,
  adapter: string,
): IncomingBody {
  const { rawBody } = request;
  if (rawBody instanceof Uint8Array) return bufferedBody(rawBody, limit, coding);
  try {
    const body = "body" in context ? context.body : request.body;
    const bytes = bytesOf(request, body);
    if (bytes) return bufferedBody(bytes, limit);
  } catch {
    // Vercel's getter parses when it is looked at; what is nested too deep can be read, not written.
    const msg = "The request body is no JSON that can be passed on.";
    const detail = [{ loc: ["body"], msg, type: "unreadable" }];
    return missingBody(refuse("input_not_allowed", msg, { detail }));
  }
  return missingBody(
    refuse("body_unavailable", "The server has read the request body before the proxy could.", {
      hint: `${UNPARSED[adapter] ?? "Mount the proxy before the body parser, or turn the parser off for this route"}, so that every byte arrives unchanged.`,
    }),
  );
}

/**
 * The bytes that a parsed body stands for; undefined when they are lost.
 *
 * @throws RangeError for JSON that is nested too deep
 */
function bytesOf(request: NodeRequest, body: unknown): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") {
    const bytes = new TextEncoder().encode(body);
    if (isGenuine(request, body, bytes.byteLength)) return bytes;
  }
  const type = String(request.headers["content-type"] ?? "");
  return body !== undefined && (/[/+]json\b/i.test(type) || saysNothing(type))
    ? new TextEncoder().encode(JSON.stringify(body))
    : undefined;
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
