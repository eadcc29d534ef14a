/** The caller's body: streamed once, or read whole when a hook looks at it, never above the limit. */
import { refuse, type Refusal } from "./refusal.ts";

/** What an upstream client takes: bytes of known length, or a stream. */
export type OutgoingBody = Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Where a front gets the bytes from. */
export interface BodySource {
  /** Declared length in bytes; undefined when the caller did not say. */
  readonly length: number | undefined;
  /** The most that it may have, in bytes. */
  readonly limit: number;
  /** Whether `stream` may end before `length` without an error. */
  readonly mayBeCut: boolean;
  /** Reads everything at once, the cheapest way the platform has. */
  whole(): Promise<Uint8Array>;
  /** The untouched stream. */
  stream(): OutgoingBody;
  /** The stream, watched as it passes. */
  watched(meter: Meter): OutgoingBody;
}

/** Is told how many bytes of a stream have passed: before each chunk goes on, and at the end. */
export interface Meter {
  /** @throws to break off */
  count(bytes: number, ended: boolean): void;
}

// Below this a body of declared length is read whole: one buffer is cheaper than a stream of one
// chunk, and the upstream client can then write head and body at once.
const SMALL = 65_536;

/**
 * A request body that a hook may look at before it is forwarded. A class so that every request
 * shares its methods: an object literal with getters is given a hidden class of its own each time it
 * is made, which nothing that reads it can be optimised for.
 */
export class IncomingBody implements Meter {
  /** Declared length in bytes; undefined when the caller did not say. */
  readonly length: number | undefined;
  /** Why it cannot be forwarded: too large as declared; or, once read or sent, too large or cut. */
  refusal: Refusal | undefined;
  private kept: Promise<Uint8Array> | undefined;
  private readonly source: BodySource;

  constructor(source: BodySource) {
    this.length = source.length;
    this.source = source;
    this.refusal = judge(source, source.length ?? 0, false);
  }

  /** The whole body, kept, so that forwarding still sends the same bytes. @throws when there is a `refusal` */
  bytes(): Promise<Uint8Array> {
    this.kept ??= this.read();
    return this.kept;
  }

  /** The body to send: the kept bytes, else the stream itself. Take it once. */
  outgoing(): OutgoingBody | Promise<OutgoingBody> {
    const { kept, length = Infinity, source } = this;
    if (kept || length <= SMALL) return this.bytes();
    return length === Infinity || source.mayBeCut ? source.watched(this) : source.stream();
  }

  count(bytes: number, ended: boolean): void {
    this.refusal = judge(this.source, bytes, ended);
    if (this.refusal) throw new Error(this.refusal.message);
  }

  private async read(): Promise<Uint8Array> {
    if (this.length === undefined) return readAll(this.source.watched(this));
    const bytes = await this.source.whole();
    this.count(bytes.byteLength, true);
    return bytes;
  }
}

function judge(source: BodySource, bytes: number, ended: boolean): Refusal | undefined {
  const { length = 0, limit } = source;
  if (bytes > limit) {
    return tooLarge(`is larger than ${limit} bytes`, "The limit is the option maxBodyBytes.");
  }
  return ended && bytes < length
    ? tooLarge(
        "arrived only in part: the server that runs the proxy has a lower limit",
        "In Next.js it is experimental.proxyClientMaxBodySize.",
      )
    : undefined;
}

const tooLarge = (what: string, hint: string): Refusal =>
  refuse("body_too_large", `The request body ${what}. Upload files and send their URLs.`, { hint });

/** A body that a framework has already read whole. */
export const bufferedBody = (bytes: Uint8Array, limit: number): IncomingBody =>
  new IncomingBody({
    length: bytes.byteLength,
    limit,
    mayBeCut: false,
    whole: () => Promise.resolve(bytes),
    stream: () => bytes,
    watched: () => bytes,
  });

/** The same stream, watched by a meter. */
export function metered(
  stream: ReadableStream<Uint8Array>,
  meter: Meter,
): ReadableStream<Uint8Array> {
  let bytes = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, control) {
        meter.count((bytes += chunk.byteLength), false);
        control.enqueue(chunk);
      },
      flush: () => meter.count(bytes, true),
    }),
  );
}

/** Reads a stream whole. */
export const readAll = async (stream: OutgoingBody): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream as BodyInit).arrayBuffer());

/** One array out of several; `length` is their sum in bytes. */
export function joinChunks(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
