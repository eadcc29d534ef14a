/** From the command line: `npm run processes -- --engine postgres --jobs 10000 --users 200 --seed 1`. */
import { parseArgs } from "node:util";
import type { EngineName } from "./engines.ts";
import { playLoad } from "./mixed-load.ts";

const { values } = parseArgs({
  options: {
    engine: { type: "string", multiple: true, default: ["postgres", "redis", "sqlite"] },
    jobs: { type: "string", default: "10000" },
    users: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
for (const engine of values.engine) {
  const began = Date.now();
  const outcome = await playLoad({
    engine: engine as EngineName,
    jobs: Number(values.jobs),
    users: Number(values.users),
    seed: Number(values.seed),
  });
  console.log(engine, { ...outcome, seconds: Math.round((Date.now() - began) / 1000) });
}
process.exit();
