/** What a model of the emulator is: the interface that the shipped table and anyone's own models implement. */
import type { Schema } from "./schema/schema.ts";

/** fal's log levels, as the queue's status answers carry them. */
export type LogLevel = "STDERR" | "STDOUT" | "ERROR" | "INFO" | "WARN" | "DEBUG";

/** What the emulator lends to a model while it runs one request. */
export interface ModelContext {
  /** The request id that the caller sees in `x-fal-request-id`. */
  readonly requestId: string;
  /** Aborted when the caller cancels the job, or leaves a run, stream or realtime call. */
  readonly signal: AbortSignal;
  /** Adds a line to the job's logs. @param level default `"INFO"` */
  log(message: string, level?: LogLevel): void;
  /** Waits `ms` milliseconds times the emulator's latency factor; rejects when `signal` is aborted. */
  wait(ms: number): Promise<void>;
  /** Keeps `bytes` in the emulator's storage and returns a URL that a browser can GET. */
  store(bytes: Uint8Array, contentType: string, fileName?: string): string;
  /**
   * The bytes of a file that this emulator serves, by its URL. `"gone"` for one that it no longer has, undefined for
   * a URL of anybody else: nothing is fetched.
   */
  load(url: string): Promise<Uint8Array | "gone" | undefined>;
}

/** A model's answer. A failure is an answer too: a status and a body in fal's shape (see `models/failure.ts`). */
export interface ModelReply {
  /** HTTP status. @default 200 */
  status?: number;
  /** Sent as JSON. */
  body: unknown;
  headers?: Record<string, string>;
  /** `x-fal-billable-units` as decimal text; left out: the header is absent. */
  billableUnits?: string | undefined;
}

/** What `{id}/stream` answers. */
export interface ModelStream {
  /** HTTP status, other than 200 when the input was refused before anything was streamed. @default 200 */
  status?: number;
  headers?: Record<string, string>;
  /** `text/event-stream`, or the type of the bytes. */
  contentType: string;
  /** A `Uint8Array` is sent as raw bytes, anything else as one SSE `data:` event of JSON. */
  chunks: AsyncIterable<unknown>;
}

/** One endpoint. The queue, the synchronous run and the stream of an id are served from the same object. */
export interface Model {
  /** Full endpoint id, e.g. `fal-ai/flux/dev`. */
  readonly id: string;
  /** Display name. */
  readonly title?: string;
  /** fal's name of its kind, such as `text-to-image`, by which models are listed. @default "other" */
  readonly category?: string;
  /** OpenAPI schemas of input and output, published as fal does. The model itself checks its input. */
  readonly input?: Schema;
  readonly output?: Schema;
  /** USD per unit and fal's name of the unit, as `GET /v1/models/pricing` gives them. */
  readonly price?: { unitPrice: number; unit: string };
  /** One request. Never throws for bad input: that is a reply with status 422. */
  run(input: Record<string, unknown>, context: ModelContext): Promise<ModelReply>;
  /** Serves `{id}/stream`. */
  stream?(input: Record<string, unknown>, context: ModelContext): ModelStream;
  /** Serves `{id}/realtime`: the messages that answer one message of the caller. */
  realtime?(input: Record<string, unknown>, context: ModelContext): AsyncIterable<unknown>;
}
