/** fal's reply as it begins: made fit to be written, and shown to the guards that asked. */
import { decodeCopy } from "#upstream";
import { joinChunks } from "./body.ts";
import type { Reply } from "./call.ts";
import { findHeader, type HeaderList } from "./headers.ts";
import { parseJson } from "./json.ts";
import { owned } from "./promise.ts";

/**
 * Whether HTTP has a class for a status (RFC 9110 §15). Servers throw at any other, so such an answer
 * counts as lost.
 */
export const isFit = (status: number): boolean => status >= 200 && status <= 599;

/** Statuses without a body (Fetch standard, "null body status"). */
export const isBodiless = (status: number): boolean =>
  status === 204 || status === 205 || status === 304;

// What a guard may read of a reply, in bytes; beyond it the reply is not what guards look for.
const READABLE = 1_048_576;

/** The body of a reply that may be held. */
export interface HeldBody {
  /** What has come of it and waits, and whether that is all. */
  arrived(): { readonly chunks: readonly Uint8Array[]; readonly over: boolean };
  /** Lets the rest come. */
  more(): void;
}

/** What a guard sees of a reply. A copy of the body is kept only once it was asked for. */
export class ShownReply implements Reply {
  readonly status: number;
  readonly #headers: HeaderList;
  readonly #body: HeldBody;
  #parsed: Promise<unknown> | undefined;
  #copy: Uint8Array[] | undefined;
  #length = 0;
  #settle: ((whole: Uint8Array | undefined) => void) | undefined;
  /** Whether any of the body has passed by, so that no copy can be whole. */
  #missed = false;

  constructor(status: number, headers: HeaderList, body: HeldBody) {
    this.status = status;
    this.#headers = headers;
    this.#body = body;
  }

  header(name: string): string | undefined {
    return findHeader(this.#headers, name.toLowerCase());
  }

  json(): Promise<unknown> {
    return (this.#parsed ??= owned(this.#read()));
  }

  /** Whether the body is wanted while the reply is held. */
  get wanted(): boolean {
    return this.#copy !== undefined;
  }

  /** A chunk of the body goes on its way. */
  pass(chunk: Uint8Array): void {
    this.#length += chunk.byteLength;
    if (!this.#copy) this.#missed = true;
    else if (this.#length > READABLE) this.close(false);
    else this.#copy.push(chunk);
  }

  /** The body is over. @param whole whether all of it came */
  close(whole: boolean): void {
    const copy = this.#copy;
    const settle = this.#settle;
    this.#copy = undefined;
    this.#missed = true;
    settle?.(whole && copy ? joinChunks(copy, this.#length) : undefined);
  }

  async #read(): Promise<unknown> {
    if (this.#missed || !/\bjson\b/i.test(this.header("content-type") ?? "")) return undefined;
    const whole = new Promise<Uint8Array | undefined>((resolve) => (this.#settle = resolve));
    this.#copy = [];
    const { chunks, over } = this.#body.arrived();
    for (const chunk of chunks) this.pass(chunk);
    if (over) this.close(true);
    else this.#body.more();
    const bytes = await whole;
    const plain = bytes && (await decodeCopy(this.#headers, bytes, READABLE));
    return plain && parseJson(new TextDecoder().decode(plain));
  }
}
