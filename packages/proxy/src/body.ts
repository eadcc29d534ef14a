/** The caller's body: streamed once, or read whole when a hook looks at it, never above the limit. */

/** What an upstream client takes: bytes of known length, or a stream. */
export type OutgoingBody = Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** A request body that a hook may look at before it is forwarded. */
export interface IncomingBody {
  /** Declared length in bytes; undefined when the caller did not say. */
  readonly length: number | undefined;
  /** Whether it turned out to be larger than the limit, while it was read or sent. */
  readonly exceeded: boolean;
  /** Whether it ended before its declared length: a server in front has cut it. */
  readonly cut: boolean;
  /** The whole body, kept, so that forwarding still sends the same bytes. @throws when it exceeds the limit */
  bytes(): Promise<Uint8Array>;
  /** The body to send: the kept bytes, else the stream itself. Take it once. */
  outgoing(): OutgoingBody | Promise<OutgoingBody>;
}

/** Where a front gets the bytes from. */
export interface BodySource {
  length: number | undefined;
  /** Whether `stream` may end before `length` without an error. */
  mayBeCut: boolean;
  /** Reads everything at once, the cheapest way the platform has. */
  whole(): Promise<Uint8Array>;
  /** The untouched stream. */
  stream(): AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;
}

// Below this a body of declared length is read whole: one buffer is cheaper than a stream of one
// chunk, and the upstream client can then write head and body at once.
const SMALL = 65_536;

/** Wraps a source; `limit` in bytes. A declared length above it is refused before this. */
export function createBody(source: BodySource, limit: number): IncomingBody {
  return new StreamedBody(source, limit);
}

// A class so that every request shares its methods: an object literal with getters is given a hidden
// class of its own each time it is made, which nothing that reads it can be optimised for.
class StreamedBody implements IncomingBody {
  readonly length: number | undefined;
  exceeded = false;
  cut = false;
  private kept: Promise<Uint8Array> | undefined = undefined;
  private readonly source: BodySource;
  private readonly limit: number;

  constructor(source: BodySource, limit: number) {
    this.length = source.length;
    this.source = source;
    this.limit = limit;
  }

  bytes(): Promise<Uint8Array> {
    this.kept ??= this.length === undefined ? collect(this.checked()) : this.readWhole();
    return this.kept;
  }
  outgoing(): OutgoingBody | Promise<OutgoingBody> {
    const { length, source } = this;
    if (this.kept !== undefined || (length !== undefined && length <= SMALL)) return this.bytes();
    return length === undefined || source.mayBeCut ? this.checked() : source.stream();
  }
  private async readWhole(): Promise<Uint8Array> {
    const whole = await this.source.whole();
    this.expectWhole(whole.byteLength);
    return whole;
  }
  private async *checked(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    for await (const chunk of iterate(this.source.stream())) {
      seen += chunk.byteLength;
      this.exceeded = seen > this.limit;
      if (this.exceeded) throw new Error(`The body is larger than ${this.limit} bytes.`);
      yield chunk;
    }
    this.expectWhole(seen);
  }
  private expectWhole(seen: number): void {
    this.cut = this.length !== undefined && seen < this.length;
    if (this.cut) throw new Error(`Only ${seen} of ${this.length} bytes of the body arrived.`);
  }
}

/** A body that a framework has already read whole. */
export function bufferedBody(bytes: Uint8Array): IncomingBody {
  return {
    length: bytes.byteLength,
    exceeded: false,
    cut: false,
    bytes: () => Promise.resolve(bytes),
    outgoing: () => bytes,
  };
}

// Not every runtime's ReadableStream is async iterable yet (Safari's is not, older workerd's too).
async function* iterate(
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (!("getReader" in stream)) {
    yield* stream;
    return;
  }
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Ends the read when the consumer stops early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}

/** Reads a stream whole. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.byteLength;
  }
  return joinChunks(parts, length);
}

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

/** The form that every `fetch` takes. */
export function toReadable(body: OutgoingBody): Uint8Array | ReadableStream<Uint8Array> {
  if (body instanceof Uint8Array || "getReader" in body) return body;
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
