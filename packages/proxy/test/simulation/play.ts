/** Plays one history after the other, each in a time of its own. */
import { playHistory } from "./history.ts";
import { VirtualTime } from "./virtual-time.ts";

/** Ten minutes before a day ends. */
const START = Date.UTC(2026, 10, 27, 23, 50);

/**
 * @param first the seed of the first
 * @param broken is told of each promise that is broken, and says whether to go on; left out, the first is thrown
 */
export async function playHistories(
  first: number,
  count: number,
  broken?: (error: Error) => boolean,
): Promise<void> {
  const { warn } = console;
  // The warnings of an open proxy, once for each process.
  console.warn = () => {};
  try {
    for (let seed = first; seed < first + count; seed++) {
      const time = new VirtualTime(START);
      time.install();
      try {
        await playHistory(time, seed);
      } catch (error) {
        if (broken === undefined) throw error;
        if (!broken(error as Error)) return;
      } finally {
        time.uninstall();
      }
    }
  } finally {
    console.warn = warn;
  }
}
