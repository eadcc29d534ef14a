/** The runs of this visit, newest first: they survive a reload and end with the tab. */
import { isOver, type Run } from "./generation/snapshot.ts";

const KEY = "fal-playground-runs";
const LIMIT = 40;

export function loadHistory(): Run[] {
  try {
    const runs = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Run[];
    // A sound that was streamed into this tab's memory is gone with the page that held it.
    const kept = runs.filter(({ media }) => !media.some(({ url }) => url.startsWith("blob:")));
    return kept.map((run) => ({ ...run, labels: new Map(run.labels) }));
  } catch {
    // Storage is switched off, or holds what another version wrote.
    return [];
  }
}

/** Keeps finished runs; when storage is full, as few as fit. */
export function saveHistory(runs: readonly Run[]): void {
  const finished = runs.filter(isOver).map((run) => ({ ...run, labels: [...run.labels] }));
  for (let keep = LIMIT; keep >= 1; keep = Math.floor(keep / 2)) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(finished.slice(0, keep)));
      return;
    } catch {
      // Too large (a result with inline data): try with fewer.
    }
  }
}

/** The list with this snapshot in it. */
export function withRun(runs: readonly Run[], run: Run): Run[] {
  const known = runs.some((one) => one.id === run.id);
  return known
    ? runs.map((one) => (one.id === run.id ? run : one))
    : [run, ...runs].slice(0, LIMIT);
}
