// `npm run bench`: contestants side by side, in interleaved rounds; prints ratios, writes bench/README.md. With any
// of these, README.md is left as it is:
//   --only a,b   these contestants alone
//   --quick      fewer rounds and requests
//   --cpu        the load alone: neither first bytes nor memory
//   --library f  every contestant of ours twice: with this library and, as /other, with the one built in the
//                folder f, such as ../before/packages/proxy
//   --profile    a V8 CPU profile of each Node contestant in .artifacts/bench
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildContestants, CONTESTANTS, findContestants } from "./contestants.mjs";
import {
  measureFirstByte,
  measureLoad,
  measureMemory,
  measureStreams,
  possibleStreams,
} from "./measure.mjs";
import { startContestant, startDriver, startUpstream } from "./processes.mjs";
import { describeMachine, table, writeReadme } from "./report.mjs";
import { createSamples, summarise } from "./samples.mjs";
import { comparison, verdicts } from "./targets.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    cpu: { type: "boolean", default: false },
    library: { type: "string" },
    profile: { type: "boolean", default: false },
  },
});
let known;
try {
  known = findContestants(options.only?.split(",") ?? CONTESTANTS, options.library);
  buildContestants(known);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exit(1);
}

const kinds = ["post", "get"];
const size = {
  ...(options.quick
    ? { rounds: 3, turns: 6, requests: 500, warmUp: 4_000, streams: 5, memoryRounds: 1 }
    : { rounds: 5, turns: 10, requests: 800, warmUp: 15_000, streams: 6, memoryRounds: 3 }),
  openStreams: possibleStreams(10_000),
  ...(options.cpu ? { streams: 0, memoryRounds: 0 } : {}),
};
const profile = options.profile ? join(import.meta.dirname, "../.artifacts/bench") : undefined;

const loadBefore = loadavg()[0];
const upstreamPort = await startUpstream();
const drive = startDriver();
const start = (contestant) => startContestant(contestant, { upstreamPort, profile });

const started = await Promise.all(known.map(start));
const contestants = started.filter((contestant) => contestant !== undefined);
for (const { name } of known.filter((_, index) => started[index] === undefined)) {
  console.log(`Not installed: ${name}`);
}
const samples = Object.fromEntries(contestants.map(({ name }) => [name, createSamples()]));

console.error("warm-up");
await eachContestant(async (contestant) => {
  for (const kind of kinds) await measureLoad(drive, contestant, kind, size.warmUp);
});
for (let round = 1; round <= size.rounds; round++) {
  console.error(`round ${round} of ${size.rounds}`);
  // In short turns: what else the machine does then slows them all alike.
  for (let turn = 1; turn <= size.turns; turn++) {
    await eachContestant(takeTurn);
    // Whoever comes first must not always be the same.
    contestants.push(contestants.shift());
  }
}
await Promise.all(contestants.map((contestant) => contestant.stop()));

for (let round = 1; round <= size.memoryRounds; round++) {
  console.error(`memory ${round} of ${size.memoryRounds}`);
  await eachContestant(takeMemory);
}

const results = known
  .filter(({ name }) => name in samples)
  .map(({ name }) => summarise(name, samples[name], size.rounds));
const machine = describeMachine({ loadBefore, loadAfter: loadavg()[0], size });
const report = [machine, table(results), verdicts(results)].join("\n\n");
console.log(`\n${report}`);
if (options.library !== undefined) console.log(`\n${comparison(results)}`);
if (Object.values(options).every((value) => value === false)) writeReadme(report);
process.exit(0);

async function takeTurn(contestant) {
  const mine = samples[contestant.name];
  for (const kind of kinds) {
    mine[kind].push(await measureLoad(drive, contestant, kind, size.requests));
  }
  if (!contestant.relays || size.streams === 0) return;
  const times = await measureFirstByte(drive, contestant, upstreamPort, size.streams);
  mine.via.push(...times.via);
  mine.direct.push(...times.direct);
}

async function takeMemory(contestant) {
  const mine = samples[contestant.name];
  if (contestant.relays) {
    await withFresh(contestant, async (fresh) =>
      mine.memory.push(await measureMemory(drive, fresh)),
    );
  }
  if (contestant.holdsStreams) {
    await withFresh(contestant, async (fresh) =>
      mine.streams.push(await measureStreams(drive, fresh, size.openStreams)),
    );
  }
}

/** A heap that others have stretched would hide what this one needs; a cold one would add its own growth. */
async function withFresh(contestant, measure) {
  const fresh = await start(contestant);
  for (const kind of kinds) await measureLoad(drive, fresh, kind, 4_000);
  await measure(fresh);
  await fresh.stop();
}

async function eachContestant(measure) {
  for (const contestant of contestants) {
    try {
      await measure(contestant);
    } catch (error) {
      throw new Error(`${contestant.name}: ${error.message}`, { cause: error });
    }
  }
}
