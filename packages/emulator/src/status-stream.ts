/** The status of a job as server-sent events: one per change, logs as increments, a comment when it is quiet. */
import type { Answer } from "./answer.ts";
import type { Job, LogEntry } from "./job.ts";
import { event, eventStreamHeaders } from "./stream.ts";

export interface StatusStreamOptions {
  job: Job;
  wantsLogs: boolean;
  describe(job: Job, logs: LogEntry[] | null): object;
  /** Called on every change of any job: the position in the queue depends on the others. */
  watchers: Set<() => void>;
  keepAliveMs: number;
  signal: AbortSignal;
}

/** Ends after COMPLETED. */
export function statusStream(options: StatusStreamOptions): Answer {
  return { status: 200, headers: eventStreamHeaders, body: events(options) };
}

async function* events(options: StatusStreamOptions): AsyncGenerator<string> {
  const { job, wantsLogs, describe, watchers, keepAliveMs, signal } = options;
  let told = 0;
  let last = "";
  while (!signal.aborted) {
    const completed = job.state === "COMPLETED";
    const fresh = wantsLogs ? job.logs.slice(told) : null;
    const next = event(describe(job, fresh));
    // The state is compared without its logs: an increment of none is no news.
    const bare = fresh?.length === 0 ? next : event(describe(job, wantsLogs ? [] : null));
    if (bare !== last || (job.state !== "IN_QUEUE" && fresh && fresh.length > 0)) {
      if (job.state !== "IN_QUEUE") told += fresh?.length ?? 0;
      last = bare;
      yield next;
      // More may have happened while the reader took this one.
      if (!completed) continue;
    }
    if (completed) return;
    if (!(await changed(watchers, keepAliveMs, signal))) yield ": keep-alive\n\n";
  }
}

/** True at the next change (or when the reader left), false after `ms` without one. */
function changed(watchers: Set<() => void>, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (value: boolean) => (): void => {
      clearTimeout(timer);
      watchers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve(value);
    };
    const wake = settle(true);
    const timer = setTimeout(settle(false), ms);
    watchers.add(wake);
    signal.addEventListener("abort", wake);
  });
}
