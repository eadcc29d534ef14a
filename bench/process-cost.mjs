// What a process and its descendants cost, as Linux counts it.
import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time of user and kernel, in microseconds. Read from `schedstat`, which counts in nanoseconds what
 * utime + stime of `stat` round to 10 ms.
 */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const member of processTree(pid)) {
    for (const thread of readdirSync(`/proc/${member}/task`)) {
      const [running] = readFileSync(`/proc/${member}/task/${thread}/schedstat`, "utf8").split(" ");
      nanoseconds += Number(running);
    }
  }
  return nanoseconds / 1000;
}

/** Resident memory, in bytes. */
export function residentBytes(pid) {
  let kilobytes = 0;
  for (const member of processTree(pid)) {
    const status = readFileSync(`/proc/${member}/status`, "utf8");
    kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

/** The most files that a process started here may have open: Node raises its own limit to this one. */
export function openFilesLimit() {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1];
  return hard === "unlimited" ? Infinity : Number(hard);
}

function processTree(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
  );
  return [pid, ...children.flatMap((child) => processTree(child))];
}
