/**
 * Plays histories from the command line: `npm run simulate -- --histories 3000000 --seed 1`. Prints every seed that
 * breaks a promise, and goes on; with `--until-red` it ends with the first.
 */
import { parseArgs } from "node:util";
import { playHistory } from "./history.ts";
import { VirtualTime } from "./virtual-time.ts";

/** Ten minutes before a day ends. */
const START = Date.UTC(2026, 10, 27, 23, 50);

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    "until-red": { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.histories);
let failed = 0;
console.warn = () => {};
for (let seed = first; seed < first + count; seed++) {
  if (failed > 0 && values["until-red"]) break;
  const time = new VirtualTime(START);
  time.install();
  try {
    await playHistory(time, seed);
  } catch (error) {
    failed += 1;
    console.log((error as Error).message.split("\n")[0]);
  } finally {
    time.uninstall();
  }
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
