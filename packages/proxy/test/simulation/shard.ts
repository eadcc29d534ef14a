/** A part of the histories that every run of the tests plays. */
import { expect } from "vitest";
import { playHistory } from "./history.ts";
import { VirtualTime } from "./virtual-time.ts";

/** Ten minutes before a day ends. */
const START = Date.UTC(2026, 10, 27, 23, 50);

/** @param first its first seed. @throws the first promise that is broken, with its seed */
export async function playShard(first: number, histories: number): Promise<void> {
  const { warn } = console;
  // The warnings of an open proxy, once for each process.
  console.warn = () => {};
  try {
    for (let seed = first; seed < first + histories; seed++) {
      const time = new VirtualTime(START);
      time.install();
      try {
        await playHistory(time, seed);
      } finally {
        time.uninstall();
      }
    }
  } finally {
    console.warn = warn;
  }
  expect(histories).toBeGreaterThan(0);
}
