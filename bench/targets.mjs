// What this library is held to. Nothing is absolute that a faster or busier machine would change: each target
// names who it is compared with in the same run.
import { median } from "./measure.mjs";

const KINDS = ["post", "get"];
const SLOW_READER_MARGIN = 2 * 2 ** 20;
const STREAM_LIMIT = 25_000;
const FIRST_BYTE_LIMIT_MS = 1;

/** The targets that concern one contestant; `needs` names whose results `judge` takes, in its order. */
function targetsOf(name) {
  const line = /@\d+$/.exec(name)?.[0] ?? "";
  const program = name.replace(line, "");
  const bare = `bare-undici${line}`;
  return [
    ...(CPU_TARGETS[program]?.(line) ?? []).flatMap((target) => cpuTargets(name, target)),
    ...(program === "ours-express" ? aboveExpress() : []),
    {
      said: `memory with a slow reader at most 2 MiB above ${bare}`,
      needs: [name, bare],
      judge: (ours, other) => ({
        met: ours.memoryBytes <= other.memoryBytes + SLOW_READER_MARGIN,
        shown: `${mebibytes(ours.memoryBytes - other.memoryBytes)} MiB above`,
      }),
      measured: (result) => result.memoryBytes !== undefined,
    },
    {
      said: "memory for an open stream under 25 KB",
      needs: [name],
      judge: ({ streamBytes }) => ({
        met: streamBytes < STREAM_LIMIT,
        shown: `${kilobytes(streamBytes)} KB`,
      }),
      measured: (result) => result.streamBytes !== undefined,
    },
    {
      said: "first streamed byte at most 1 ms later than direct",
      needs: [name],
      judge: ({ firstByteMs }) => ({
        met: firstByteMs <= FIRST_BYTE_LIMIT_MS,
        shown: `${firstByteMs.toFixed(2)} ms`,
      }),
      // Next itself takes longer than that.
      measured: (result) => result.firstByteMs !== undefined && program !== "ours-next",
    },
  ];
}

/** A paid call takes and settles; a poll asks whose job it is, which is remembered. */
const metered = (limit) => [
  { to: "ours-node", limit, kinds: ["post"] },
  { to: "ours-node", limit: 1.1, kinds: ["get"] },
];

/** CPU time: at most `limit` times that of `to`. `line` is `@22` and the like, or empty. */
const CPU_TARGETS = {
  "ours-node": (line) => [
    { to: `bare-undici${line}`, limit: 1.2 },
    ...(line === "" ? [{ to: "published-express", limit: 1 / 7, kinds: ["post"] }] : []),
  ],
  "ours-node-watched": (line) => [{ to: `ours-node${line}`, limit: 1.03 }],
  "ours-node-json": (line) => [{ to: `ours-node${line}`, limit: 1.12 }],
  "ours-metered-memory": () => metered(1.4),
  "ours-metered-million": () => [{ to: "ours-metered-memory", limit: 1.1 }],
  "ours-metered-redis": () => metered(2.2),
  "ours-metered-sqlite": () => metered(2.2),
  "ours-metered-postgres": () => metered(2.6),
  "ours-express": () => [{ to: "published-express", limit: 1 / 3, kinds: ["post"] }],
  "ours-hono": () => [
    { to: "bare-undici", limit: 1.6 },
    { to: "published-hono", limit: 1 / 4, kinds: ["post"] },
  ],
};

function cpuTargets(of, { to, limit, kinds = KINDS }) {
  return kinds.map((kind) => ({
    said: `CPU per ${kind.toUpperCase()} at most ${factor(limit)} of ${to}`,
    needs: [of, to],
    judge: (one, other) => {
      const ratio = cpuRatio(one, other, kind);
      return { met: ratio <= limit, shown: factor(ratio) };
    },
  }));
}

function aboveExpress() {
  return KINDS.map((kind) => ({
    said: `CPU per ${kind.toUpperCase()} less bare-express at most that of ours-node`,
    needs: ["ours-express", "bare-express", "ours-node"],
    judge: (ours, express, node) => {
      const ratio = median(
        ours[kind].cpuOfRounds.map(
          (cpu, round) => (cpu - express[kind].cpuOfRounds[round]) / node[kind].cpuOfRounds[round],
        ),
      );
      return { met: ratio <= 1, shown: `${ratio.toFixed(3)}×` };
    },
  }));
}

/** Every target with what was measured: ✓ met, ✗ missed, – when somebody did not run. */
export function verdicts(results) {
  const byName = new Map(results.map((result) => [result.name, result]));
  return results
    .filter(({ name }) => name.startsWith("ours-") && !name.endsWith("/other"))
    .flatMap(({ name }) =>
      targetsOf(name).map(({ said, needs, judge, measured = () => true }) => {
        const concerned = needs.map((needed) => byName.get(needed));
        if (!measured(byName.get(name))) return undefined;
        if (concerned.includes(undefined)) return `- – ${name}: ${said}`;
        const { met, shown } = judge(...concerned);
        return `- ${met ? "✓" : "✗"} ${name}: ${said}: ${shown}`;
      }),
    )
    .filter((line) => line !== undefined)
    .join("\n");
}

/** What each contestant costs beside its double that has the other build of the library. */
export function comparison(results) {
  return results
    .flatMap((one) => {
      const other = results.find(({ name }) => name === `${one.name}/other`);
      if (other === undefined) return [];
      const [post, get] = KINDS.map((kind) => {
        const rounds = ratios(one, other, kind);
        const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
        return `${kind.toUpperCase()} ${median(rounds).toFixed(3)}× (${least.toFixed(2)}–${most.toFixed(2)})`;
      });
      return [`${one.name}, CPU beside ${other.name}: ${post}, ${get}`];
    })
    .join("\n");
}

/** The median of each round's own ratio: what slows a whole round down is in both of its halves. */
const cpuRatio = (one, other, kind) => median(ratios(one, other, kind));

const ratios = (one, other, kind) =>
  one[kind].cpuOfRounds.map((cpu, round) => cpu / other[kind].cpuOfRounds[round]);

const factor = (ratio) =>
  ratio < 1 / 2 ? `1/${Number((1 / ratio).toFixed(2))}` : `${Number(ratio.toFixed(3))}×`;
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
