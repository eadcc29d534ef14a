/** One request as the handlers see it: addressed, with its body on demand, and a signal for a caller who leaves. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Tape } from "./record.ts";

export interface Exchange {
  readonly method: string;
  readonly host: string;
  /** Path without query, as received. */
  readonly pathname: string;
  /** The path's parts, decoded, without empty ones: a trailing slash makes no difference. */
  readonly segments: readonly string[];
  /** The query with its `?`, as received; empty for none. */
  readonly search: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the caller goes away before the answer ended. */
  readonly signal: AbortSignal;
  /** The body piece by piece, under backpressure. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The whole body; undefined when it is longer than `limit` bytes or was broken off. */
  bytes(limit?: number): Promise<Uint8Array | undefined>;
  /** Reads what is left of the body and forgets it. */
  drain(): Promise<void>;
}

/** A JSON input of fal may carry data URIs; more than this is not JSON that anyone means to send. */
const bodyLimit = 128 * 1024 * 1024;

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  host: string,
  path: string,
  tape: Tape,
): Exchange {
  const at = path.indexOf("?");
  const pathname = at === -1 ? path : path.slice(0, at);
  const search = at === -1 ? "" : path.slice(at);
  let abort: AbortController | undefined;
  let query: URLSearchParams | undefined;
  let segments: readonly string[] | undefined;

  return {
    method: request.method ?? "GET",
    host,
    pathname,
    search,
    get segments() {
      return (segments ??= pathname.split("/").filter(Boolean).map(decode));
    },
    get query() {
      return (query ??= new URLSearchParams(search));
    },
    headers: request.headers,
    get signal() {
      if (!abort) {
        const controller = (abort = new AbortController());
        if (response.destroyed) controller.abort();
        response.once("close", () => {
          if (!response.writableFinished) controller.abort();
        });
      }
      return abort.signal;
    },
    async *chunks() {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        tape.chunk(chunk);
        yield chunk;
      }
      if (request.complete) tape.complete();
    },
    bytes: (limit = bodyLimit) => collect(request, tape, limit),
    drain: () => discard(request, tape),
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Events rather than iteration: this is the path of every small POST. */
function collect(
  request: IncomingMessage,
  tape: Tape,
  limit: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let length = 0;
    request.on("data", (chunk: Uint8Array) => {
      tape.chunk(chunk);
      length += chunk.length;
      if (length <= limit) parts.push(chunk);
      else parts.length = 0;
    });
    request.on("end", () => {
      tape.complete();
      if (length > limit) resolve(undefined);
      else resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts, length));
    });
    request.on("error", () => {});
    request.on("close", () => resolve(undefined));
  });
}

function discard(request: IncomingMessage, tape: Tape): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    request.on("data", (chunk: Uint8Array) => tape.chunk(chunk));
    request.on("end", () => {
      if (request.complete) tape.complete();
      resolve();
    });
    request.on("error", () => {});
    request.on("close", resolve);
  });
}

/** The body as a JSON object; `{}` for everything else. */
export async function readObject(exchange: Exchange): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from((await exchange.bytes())!).toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
