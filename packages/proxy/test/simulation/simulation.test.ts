import { afterAll, beforeAll, expect, test } from "vitest";
import { playHistory } from "./history.ts";
import { VirtualTime } from "./virtual-time.ts";

const HISTORIES = Number(process.env["FAL_HISTORIES"] ?? 200);
const FIRST = Number(process.env["FAL_SEED"] ?? 1);
const START = Date.UTC(2026, 10, 27, 23, 50);

test(`in ${HISTORIES} histories from seed ${FIRST} on, what is booked is what fal bills, and nobody sees what is not his`, async () => {
  const warn = console.warn;
  console.warn = () => {};
  for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) {
    const time = new VirtualTime(START);
    time.install();
    try {
      await playHistory(time, seed);
    } finally {
      time.uninstall();
    }
  }
  console.warn = warn;
  expect(true).toBe(true);
}, 3_600_000);
void [afterAll, beforeAll];
