/** A store that fails in every way that one can: before, after, twice, late, or with the process that asks. */
import {
  StoreUnavailable,
  type Change,
  type NewJob,
  type Store,
  type Taken,
} from "../../src/stores/store.ts";
import type { Chance } from "./chance.ts";

/** A process that asks. Once it has ended, none of its questions is answered. */
export interface Asker {
  ended: boolean;
}

/** What the auditor sees of what was really done. */
export interface Witness {
  taken(job: NewJob, answer: Taken): void;
  advanced(id: string, change: Change, won: boolean): void;
}

const BOUND = 1000;

export function faultyStore(
  store: Store,
  asker: Asker,
  chance: Chance,
  sleep: (ms: number) => Promise<void>,
  calm: () => boolean,
  witness: Witness,
): Store {
  const fails = (of: number): boolean => !calm() && chance.once(of);
  const down = (): StoreUnavailable => new StoreUnavailable("timeout", "it did not answer.");

  async function ask<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    await sleep(chance.between(0, 5));
    if (asker.ended) return new Promise(() => {});
    // Refused, with nothing done.
    if (fails(20)) throw down();
    if (fails(40)) {
      // It is done after the caller has given up.
      void sleep(chance.between(BOUND, 4 * BOUND)).then(() =>
        asker.ended && chance.once(2) ? undefined : work(),
      );
      await sleep(BOUND);
      throw down();
    }
    const answer = await work();
    // Twice, as a network may deliver it.
    if (fails(30)) await work();
    await sleep(chance.between(0, 5));
    if (asker.ended) return new Promise(() => {});
    if (fails(20)) throw down();
    return answer;
  }

  return {
    ...store,
    take: (job) =>
      ask(async () => {
        const answer = await store.take(job);
        witness.taken(job, answer);
        return answer;
      }),
    advance: (id, change) =>
      ask(async () => {
        const before = (await store.look({ id })).job?.state;
        const answer = await store.advance(id, change);
        const rose = answer.job !== undefined && answer.job.state !== before;
        witness.advanced(id, change, rose && change.state !== undefined);
        return answer;
      }),
    look: (what) => ask(() => store.look(what)),
    due: (max, leaseMs) => ask(() => store.due(max, leaseMs)),
  };
}
