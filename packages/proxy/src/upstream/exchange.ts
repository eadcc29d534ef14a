/** The question that both upstream clients answer: send this, give back status, headers, body. */
import type { HeaderList } from "../headers.ts";

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
  /** Whether a coded reply may be handed over as it came: if not, its coding is undone. */
  readonly keepsCoding: boolean;
  /** Sends it instead of the platform's own client. */
  readonly fetch: typeof fetch | undefined;
  /** In ms. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

/** Takes the reply as it comes, and never throws. After `end` or `fail` nothing more is called. */
export interface Sink {
  head(status: number, headers: HeaderList): void;
  /** Returns false to pause; {@link Flow.resume} goes on. */
  data(chunk: Uint8Array): boolean;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

/** The handle of a request under way. */
export interface Flow {
  /** Whether fal can have received anything of the request. */
  readonly begun: boolean;
  resume(): void;
  /** Stops the request; nothing is called for it any more. */
  abort(): void;
}

/** Why no reply came, or why it broke off. */
export interface UpstreamFailure {
  readonly timedOut: boolean;
  readonly cause: unknown;
}
