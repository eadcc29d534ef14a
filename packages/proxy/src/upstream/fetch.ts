/** The upstream client of edge runtimes: their own `fetch`, which decodes replies by itself. */
import { withoutCoding } from "../headers.ts";
import { toReadable, type OutgoingBody } from "../body.ts";
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
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  let timedOut = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expect = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timedOut = true;
      stop.abort();
    }, ms);
  };
  const settle: BodyEnd = (how, bytes) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
    ended(how, bytes);
  };

  expect(timeouts.connect + timeouts.headers);
  let response: Response;
  try {
    response = await fetch(request.origin + request.path, {
      method,
      headers,
      redirect: "manual",
      signal: stop.signal,
      // "half" is required for a streamed body (Fetch standard) and not yet in every type library.
      ...(body === undefined ? {} : { body: toReadable(body), duplex: "half" }),
    } as RequestInit);
  } catch (cause) {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
    throw { sent: true, timedOut, cause } satisfies UpstreamFailure;
  }
  const reply = { status: response.status, headers: withoutCoding([...response.headers]) };
  clearTimeout(timer);
  if (response.body === null) return { ...reply, body: null };

  const reader = response.body.getReader();
  let bytes = 0;
  const relayed = new ReadableStream<Uint8Array>({
    async pull(control) {
      try {
        expect(timeouts.idle);
        const { done, value } = await reader.read();
        clearTimeout(timer);
        if (done) {
          control.close();
          return settle("completed", bytes);
        }
        bytes += value.byteLength;
        control.enqueue(value);
      } catch (error) {
        control.error(error);
        settle(signal?.aborted ? "cancelled" : "failed", bytes);
      }
    },
    cancel(reason) {
      stop.abort(reason);
      settle("cancelled", bytes);
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
