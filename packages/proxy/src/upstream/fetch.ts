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
 * Sends, and hands the reply over by callbacks. Where `fetch` does not tell a refused connection from a
 * lost answer, the request counts as begun: the careful reading.
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
      body: body || (isDeno && method !== "GET") ? toBody(body ?? NOTHING, length) : undefined,
      // Required for a streamed body (Fetch standard), and not yet in every type library.
      duplex: "half",
      redirect: "manual",
      signal: stop.signal,
    };
    const begun = fetch(request.origin + request.path, init as RequestInit);
    const response = await within(timeouts.connect + timeouts.headers, begun);
    if (aborted) return;
    const received: HeaderList = [...response.headers].map(first);
    const isDecoded = UNDONE.test(findHeader(received, "content-encoding") ?? "");
    sink.head(response.status, isDecoded ? withoutCoding(received) : received);
    const reader = response.body?.getReader();
    for (; reader && !aborted;) {
      const { done, value } = await within(timeouts.idle, reader.read());
      if (done || aborted) break;
      if (!sink.data(value)) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (!aborted) sink.end();
  };

  const flow = {
    begun: true,
    resume: () => wake?.(),
    abort() {
      aborted = true;
      stop.abort();
      wake?.();
    },
  };
  run().catch((cause: unknown) => {
    flow.begun = !isUnsent(cause);
    if (!aborted) sink.fail({ timedOut, cause });
  });
  return flow;
}

// Deno's `fetch` sends what it can send again a second time when the connection breaks: a paid call as
// well. A stream it cannot.
const isDeno = "Deno" in globalThis;

/** Codings that `fetch` undoes while it leaves their name in the headers. */
const UNDONE = isDeno ? /^(?:gzip|br)$/i : /./;

// Of Node, of Bun; Deno has words.
const NO_CONNECTION =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/;

/** Whether an exception of `fetch` says that no connection could be made. */
function isUnsent(error: unknown): boolean {
  const { code, message, cause } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return (
    NO_CONNECTION.test(code ?? "") ||
    /\bclient error \(Connect\)/.test(message ?? "") ||
    (cause !== undefined && isUnsent(cause))
  );
}

const NOTHING = new Uint8Array();

/** The form that every `fetch` takes, with its length where the runtime can say it. */
function toBody(body: OutgoingBody, length: number | undefined): BodyInit {
  if (body instanceof Uint8Array && !isDeno) return body as BodyInit;
  const chunks = body instanceof Uint8Array ? [body] : body;
  const iterator = (async function* () {
    yield* chunks;
  })();
  const stream = new ReadableStream<Uint8Array>({
    async pull(control) {
      const { done, value } = await iterator.next();
      if (done) control.close();
      else control.enqueue(value);
    },
    async cancel() {
      await iterator.return();
    },
  });
  return fixedLength(stream, length);
}
