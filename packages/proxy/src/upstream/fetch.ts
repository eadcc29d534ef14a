/** The upstream client of edge runtimes: their own `fetch`, which undoes codings by itself. */
import type { OutgoingBody } from "../body.ts";
import { findHeader, withoutCoding, type HeaderList } from "../headers.ts";
import { fixedLength } from "../stream.ts";
import type { Flow, Sink, UpstreamRequest } from "./exchange.ts";

/** `fetch` undoes gzip and br before anyone sees the body. */
export const keepsCoding = (_fetch: unknown): boolean => false;

// Fields that hold one word, or one type, each.
const ONE =
  /^(?:content-type|retry-after|x-fal-(?:request-id|billable-units|error-type|request-timeout-type))$/;

/** `fetch` joins a field that came twice; of these the first counts. A date has a comma of its own. */
const first = ([name, value]: [string, string]): [string, string] =>
  ONE.test(name) && !/^[A-Z][a-z]{2}, /.test(value)
    ? [name, value.split(", ", 1)[0] as string]
    : [name, value];

/** There is nothing left to decode. */
export const decodeCopy = async (
  _headers: HeaderList,
  bytes: Uint8Array,
  _most: number,
): Promise<Uint8Array | undefined> => bytes;

/**
 * Sends, and hands the reply over by callbacks. `fetch` does not tell a refused connection from a lost
 * answer, so the request counts as begun at once: the careful reading.
 */
export function exchange(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  sink: Sink,
): Flow {
  const { method, headers, timeouts, length, fetch = globalThis.fetch } = request;
  const stop = new AbortController();
  let aborted = false;
  let timedOut = false;
  let wake: (() => void) | undefined;

  const within = async <Value>(ms: number, step: Promise<Value>): Promise<Value> => {
    const timer = setTimeout(() => {
      timedOut = true;
      stop.abort();
    }, ms);
    try {
      return await step;
    } finally {
      clearTimeout(timer);
    }
  };

  const run = async (): Promise<void> => {
    const init = {
      method,
      headers,
      body: body && toBody(body, length),
      // Required for a streamed body (Fetch standard), and not yet in every type library.
      duplex: "half",
      redirect: "manual",
      signal: stop.signal,
    };
    const begun = fetch(request.origin + request.path, init as RequestInit);
    const response = await within(timeouts.connect + timeouts.headers, begun);
    if (aborted) return;
    const received: HeaderList = [...response.headers].map(first);
    const coded = findHeader(received, "content-encoding") !== undefined;
    sink.head(response.status, coded ? withoutCoding(received) : received);
    const reader = response.body?.getReader();
    for (; reader && !aborted;) {
      const { done, value } = await within(timeouts.idle, reader.read());
      if (done || aborted) break;
      if (!sink.data(value)) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (!aborted) sink.end();
  };

  run().catch((cause: unknown) => {
    if (!aborted) sink.fail({ timedOut, cause });
  });
  return {
    begun: true,
    resume: () => wake?.(),
    abort() {
      aborted = true;
      stop.abort();
      wake?.();
    },
  };
}

/** The form that every `fetch` takes, with its length where the runtime can say it. */
function toBody(body: OutgoingBody, length: number | undefined): BodyInit {
  if (body instanceof Uint8Array) return body as BodyInit;
  const iterator = body[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(control) {
      const { done, value } = await iterator.next();
      if (done) control.close();
      else control.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return fixedLength(stream, length);
}
