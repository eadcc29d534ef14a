/** The caller's body: streamed once, or read whole when a hook looks at it, never above the limit. */
import { isJson, mayBeCoded } from "./body-headers.ts";
import { owned } from "./promise.ts";
import { refuse, Refused, type Refusal } from "./refusal.ts";

/** What an upstream client takes: bytes of known length, or a stream. */
export type OutgoingBody = Uint8Array | AsyncIterable<Uint8Array>;

/** Where a front gets the bytes from. */
export interface BodySource {
  /** Declared length in bytes; undefined when the caller did not say. */
  readonly length: number | undefined;
  /** The caller's `content-encoding`, where it still describes the bytes. */
  readonly coding: string | undefined;
  /** The most that it may have, in bytes. */
  readonly limit: number;
  /** Whether it may end before `length` without an error. */
  readonly mayBeCut: boolean;
  /** Whether an app can have put another body in its place, of which `length` is not true. */
  readonly mayBeEdited?: boolean;
  /** Reads everything at once, the cheapest way the platform has. */
  readonly whole: () => Promise<Uint8Array>;
  /** Absent where all of it is in memory already. */
  readonly chunks?: () => AsyncIterable<Uint8Array>;
  /** Lets the rest go, once some of the chunks were read and no more are wanted. */
  readonly abandon?: () => void;
}

/** The caller went away before the body was whole. */
export class CallerGone extends Error {}

// Below this a body of declared length is read whole: one buffer is cheaper than a stream of one
// chunk, and the upstream client can then write head and body at once.
const SMALL = 65_536;

/**
 * A request body that a hook may look at before it is forwarded. A class so that every request
 * shares its methods: an object literal with getters is given a hidden class of its own each time it
 * is made, which nothing that reads it can be optimised for.
 */
export class IncomingBody {
  /** Declared length in bytes; undefined when the caller did not say. */
  readonly length: number | undefined;
  coding: string | undefined;
  /** Why it cannot be forwarded: gone, or too large as declared; once read or sent, too large or cut. */
  refusal: Refusal | undefined;
  /** Whether all of it has been read from the caller. */
  complete = false;
  /** Whether it broke off because the caller went away. */
  brokenOff = false;
  #kept: Promise<Uint8Array> | undefined;
  readonly #source: BodySource;

  constructor(source: BodySource, refusal?: Refusal) {
    this.length = source.length;
    this.coding = source.coding;
    this.#source = source;
    this.refusal = refusal ?? judge(source, source.length ?? 0, false);
  }

  /**
   * The whole body, kept, so that forwarding still sends the same bytes.
   *
   * @param most refuses a larger one without reading it, in bytes
   * @throws Refused when there is a `refusal`, or it is too large; CallerGone
   */
  bytes(most: number = Infinity): Promise<Uint8Array> {
    if (this.refusal) return Promise.reject(new Refused(this.refusal));
    if ((this.length ?? 0) > most) return Promise.reject(new Refused(tooLargeToCheck(most)));
    return (this.#kept ??= owned(this.#read(most)));
  }

  /** The body to send: the kept bytes, else the stream itself. Take it once. */
  outgoing(): OutgoingBody | Promise<OutgoingBody> {
    const { chunks, length = Infinity, mayBeEdited } = this.#source;
    if (this.#kept || length <= SMALL || !chunks) return this.bytes();
    return mayBeEdited ? this.#peeked(chunks()) : this.#counted(chunks(), Infinity);
  }

  /**
   * What an app has put in the place of a body is in memory and comes in one piece: such a one is taken
   * whole, with its own length. What comes over a network takes longer, and is streamed.
   */
  async #peeked(chunks: AsyncIterable<Uint8Array>): Promise<OutgoingBody> {
    const iterator = chunks[Symbol.asyncIterator]();
    const seen = [iterator.next(), iterator.next()] as const;
    for (const next of seen) owned(next);
    const moment = new Promise<undefined>((resolve) => setTimeout(resolve, 0));
    const second = await Promise.race([moment, ...seen.slice(1)]).catch(() => undefined);
    if (!second?.done) return this.#counted(replay(seen, iterator), Infinity);
    const first = await seen[0];
    return this.#taken(first.done ? new Uint8Array() : first.value);
  }

  async #read(most: number): Promise<Uint8Array> {
    const bytes = await this.#whole(most);
    if (this.coding !== undefined && !mayBeCoded(this.coding, bytes)) this.coding = undefined;
    return bytes;
  }

  async #whole(most: number): Promise<Uint8Array> {
    const { chunks, whole } = this.#source;
    if (this.length !== undefined || !chunks) {
      const bytes = await whole().catch((error: unknown) => this.#broken(error));
      return this.#taken(bytes);
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#counted(chunks(), most)) {
      parts.push(chunk);
      length += chunk.byteLength;
    }
    return joinChunks(parts, length);
  }

  /** A whole body, once its length was judged. */
  #taken(bytes: Uint8Array): Uint8Array {
    const { length, mayBeEdited } = this.#source;
    // JSON that was cut off is none any more.
    const isEdited = mayBeEdited && bytes.byteLength !== length && isJson(bytes);
    this.#check(bytes.byteLength, !isEdited);
    this.complete = true;
    return bytes;
  }

  /** The chunks, each once its length was judged. */
  async *#counted(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
    const iterator = chunks[Symbol.asyncIterator]();
    let bytes = 0;
    try {
      for (;;) {
        const next = await iterator.next().catch((error: unknown) => this.#broken(error));
        if (next.done) {
          this.#check(bytes, true);
          return this.#matched(bytes === (this.length ?? bytes));
        }
        bytes += next.value.byteLength;
        this.#check(bytes, false);
        this.#matched(bytes <= (this.length ?? Infinity));
        if (bytes > most) throw new Refused((this.refusal = tooLargeToCheck(most)));
        yield next.value;
      }
    } finally {
      if (!this.complete) {
        await iterator.return?.();
        this.#source.abandon?.();
      }
    }
  }

  #broken(cause: unknown): never {
    if (cause instanceof Refused) {
      this.refusal = cause.refusal;
      throw cause;
    }
    this.brokenOff = true;
    throw new CallerGone("The caller went away.", { cause });
  }

  /** Announced to fal as it was declared, a stream of another length would take the connection down. */
  #matched(isTrue: boolean): void {
    if (isTrue) return;
    this.complete = false;
    this.refusal = refuse("body_unavailable", "The request body is not as long as it says.", {
      hint: "Something in front has put another body in its place: let it delete the header content-length as well.",
    });
    throw new Refused(this.refusal);
  }

  #check(bytes: number, ended: boolean): void {
    this.refusal = judge(this.#source, bytes, ended);
    if (this.refusal) throw new Refused(this.refusal);
    this.complete = ended;
  }
}

/** What was read ahead, and then the rest. */
async function* replay(
  seen: ReadonlyArray<Promise<IteratorResult<Uint8Array>>>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (const next of seen) {
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}

function judge(source: BodySource, bytes: number, ended: boolean): Refusal | undefined {
  const { length = 0, limit, mayBeCut } = source;
  if (bytes > limit) {
    return tooLarge(`is larger than ${limit} bytes`, "The limit is the option maxBodyBytes.");
  }
  return ended && mayBeCut && bytes < length
    ? tooLarge(
        "arrived only in part: the server that runs the proxy has a lower limit",
        "In Next.js it is experimental.proxyClientMaxBodySize.",
      )
    : undefined;
}

const tooLarge = (what: string, hint: string): Refusal =>
  refuse("body_too_large", `The request body ${what}. Upload files and send their URLs.`, { hint });

const tooLargeToCheck = (most: number): Refusal =>
  tooLarge(
    `is larger than ${most} bytes, the most that is checked`,
    "See the option inspectBytes.",
  );

/** A body that a framework has already read whole. */
export const bufferedBody = (bytes: Uint8Array, limit: number, coding?: string): IncomingBody =>
  new IncomingBody({
    length: bytes.byteLength,
    coding,
    limit,
    mayBeCut: false,
    whole: () => Promise.resolve(bytes),
  });

/** A body that cannot be had: the call is refused once its target was judged. */
export const missingBody = (refusal: Refusal): IncomingBody =>
  new IncomingBody(
    {
      length: undefined,
      coding: undefined,
      limit: 0,
      mayBeCut: false,
      whole: () => Promise.reject(new Refused(refusal)),
    },
    refusal,
  );

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
