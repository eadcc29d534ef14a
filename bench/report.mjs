// The results as a person reads them: the machine, a table, bench/README.md.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type as system } from "node:os";
import { join } from "node:path";

/** The machine and the sizes of the run, in one paragraph. */
export function describeMachine({ loadBefore, loadAfter, size }) {
  const { rounds, turns, requests, streams, memoryRounds, openStreams } = size;
  const { model } = cpus()[0];
  const memory = Math.round(totalmem() / 2 ** 30);
  return (
    `Indicative. ${model.trim()}, ${availableParallelism()} cores, ${memory} GiB, ${system()}, ` +
    `Node ${process.versions.node}; load average ${loadBefore.toFixed(1)} before and ` +
    `${loadAfter.toFixed(1)} after. Medians of ${rounds} interleaved rounds of ${turns * requests} ` +
    `requests over 16 connections` +
    (streams === 0 ? "" : `; first bytes of ${rounds * turns * streams} streams`) +
    (memoryRounds === 0
      ? "."
      : `; memory of ${memoryRounds} bodies, and ${memoryRounds} times of ${openStreams} open streams.`)
  );
}

const columns = [
  ["contestant", ({ name }) => name],
  ...["POST", "GET"].flatMap((title) => {
    const kind = title.toLowerCase();
    return [
      [`${title} CPU µs`, (result) => result[kind].cpu.toFixed(1)],
      ["per second", (result) => String(Math.round(result[kind].perSecond))],
      ["p50 / p99 ms", ({ [kind]: { p50, p99 } }) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`],
    ];
  }),
  ["first byte + ms", ({ firstByteMs }) => firstByteMs?.toFixed(2)],
  ["slow reader + MiB", ({ memoryBytes }) => memoryBytes && (memoryBytes / 2 ** 20).toFixed(1)],
  ["open stream KB", ({ streamBytes }) => streamBytes && (streamBytes / 1000).toFixed(1)],
];

/** A Markdown table, one contestant a row; – for what was not measured. */
export function table(results) {
  return [
    columns.map(([title]) => title),
    columns.map((_, index) => (index === 0 ? "---" : "---:")),
    ...results.map((result) => columns.map(([, show]) => show(result) ?? "–")),
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

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
