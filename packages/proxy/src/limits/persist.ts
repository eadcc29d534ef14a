/** Work on the store that has to succeed in the end: what fal has done cannot be refused any more. */
import { goOn } from "../background.ts";
import { tell } from "../events.ts";
import type { OpenCall } from "../open-call.ts";
import { describeError } from "../print.ts";
import { StoreUnavailable } from "../stores/store.ts";

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
  call: OpenCall,
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
        tellTrouble(call, error);
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
  goOn(call, done);
  return answer;
}

/** The store had no answer, or something of ours or the app's threw. */
export function tellTrouble(call: OpenCall, error: unknown): void {
  if (error instanceof StoreUnavailable) {
    tell(call, { type: "store_unavailable", trouble: error.trouble, message: error.message });
  } else tell(call, { type: "fault", error: describeError(error, call.credential) });
}
