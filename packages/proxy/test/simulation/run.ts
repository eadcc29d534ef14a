/**
 * Plays histories from the command line: `npm run simulate -- --histories 3000000 --seed 1`. Prints every seed that
 * breaks a promise, and goes on; with `--until-red` it ends with the first.
 */
import { parseArgs } from "node:util";
import { playHistories } from "./play.ts";

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    "until-red": { type: "boolean", default: false },
  },
});
const count = Number(values.histories);
let failed = 0;
await playHistories(Number(values.seed), count, ({ message }) => {
  failed += 1;
  console.log(message.split("\n")[0]);
  return !values["until-red"];
});
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
