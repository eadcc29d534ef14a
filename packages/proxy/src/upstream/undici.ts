/** The upstream client of Node: undici's dispatch, which hands coded bodies over untouched. */
import type { Readable } from "node:stream";
import { Agent, type Dispatcher } from "undici";
import type { OutgoingBody } from "../body.ts";
import type { HeaderList } from "../headers.ts";
import { decoding } from "./decode.ts";
import type { Flow, Sink, UpstreamRequest } from "./exchange.ts";

export { decodeCopy } from "./decode.ts";

/** Coded replies are handed over as they came. */
export const keepsCoding = true;

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

/** Sends, and hands the reply over by callbacks, without a stream in between. */
export function exchange(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  sink: Sink,
): Flow {
  const { length, timeouts, headers } = request;
  const exchanging = new Exchange(sink, request.keepsCoding);
  // What is there whole has the length that it has; a stream keeps its declared one, so that fal does
  // not get a chunked body.
  if (body !== undefined && !(body instanceof Uint8Array) && length !== undefined) {
    headers["content-length"] = String(length);
  }
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
    exchanging,
  );
  return exchanging;
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
  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.aborted) return;
    const timedOut = /^UND_ERR_\w+_TIMEOUT$/.test((cause as { code?: string }).code ?? "");
    this.sink.fail({ timedOut, cause });
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
