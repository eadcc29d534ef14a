/** Reads the resident memory of a process and its descendants from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Whether this system can tell. */
export function canMeasureMemory(pid: number): boolean {
  return residentBytes(pid) > 0;
}

/** Bytes of resident memory of `pid` and all processes below it; 0 when unknown. */
export function residentBytes(pid: number): number {
  const children = childrenByParent();
  const sum = (one: number): number =>
    ownResidentBytes(one) +
    (children.get(one) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(pid);
}

function ownResidentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`));
  return Number(match?.[1] ?? 0) * 1024;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of list("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // The command in parentheses may itself contain spaces and parentheses; the parent follows the last one.
    const parent = Number(read(`/proc/${name}/stat`).split(")").at(-1)?.trim().split(" ")[1]);
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export interface MemoryWatch {
  /** Stops watching. @returns bytes between the first sample and the highest */
  growth(): number;
}

/** Samples every 50 ms. */
export function watchMemory(pid: number): MemoryWatch {
  const first = residentBytes(pid);
  let highest = first;
  const timer = setInterval(() => {
    highest = Math.max(highest, residentBytes(pid));
  }, 50);
  return {
    growth: () => {
      clearInterval(timer);
      return Math.max(highest, residentBytes(pid)) - first;
    },
  };
}
