/** The upstream client of edge runtimes: their own `fetch`, which decodes replies by itself. */
import type { OutgoingBody } from "../body.ts";
import type { End } from "../call.ts";
import { withoutCoding } from "../headers.ts";
import type {
  BodyEnd,
  Flow,
  Sink,
  UpstreamFailure,
  UpstreamReply,
  UpstreamRequest,
} from "./exchange.ts";

/** `fetch` undoes gzip and br before anyone sees the body. */
export const relaysEncoded = false;

/** Makes the form that every `fetch` takes. */
export function toBody(body: AsyncIterable<Uint8Array>): OutgoingBody {
  const iterator = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(control) {
      const { done, value } = await iterator.next();
      if (done) control.close();
      else control.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/**
 * Sends and resolves when the reply begins.
 *
 * @throws UpstreamFailure (as a rejection) when no reply came. `fetch` does not tell a refused
 *   connection from a lost answer, so `sent` is true: the careful reading.
 */
export async function send(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  signal: AbortSignal | undefined,
  ended: BodyEnd,
): Promise<UpstreamReply> {
  const { method, headers, timeouts } = request;
  const stop = new AbortController();
  const leave = (): void => stop.abort(signal?.reason);
  const release = (): void => signal?.removeEventListener("abort", leave);
  let timedOut = false;
  const within = async <T>(ms: number, step: Promise<T>): Promise<T> => {
    const expire = (): void => {
      timedOut = true;
      stop.abort();
    };
    const timer = setTimeout(expire, ms);
    try {
      return await step;
    } finally {
      clearTimeout(timer);
    }
  };

  signal?.addEventListener("abort", leave);
  if (signal?.aborted) leave();
  let response: Response;
  try {
    // "half" is required for a streamed body (Fetch standard) and not yet in every type library.
    const init = { method, headers, body, duplex: "half", redirect: "manual", signal: stop.signal };
    const begun = fetch(request.origin + request.path, init as RequestInit);
    response = await within(timeouts.connect + timeouts.headers, begun);
  } catch (cause) {
    release();
    throw { sent: true, timedOut, cause } satisfies UpstreamFailure;
  }
  const reply = { status: response.status, headers: withoutCoding([...response.headers]) };
  const reader = response.body?.getReader();
  if (reader === undefined) {
    release();
    return { ...reply, body: null };
  }

  let bytes = 0;
  const settle = (outcome: End["outcome"]): void => {
    release();
    ended(outcome, bytes);
  };
  const relayed = new ReadableStream<Uint8Array>({
    async pull(control) {
      try {
        const { done, value } = await within(timeouts.idle, reader.read());
        if (done) {
          control.close();
          return settle("completed");
        }
        bytes += value.byteLength;
        control.enqueue(value);
      } catch (error) {
        control.error(error);
        settle(signal?.aborted ? "client_gone" : "upstream_failed");
      }
    },
    cancel(reason) {
      stop.abort(reason);
      settle("client_gone");
    },
  });
  return { ...reply, body: relayed };
}

/** The same by callbacks, for Node-style servers on runtimes whose `fetch` is the better client. */
export function exchange(
  request: UpstreamRequest,
  body: OutgoingBody | undefined,
  sink: Sink,
): Flow {
  const stop = new AbortController();
  let wake: (() => void) | undefined;
  const relay = async (): Promise<void> => {
    const reply = await send(request, body, stop.signal, () => {});
    sink.head(reply.status, reply.headers);
    const reader = (reply.body as ReadableStream<Uint8Array> | null)?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return sink.end();
      if (!sink.data(value)) await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  relay().catch((error: unknown) => {
    if (stop.signal.aborted) return;
    const failure = error as Partial<UpstreamFailure>;
    sink.fail({ sent: true, timedOut: failure.timedOut ?? false, cause: failure.cause ?? error });
  });
  return { resume: () => wake?.(), abort: () => stop.abort() };
}
