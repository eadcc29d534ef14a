/** The upstream client of Node: undici's dispatch, which relays encoded bodies untouched. */
import { pipeline, Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { Agent, type Dispatcher } from "undici";
import { joinChunks, type OutgoingBody } from "../body.ts";
import type { End } from "../call.ts";
import { findHeader, withoutCoding, type HeaderList } from "../headers.ts";
import type { BodyEnd, Flow, Sink, UpstreamReply, UpstreamRequest } from "./exchange.ts";

/** Encoded replies are handed over as they came. */
export const relaysEncoded = true;

/** Any iterable is a body as it is. */
export const toBody = (body: AsyncIterable<Uint8Array>): OutgoingBody => body;

// Below this a reply of known length is handed over whole: a web stream of one chunk costs more
// than the whole relay.
const SMALL = 65_536;

// How much of a streamed reply may wait for a slow reader, in bytes.
const READ_AHEAD = 65_536;

// undici sets the connect timeout per agent, not per request.
const agents = new Map<number, Agent>();

function agentFor(connectTimeout: number): Agent {
  let agent = agents.get(connectTimeout);
  if (agent === undefined) {
    agent = new Agent({ connect: { timeout: connectTimeout } });
    agents.set(connectTimeout, agent);
  }
  return agent;
}

/** Sends and relays by callbacks, without a stream in between. */
export function exchange(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  sink: Sink,
): Flow {
  const { length, timeouts, headers } = request;
  let controller: Dispatcher.DispatchController | undefined;
  let sent = false;
  let aborted = false;
  const flow: Flow = {
    resume: () => controller?.resume(),
    abort: () => {
      aborted = true;
      controller?.abort(new Error("The caller went away."));
    },
  };
  // A stream of declared length keeps it, so that fal does not get a chunked body.
  if (body !== undefined && length !== undefined) headers["content-length"] = String(length);
  agentFor(timeouts.connect).dispatch(
    {
      origin: request.origin,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers,
      body: (body ?? null) as Readable | Uint8Array | null,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.idle,
    },
    {
      onRequestStart(control) {
        controller = control;
        // From here on bytes are written.
        sent = true;
        if (aborted) flow.abort();
      },
      onResponseStart(_control, status, received) {
        // 1xx replies say nothing yet.
        if (status >= 200) sink.head(status, toHeaderList(received));
      },
      onResponseData(control, chunk) {
        // Resuming makes undici hand over an empty chunk: pausing on that would starve the socket.
        if (chunk.byteLength > 0 && !sink.data(chunk)) control.pause();
      },
      onResponseEnd() {
        sink.end();
      },
      onResponseError(_control, cause) {
        if (aborted) return;
        const timedOut = /^UND_ERR_\w+_TIMEOUT$/.test((cause as { code?: string }).code ?? "");
        sink.fail({ sent, timedOut, cause });
      },
    },
  );
  return flow;
}

/**
 * Sends and resolves when the reply begins, or is there whole if it is small.
 *
 * @throws UpstreamFailure (as a rejection) when no reply came
 */
export function send(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  signal: AbortSignal | undefined,
  ended: BodyEnd,
): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    let reply: { status: number; headers: HeaderList } | undefined;
    let parts: Uint8Array[] | undefined;
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    let bytes = 0;
    const settle = (outcome: End["outcome"]): void => {
      signal?.removeEventListener("abort", leave);
      if (stream !== undefined) ended(outcome, bytes);
    };
    const flow = exchange(request, body, {
      head(status, headers) {
        reply = { status, headers };
        const length = findHeader(headers, "content-length");
        const decoder = request.decode ? decoderFor(headers) : undefined;
        if (length !== undefined && Number(length) <= SMALL && decoder === undefined) {
          parts = [];
          return;
        }
        const source = {
          start: (control: ReadableStreamDefaultController<Uint8Array>) => void (stream = control),
          pull: () => flow.resume(),
          cancel: () => {
            flow.abort();
            settle("client_gone");
          },
        };
        const ahead = new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD });
        const streamed = new ReadableStream<Uint8Array>(source, ahead);
        resolve(decoder ? decoded(reply, streamed, decoder) : { status, headers, body: streamed });
      },
      data(chunk) {
        bytes += chunk.byteLength;
        if (parts !== undefined) return parts.push(chunk) > 0;
        stream?.enqueue(chunk);
        return (stream?.desiredSize ?? 0) > 0;
      },
      end() {
        if (reply !== undefined && parts !== undefined) {
          resolve({ ...reply, body: joinChunks(parts, bytes) });
        }
        stream?.close();
        settle("completed");
      },
      fail(failure) {
        if (stream === undefined) reject(failure);
        stream?.error(failure.cause);
        settle("upstream_failed");
      },
    });
    const leave = (): void => {
      flow.abort();
      stream?.error(signal?.reason);
      reject({ sent: true, timedOut: false, cause: signal?.reason });
      settle("client_gone");
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  });
}

const decoders = new Map([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

function decoderFor(headers: HeaderList): (() => NodeJS.ReadWriteStream) | undefined {
  return decoders.get(findHeader(headers, "content-encoding")?.toLowerCase() ?? "");
}

/** The reply as it was before it was encoded. Nobody asked for a coding then, so it is rare. */
function decoded(
  { status, headers }: { status: number; headers: HeaderList },
  body: ReadableStream<Uint8Array>,
  createDecoder: () => NodeJS.ReadWriteStream,
): UpstreamReply {
  const source = Readable.fromWeb(body as NodeReadableStream);
  // An error at either end destroys both, and the reader of the web stream sees it.
  const plain = pipeline(source, createDecoder(), () => {}) as unknown as Readable;
  return {
    status,
    headers: withoutCoding(headers),
    body: Readable.toWeb(plain) as ReadableStream<Uint8Array>,
  };
}

function toHeaderList(headers: Record<string, string | string[] | undefined>): HeaderList {
  const list: Array<[string, string]> = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string") list.push([name, value]);
    else for (const item of value ?? []) list.push([name, item]);
  }
  return list;
}
