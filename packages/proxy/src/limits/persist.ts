/** Work on the store that has to succeed in the end: what fal has done cannot be refused any more. */
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
export async function persist<Answer>(
  site: Site,
  work: () => Promise<Answer>,
  patience: number,
): Promise<Answer | undefined> {
  const began = Date.now();
  let waits = true;
  let release: (answer?: Answer) => void = () => {};
  const done = (async () => {
    for (let pause = 100; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await work();
      } catch (error) {
        tellTrouble(site, error);
        if (!(error instanceof StoreUnavailable) || Date.now() - began > FOR) return undefined;
      }
      if (waits && Date.now() - began + pause > patience) release();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  })();
  const late = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
  const timer = setTimeout(release, patience);
  const answer = await Promise.race([done, late]);
  waits = false;
  clearTimeout(timer);
  // Already settled work costs nothing there.
  site.goOn(done);
  return answer;
}
