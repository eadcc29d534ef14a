// `npm run bench`: contestants side by side, in interleaved rounds; prints ratios, writes bench/README.md.
//   --only a,b   these contestants alone (README.md is left as it is)
//   --quick      fewer rounds and requests (README.md is left as it is)
//   --library f  every contestant of ours twice: with this library and, as /other, with the one built in the
//                folder f, such as ../before/packages/proxy (README.md is left as it is)
//   --profile    a V8 CPU profile of each Node contestant in .artifacts/bench (README.md is left as it is)
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mean, measureFirstByte, measureLoad, measureMemory, median } from "./measure.mjs";
import { CONTESTANTS, findContestants } from "./contestants.mjs";
import { startContestant, startDriver, startUpstream } from "./processes.mjs";
import { comparison, describeMachine, table, verdicts, writeReadme } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    library: { type: "string" },
    profile: { type: "boolean", default: false },
  },
});
let known;
try {
  known = findContestants(options.only?.split(",") ?? CONTESTANTS, options.library);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exit(1);
}

const size = options.quick
  ? { rounds: 3, turns: 6, requests: 500, warmUp: 4_000, streams: 5, memoryRounds: 1 }
  : { rounds: 5, turns: 10, requests: 800, warmUp: 15_000, streams: 6, memoryRounds: 3 };
const profile = options.profile ? join(import.meta.dirname, "../.artifacts/bench") : undefined;
const kinds = ["post", "get"];
const relays = ({ name }) => name !== "bare-express";

const loadBefore = loadavg()[0];
const upstreamPort = await startUpstream();
const drive = startDriver();
const start = (contestant) => startContestant(contestant, { upstreamPort, profile });

const started = await Promise.all(known.map(start));
const contestants = started.filter((contestant) => contestant !== undefined);
for (const { name } of known.filter((_, index) => started[index] === undefined)) {
  console.log(`Not installed: ${name}`);
}

/** Every sample of every contestant: `samples[name].post[turn]`, the turns of all rounds. */
const samples = Object.fromEntries(
  contestants.map(({ name }) => [name, { post: [], get: [], via: [], direct: [], memory: [] }]),
);

await eachContestant("warm-up", async (contestant) => {
  for (const kind of kinds) await measureLoad(drive, contestant, kind, size.warmUp);
});
for (let round = 1; round <= size.rounds; round++) {
  // In short turns: what else the machine does then slows them all alike.
  for (let turn = 1; turn <= size.turns; turn++) {
    await eachContestant(turn === 1 && `round ${round} of ${size.rounds}`, async (contestant) => {
      const mine = samples[contestant.name];
      for (const kind of kinds) {
        mine[kind].push(await measureLoad(drive, contestant, kind, size.requests));
      }
      if (!relays(contestant)) return;
      const times = await measureFirstByte(drive, contestant, upstreamPort, size.streams);
      mine.via.push(...times.via);
      mine.direct.push(...times.direct);
    });
    // Whoever comes first must not always be the same.
    contestants.push(contestants.shift());
  }
}
await Promise.all(contestants.map((contestant) => contestant.stop()));

for (let round = 1; round <= size.memoryRounds; round++) {
  await eachContestant(`memory ${round} of ${size.memoryRounds}`, async (contestant) => {
    if (!relays(contestant)) return;
    // A heap that other bodies have stretched would hide what this one needs; a cold one would add its own growth.
    const fresh = await start(contestant);
    for (const kind of kinds) await measureLoad(drive, fresh, kind, 4_000);
    samples[contestant.name].memory.push(await measureMemory(drive, fresh));
    await fresh.stop();
  });
}

const results = known
  .filter(({ name }) => name in samples)
  .map(({ name }) => summarise(name, samples[name]));
const machine = describeMachine({ loadBefore, loadAfter: loadavg()[0], ...size });
const report = [machine, table(results), verdicts(results)].join("\n\n");
console.log(`\n${report}`);
if (options.library !== undefined) console.log(`\n${comparison(results)}`);
const complete = options.only === undefined && options.library === undefined;
if (complete && !options.quick && !options.profile) writeReadme(report);
process.exit(0);

async function eachContestant(title, measure) {
  if (title) console.error(title);
  for (const contestant of contestants) {
    try {
      await measure(contestant);
    } catch (error) {
      throw new Error(`${contestant.name}: ${error.message}`, { cause: error });
    }
  }
}

function summarise(name, { post, get, via, direct, memory }) {
  const middle = (list, key) => median(list.map((sample) => sample[key]));
  const ofLoad = (list) => {
    const cpuOfRounds = eachRound(list, (turns) => mean(turns.map((turn) => turn.cpu)));
    return {
      cpu: median(cpuOfRounds),
      cpuOfRounds,
      perSecond: middle(list, "perSecond"),
      p50: middle(list, "p50"),
      p99: middle(list, "p99"),
    };
  };
  return {
    name,
    post: ofLoad(post),
    get: ofLoad(get),
    firstByteMs: via.length === 0 ? undefined : median(via) - median(direct),
    memoryBytes: memory.length === 0 ? undefined : median(memory),
  };
}

function eachRound(turns, take) {
  return Array.from({ length: size.rounds }, (_, round) =>
    take(turns.slice(round * size.turns, (round + 1) * size.turns)),
  );
}
