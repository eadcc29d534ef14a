/** Notices a server that no longer holds what it held: emptied, begun anew, or set back to an earlier state. */
import { StoreUnavailable } from "./store.ts";

/** Follows the mark that a server was given when it was prepared, and the number of its takes, which only rises. */
export class Continuity {
  #epoch: string | undefined;
  #highest = -1n;
  #lost = false;

  /** @returns what the answer to a question that is asked now must be above */
  begin(): bigint {
    return this.#highest;
  }

  /** @throws StoreUnavailable once something went away, from then on */
  check(before: bigint, epoch: string, seq: bigint): void {
    this.#lost ||= (this.#epoch !== undefined && this.#epoch !== epoch) || seq <= before;
    this.#epoch ??= epoch;
    if (seq > this.#highest) this.#highest = seq;
    if (this.#lost) {
      throw new StoreUnavailable(
        "lost",
        "the store no longer holds what it held: it was emptied, or set back. Paid calls stay refused in this process; restart it once the state is what it should be.",
      );
    }
  }
}
