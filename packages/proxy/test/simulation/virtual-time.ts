/** Time that passes when it is told to: timers and clocks of this process, so that a day takes a moment. */
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

const real = {
  setTimeout,
  clearTimeout,
  setImmediate,
  now: Date.now,
  digest: crypto.subtle.digest,
  importKey: crypto.subtle.importKey,
  verify: crypto.subtle.verify,
  timeout: AbortSignal.timeout,
};

export class VirtualTime {
  #now: number;
  #order = 0;
  readonly #timers = new Map<number, Timer>();

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** Puts itself in the place of the clock and the timers. */
  install(): void {
    Date.now = () => this.#now;
    globalThis.setTimeout = ((work: () => void, ms = 0) => {
      const id = ++this.#order;
      this.#timers.set(id, { at: this.#now + Math.max(0, ms), order: id, work });
      return { id, unref() {}, ref() {}, [Symbol.toPrimitive]: () => id };
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: { id?: number } | undefined) => {
      if (timer?.id !== undefined) this.#timers.delete(timer.id);
    }) as typeof clearTimeout;
    AbortSignal.timeout = () => new AbortController().signal;
    // Done by threads, it would come when they like.
    crypto.subtle.digest = (async (_name: string, data: Uint8Array) =>
      new Uint8Array(createHash("sha256").update(data).digest())
        .buffer) as typeof crypto.subtle.digest;
    crypto.subtle.importKey = (async (_format: string, key: object) =>
      createPublicKey({
        key: key as never,
        format: "jwk",
      })) as unknown as typeof crypto.subtle.importKey;
    crypto.subtle.verify = (async (
      _algorithm: string,
      key: KeyObject,
      signature: Uint8Array,
      data: Uint8Array,
    ) => verify(null, data, key, signature)) as unknown as typeof crypto.subtle.verify;
  }

  uninstall(): void {
    Date.now = real.now;
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    AbortSignal.timeout = real.timeout;
    crypto.subtle.digest = real.digest;
    crypto.subtle.importKey = real.importKey;
    crypto.subtle.verify = real.verify;
  }

  /** Waits in virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Lets time pass until a moment, and everything happen that is due by then. */
  async until(end: number): Promise<void> {
    for (;;) {
      await settled();
      const next = this.#next();
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next.order);
      this.#now = Math.max(this.#now, next.at);
      next.work();
    }
    this.#now = Math.max(this.#now, end);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    // In the order in which they were set, so that of two at once the older goes first.
    for (const timer of this.#timers.values()) {
      if (next === undefined || timer.at < next.at) next = timer;
    }
    return next;
  }
}

/** Once nothing goes on but waiting: promises and streams have no work left. */
const settled = (): Promise<void> => new Promise((resolve) => real.setImmediate(resolve));
