/**
 * Verbs that come in one turn of the event loop share a transaction: beginning and committing costs more than what most
 * of them do.
 */
import { StoreUnavailable } from "../store.ts";
import { isBusy, troubleOf } from "./trouble.ts";

/** How many share one at most: it holds the process up. */
const TOGETHER = 32;
/** Between two tries while another process is writing, in ms. */
const LONGEST_PAUSE = 20;

/** @typeParam Work what is done within a transaction */
interface Waiting<Work> {
  readonly work: Work;
  /** In ms since 1970. */
  readonly deadline: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Work> {
  readonly #timeout: number;
  readonly #transact: (works: readonly Work[]) => readonly unknown[];
  #waiting: Waiting<Work>[] = [];
  #isPumping = false;

  /**
   * @param timeout how long one waits for other processes, in ms
   * @param transact does all of them or none, and gives an answer for each
   */
  constructor(timeout: number, transact: (works: readonly Work[]) => readonly unknown[]) {
    this.#timeout = timeout;
    this.#transact = transact;
  }

  /** @throws StoreUnavailable, or what the work threw: then nothing of it was done */
  run(work: Work): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, deadline: Date.now() + this.#timeout, resolve, reject });
      if (!this.#isPumping) void this.#pump();
    });
  }

  /** Goes on until nobody waits. Other processes are waited for without holding this one up. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    let most = TOGETHER;
    for (let pause = 1; this.#waiting.length > 0;) {
      await nextTurn();
      const group = this.#waiting.slice(0, most);
      try {
        const answers = this.#transact(group.map(({ work }) => work));
        this.#waiting = this.#waiting.slice(group.length);
        for (const [index, { resolve }] of group.entries()) resolve(answers[index]);
        pause = 1;
      } catch (error) {
        if (isBusy(error)) {
          this.#giveUp(error);
          await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
          pause = Math.min(pause * 2, LONGEST_PAUSE);
        } else if (group.length === 1) {
          this.#waiting = this.#waiting.slice(1);
          group[0]?.reject(troubleOf(error));
        } else {
          // The trouble of one is not that of all: those who wait go one by one.
          most = 1;
        }
      }
    }
    this.#isPumping = false;
  }

  /** Those whose time is over. */
  #giveUp(cause: unknown): void {
    const now = Date.now();
    const isOver = ({ deadline }: Waiting<Work>): boolean => deadline <= now;
    for (const { reject } of this.#waiting.filter(isOver)) {
      reject(
        new StoreUnavailable("timeout", `SQLite was busy for ${this.#timeout} ms.`, { cause }),
      );
    }
    this.#waiting = this.#waiting.filter((one) => !isOver(one));
  }
}

/** When all that has come by now was seen. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => unknown };
    if (setImmediate) setImmediate(resolve);
    else setTimeout(resolve);
  });
