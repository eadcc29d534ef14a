/** How many questions a process has under way: more than a few only wait for one another on the server. */
import { StoreUnavailable } from "./store.ts";

export class Lanes {
  #free: number;
  readonly #waiting: { begin(): void; deadline: number }[] = [];

  constructor(lanes: number) {
    if (!Number.isSafeInteger(lanes) || lanes < 1)
      throw new TypeError("fal proxy: a store's concurrency must be a whole number of at least 1.");
    this.#free = lanes;
  }

  /** Runs it when a lane is free. @throws StoreUnavailable where none was within `timeout` ms: then it has not begun */
  async run<Answer>(timeout: number, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free--;
    else await this.#lane(Date.now() + timeout);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #lane(deadline: number): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiting.push({ begin: resolve, deadline });
    }).then(() => {
      if (Date.now() >= deadline) {
        this.#next();
        throw new StoreUnavailable("timeout", "too many questions wait for the store.");
      }
    });
  }

  #next(): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.begin();
    else this.#free++;
  }
}
