// The results as a person reads them: a table, the targets with their marks, bench/README.md.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type as system } from "node:os";
import { join } from "node:path";
import { median } from "./measure.mjs";

/** CPU time: `of` at most `limit` times `to`, for each of the `kinds` of request. */
const CPU_TARGETS = [
  { of: "ours-node", to: "bare-undici", limit: 1.2, kinds: ["post", "get"] },
  { of: "ours-hono", to: "bare-undici", limit: 1.6, kinds: ["post", "get"] },
  { of: "ours-node-watched", to: "ours-node", limit: 1.03, kinds: ["post", "get"] },
  { of: "ours-node-json", to: "ours-node", limit: 1.12, kinds: ["post", "get"] },
  { of: "ours-node", to: "published-express", limit: 1 / 7, kinds: ["post"] },
  { of: "ours-express", to: "published-express", limit: 1 / 3, kinds: ["post"] },
  { of: "ours-hono", to: "published-hono", limit: 1 / 4, kinds: ["post"] },
];
const MEMORY_LIMIT = 32 * 1024 * 1024;
const FIRST_BYTE_LIMIT_MS = 1;

/** The machine and the sizes of the run, in one paragraph. */
export function describeMachine({
  loadBefore,
  loadAfter,
  rounds,
  requests,
  streams,
  memoryRounds,
}) {
  const { model } = cpus()[0];
  const memory = Math.round(totalmem() / 2 ** 30);
  return (
    `Indicative. ${model.trim()}, ${availableParallelism()} cores, ${memory} GiB, ${system()}, ` +
    `Node ${process.versions.node}; load average ${loadBefore.toFixed(1)} before and ` +
    `${loadAfter.toFixed(1)} after. Medians of ${rounds} interleaved rounds of ${requests} requests ` +
    `over 16 connections; first bytes of ${rounds * streams} streams; memory of ${memoryRounds} bodies.`
  );
}

/** A Markdown table, one contestant a row. */
export function table(results) {
  const rows = [
    [
      "contestant",
      ...["POST", "GET"].flatMap((kind) => [`${kind} CPU µs`, "per second", "p50 / p99 ms"]),
    ].concat("first byte + ms", "memory + MiB"),
    ["---", ...Array(8).fill("---:")],
    ...results.map(({ name, post, get, firstByteMs, memoryBytes }) => [
      name,
      ...[post, get].flatMap((load) => [
        load.cpu.toFixed(1),
        String(Math.round(load.perSecond)),
        `${load.p50.toFixed(2)} / ${load.p99.toFixed(2)}`,
      ]),
      firstByteMs === undefined ? "–" : firstByteMs.toFixed(2),
      memoryBytes === undefined ? "–" : (memoryBytes / 2 ** 20).toFixed(1),
    ]),
  ];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Every target with what was measured: ✓ met, ✗ missed, – when a contestant did not run. */
export function verdicts(results) {
  const lines = CPU_TARGETS.flatMap(({ of, to, limit, kinds }) =>
    kinds.map((kind) => {
      const said = `${of}: CPU per ${kind.toUpperCase()} at most ${factor(limit)} of ${to}`;
      const ratio = cpuRatio(results, of, to, kind);
      if (ratio === undefined) return `- – ${said}`;
      return `- ${ratio <= limit ? "✓" : "✗"} ${said}: ${factor(ratio)}`;
    }),
  );
  for (const { name, memoryBytes, firstByteMs } of results.filter(isOurs)) {
    const mebibytes = (memoryBytes / 2 ** 20).toFixed(1);
    lines.push(
      `- ${memoryBytes < MEMORY_LIMIT ? "✓" : "✗"} ${name}: memory growth with a slow reader under 32 MiB: ${mebibytes}`,
      `- ${firstByteMs <= FIRST_BYTE_LIMIT_MS ? "✓" : "✗"} ${name}: first streamed byte at most 1 ms later than direct: ${firstByteMs.toFixed(2)}`,
    );
  }
  return lines.join("\n");
}

/** What each contestant costs beside its double that has the other build of the library. */
export function comparison(results) {
  return results
    .filter(({ name }) => results.some((other) => other.name === `${name}/other`))
    .map(({ name }) => {
      const ratios = ["post", "get"].map(
        (kind) =>
          `${kind.toUpperCase()} ${cpuRatio(results, name, `${name}/other`, kind).toFixed(3)}×`,
      );
      return `${name}, CPU beside ${name}/other: ${ratios.join(", ")}`;
    })
    .join("\n");
}

/** The median of each round's own ratio: what slows a whole round down is in both of its halves. */
function cpuRatio(results, of, to, kind) {
  const [one, other] = [of, to].map((name) => results.find((result) => result.name === name));
  if (one === undefined || other === undefined) return undefined;
  const others = other[kind].cpuOfRounds;
  return median(one[kind].cpuOfRounds.map((cpu, round) => cpu / others[round]));
}

const factor = (ratio) =>
  ratio < 1 ? `1/${Number((1 / ratio).toFixed(2))}` : `${Number(ratio.toFixed(3))}×`;

const isOurs = ({ name }) => name.startsWith("ours-");

/** Puts the report between the markers of bench/README.md. */
export function writeReadme(report) {
  const path = join(import.meta.dirname, "README.md");
  const text = readFileSync(path, "utf8");
  const between = /(<!-- results -->\n)[\s\S]*(<!-- \/results -->)/;
  if (!between.test(text)) throw new Error("bench/README.md has lost its <!-- results --> markers");
  writeFileSync(
    path,
    text.replace(between, (_, open, close) => `${open}\n${report}\n\n${close}`),
  );
}
