// `npm run fuzz [-- --count N --seed N]`: hostile requests through both fronts, 2,000,000 unless told otherwise. Prints
// what was judged one way and sent another, with the seed that repeats it.
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";
import { build } from "./build.mjs";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
  },
});
build(["proxy"], { stale: true });
register();
const { fuzz } = await import("../packages/proxy/test/fuzz/judge.ts");
const seed = Number(values.seed);
const { count, reached, wrong } = await fuzz(Number(values.count), seed, console.log);
for (const line of wrong) console.error(line);
console.log(
  `${count} requests from seed ${seed}: ${reached.node} of them reached fal by the Node front, ${reached.web} by the web front; ${wrong.length} wrong`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
