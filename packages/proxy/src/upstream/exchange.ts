/** The question that both upstream clients answer: send this, give back status, headers, body. */
import type { End } from "../call.ts";
import type { HeaderList } from "../headers.ts";
import { refuse, type Refusal } from "../refusal.ts";

/** One request to fal. */
export interface UpstreamRequest {
  readonly method: string;
  /** Scheme and host. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  /** Body length in bytes; undefined when unknown, 0 when there is none. */
  readonly length: number | undefined;
  /** Whether a reply must be decoded: its reader wants the plain bytes, or cannot name their coding. */
  readonly decode: boolean;
  /** In ms. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

/** Takes the reply as it comes. After `end` or `fail` nothing more is called. */
export interface Sink {
  head(status: number, headers: HeaderList): void;
  /** Returns false to pause; {@link Flow.resume} goes on. */
  data(chunk: Uint8Array): boolean;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

/** The handle of a request under way. */
export interface Flow {
  resume(): void;
  /** Stops the request; `fail` is not called for it. */
  abort(): void;
}

/** A whole reply, for the web front. */
export interface UpstreamReply {
  readonly status: number;
  readonly headers: HeaderList;
  /** Bytes where the length was known and small, else a stream; null for no body. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** Told once how a streamed body ended; of a body handed over as bytes there is nothing to tell. */
export type BodyEnd = (outcome: End["outcome"], bytes: number) => void;

/** Why no reply came, or why it broke off. */
export interface UpstreamFailure {
  /** Whether fal can have received the request. */
  readonly sent: boolean;
  readonly timedOut: boolean;
  readonly cause: unknown;
}

/** Tells an {@link UpstreamFailure} from other rejections. */
export function isUpstreamFailure(error: unknown): error is UpstreamFailure {
  return typeof error === "object" && error !== null && "timedOut" in error;
}

/**
 * The refusal for a failed exchange. 502 and 504 are retried by fal's clients, so they are used only
 * where a retry cannot buy twice.
 *
 * @see PROTOCOL.md, "Errors"
 */
export function failureRefusal(failure: UpstreamFailure, paid: boolean): Refusal {
  if (failure.sent && paid) {
    return refuse(
      "upstream_unknown",
      "fal's answer was lost after the request was sent: it may have run and been charged.",
    );
  }
  return failure.timedOut
    ? refuse("upstream_timeout", "fal did not answer in time.")
    : refuse("upstream_unreachable", "fal could not be reached.");
}
