/** The upstream client of Node: undici's dispatch, which hands coded bodies over untouched. */
import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { OutgoingBody } from "../body.ts";
import type { HeaderList } from "../headers.ts";
import { decoding } from "./decode.ts";
import { dispatcherFor } from "./dispatcher.ts";
import type { Flow, Sink, UpstreamRequest } from "./exchange.ts";
import { exchange as fetchExchange } from "./fetch.ts";

export { decodeCopy } from "./decode.ts";

// OpenNext builds a Next app for Workers out of what is meant for Node: its sockets are there, but the
// parser, which is compiled from WebAssembly at run time, is not allowed.
const onWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Whether coded replies are handed over as they came: `fetch` undoes them. */
export const keepsCoding = (fetch: unknown): boolean => fetch === undefined && !onWorkers;

/** Sends, and hands the reply over by callbacks, without a stream in between. */
export function exchange(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  sink: Sink,
): Flow {
  if (!keepsCoding(request.fetch)) return fetchExchange(request, body, sink);
  const { length, timeouts, headers } = request;
  const exchanging = new Exchange(sink, request.keepsCoding);
  // What is there whole has the length that it has; a stream keeps its declared one, so that fal does
  // not get a chunked body.
  if (body !== undefined && !(body instanceof Uint8Array) && length !== undefined) {
    headers["content-length"] = String(length);
  }
  const dispatcher = dispatcherFor(request.origin, timeouts.connect);
  const send = (sent: OutgoingBody | string | null): void => {
    dispatcher.dispatch(
      {
        origin: request.origin,
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers,
        body: sent as string | Readable | Uint8Array | null,
        headersTimeout: timeouts.headers,
        bodyTimeout: timeouts.idle,
      },
      exchanging,
    );
  };
  if (body === undefined || !isMock(dispatcher)) send(body ?? null);
  else whole(body).then(send, (cause: unknown) => sink.fail({ timedOut: false, cause }));
  return exchanging;
}

/** undici's MockAgent compares bodies as they are handed over, and people give it texts. */
const isMock = (dispatcher: Dispatcher): boolean =>
  (dispatcher as { isMockActive?: boolean }).isMockActive === true;

/** A body as text, or as bytes where it is none. */
async function whole(body: OutgoingBody): Promise<Uint8Array | string> {
  const parts = body instanceof Uint8Array ? [body] : [];
  if (!(body instanceof Uint8Array)) for await (const part of body) parts.push(part);
  const bytes = Buffer.concat(parts);
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** One request under way: undici's handler on one side, the relay's handle on the other. */
class Exchange implements Dispatcher.DispatchHandler, Flow {
  begun = false;
  private sink: Sink;
  private readonly keepsCoding: boolean;
  private controller: Dispatcher.DispatchController | undefined;
  private aborted = false;

  constructor(sink: Sink, keepsCoding: boolean) {
    this.sink = sink;
    this.keepsCoding = keepsCoding;
  }

  resume(): void {
    this.controller?.resume();
  }
  abort(): void {
    this.aborted = true;
    this.controller?.abort(new Error("The call is over."));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // From here on bytes are written.
    if (this.aborted) this.abort();
    else this.begun = true;
  }
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    received: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx replies say nothing yet.
    if (status >= 100 && status < 200) return;
    const headers = toHeaderList(received);
    const decoded = this.keepsCoding ? undefined : decoding(headers, this.sink, this);
    if (decoded) this.sink = decoded;
    this.sink.head(status, headers);
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming makes undici hand over an empty chunk: pausing on that would starve the socket.
    if (chunk.byteLength > 0 && !this.sink.data(chunk)) controller.pause();
  }
  onResponseEnd(): void {
    this.sink.end();
  }
  onResponseError(_controller: unknown, cause: Error): void {
    if (this.aborted) return;
    const timedOut = /^UND_ERR_\w+_TIMEOUT$/.test((cause as { code?: string }).code ?? "");
    this.sink.fail({ timedOut, cause });
  }

  // What a dispatcher of the app's from undici 6 or older calls.
  onConnect(abort: (reason: Error) => void): void {
    this.onRequestStart({ abort, resume: () => {}, pause: () => {} } as never);
  }
  onHeaders(status: number, raw: Uint8Array[], resume: () => void): boolean {
    const controller = this.controller as Dispatcher.DispatchController;
    controller.resume = resume;
    const list = raw.map((part) => Buffer.from(part).toString("latin1"));
    const headers: Record<string, string[]> = {};
    for (let index = 0; index < list.length; index += 2) {
      (headers[(list[index] as string).toLowerCase()] ??= []).push(list[index + 1] as string);
    }
    this.onResponseStart(controller, status, headers);
    return true;
  }
  onData(chunk: Uint8Array): boolean {
    return this.sink.data(chunk);
  }
  onComplete(): void {
    this.onResponseEnd();
  }
  onError(cause: Error): void {
    this.onResponseError(undefined, cause);
  }
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
