// The measurements of one contestant in one round. Each answers with plain numbers.
import { setTimeout as wait } from "node:timers/promises";
import { cpuMicroseconds, openFilesLimit, residentBytes } from "./process-cost.mjs";

const CONNECTIONS = 16;

/** The large body takes about five seconds: far slower than loopback, so a relay must hold back. */
const SLOW_BYTES_PER_SECOND = 100_000_000;
const SAMPLE_MS = 10;

const OTHER_FILES = 200;
const SETTLE_MS = 1_000;

/** CPU microseconds per request of the contestant's processes, with the rate and latencies (ms) seen. */
export async function measureLoad(drive, contestant, kind, count) {
  const { pid, port, route } = contestant;
  await drive("open", { kind, port, route, connections: CONNECTIONS });
  const before = cpuMicroseconds(pid);
  const seen = await drive("load", { count });
  const cpu = (cpuMicroseconds(pid) - before) / count;
  await drive("close");
  return { cpu, ...seen };
}

/** Ms until the first byte of a stream's body, `via` the contestant and `direct`, asked in turns. */
export function measureFirstByte(drive, contestant, upstreamPort, count) {
  return drive("firstByte", { port: contestant.port, upstreamPort, count });
}

/** How many streams can be open at once: a relay has two connections for each, and some files of its own. */
export function possibleStreams(wanted) {
  return Math.min(wanted, Math.floor((openFilesLimit() - OTHER_FILES) / 2));
}

/** How far resident memory rises for each of `count` open streams, in bytes. */
export async function measureStreams(drive, contestant, count) {
  const before = residentBytes(contestant.pid);
  await drive("openStreams", { port: contestant.port, count });
  await wait(SETTLE_MS);
  const grown = residentBytes(contestant.pid) - before;
  await drive("closeStreams");
  return grown / count;
}

/** How far resident memory rises, in bytes, while a slow reader takes the large body. */
export async function measureMemory(drive, contestant) {
  const before = residentBytes(contestant.pid);
  let peak = before;
  let reading = true;
  const read = drive("slowRead", {
    port: contestant.port,
    bytesPerSecond: SLOW_BYTES_PER_SECOND,
  }).finally(() => (reading = false));
  while (reading) {
    peak = Math.max(peak, residentBytes(contestant.pid));
    await Promise.race([wait(SAMPLE_MS), read]);
  }
  return peak - before;
}

/** The middle value; of an even number the upper one, of none undefined. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
