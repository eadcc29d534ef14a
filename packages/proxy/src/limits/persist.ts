/** Work on the store that has to succeed in the end: what fal has done cannot be refused any more. */
import { atMost } from "../promise.ts";
import { StoreUnavailable } from "../stores/store.ts";
import { tellTrouble, type Site } from "./site.ts";

/** For how long it is tried, in ms. */
const FOR = 600_000;
const LONGEST_PAUSE = 15_000;

/**
 * Does it, and repeats it while the store has no answer.
 *
 * @param patience how long the call waits for it, in ms; after it the work goes on in the background
 * @returns what it gave; undefined where it goes on. Never rejects: what becomes of it is told as events
 */
export function persist<Answer>(
  site: Site,
  work: () => Promise<Answer>,
  patience: number,
): Promise<Answer | undefined> {
  const done = repeat(site, work);
  site.goOn(done);
  return atMost(patience, done);
}

async function repeat<Answer>(
  site: Site,
  work: () => Promise<Answer>,
): Promise<Answer | undefined> {
  const began = Date.now();
  for (let pause = 100; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await work();
    } catch (error) {
      tellTrouble(site, error);
      if (!(error instanceof StoreUnavailable) || Date.now() - began > FOR) return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
