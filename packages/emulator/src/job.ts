/** One queued request: its states, its logs, its platform retries, and its single outcome. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { requestError } from "./errors.ts";
import type { LogLevel } from "./model.ts";
import type { Release, Slots } from "./slots.ts";
import { startTimeout } from "./start-timeout.ts";

/** A log line in both forms that clients read: level and source flat (JS), and as labels (Java, Swift). */
export interface LogEntry {
  message: string;
  timestamp: string;
  level: LogLevel;
  source: "USER";
  labels: { level: LogLevel; source: "USER" };
}

/** There is no FAILED and no CANCELLED: those are COMPLETED with an `error`, and a result that says more. */
export type JobState = "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED";

export interface Job {
  readonly id: string;
  /** Equals `id` on the first attempt; the platform gives each retry one of its own. */
  gatewayId: string;
  /** `[namespace/]owner/app`. */
  readonly app: string;
  readonly account: string;
  readonly submittedAt: number;
  state: JobState;
  readonly logs: LogEntry[];
  /** What the result replays; set with COMPLETED. */
  outcome?: Answer;
  /** Seconds that the model ran; null when it never did. */
  inferenceTime: number | null;
  completedAt?: number;
  /** Settles with COMPLETED. */
  readonly done: Promise<void>;
  /** Ends a waiting job, or asks a running one to stop. */
  cancel(): void;
}

export interface JobOptions {
  app: string;
  account: string;
  slots: Slots;
  /** Milliseconds in the queue before a runner takes the job. */
  queueMs: number;
  /** Milliseconds after submission by which the model must have started. */
  startLimitMs: number;
  /** Tries after a 503 or 504 of the app, the first included. fal: 10, and 1 with `x-fal-no-retry`. */
  attempts: number;
  /** Milliseconds before the second attempt, doubled for each further one. */
  backoffMs: number;
  /** Runs the model once. Rejects when `signal` is aborted, unless the model ignores that. */
  execute(job: Job, signal: AbortSignal, log: Log): Promise<Answer>;
  /** Told of every change of state, position or logs. */
  onChange(job: Job): void;
}

export type Log = (message: string, level?: LogLevel) => void;

/** A chatty model must not fill the memory of a long-lived emulator. */
const logLimit = 1000;

/** Submits a job; it proceeds by itself. */
export function startJob(options: JobOptions): Job {
  const id = randomUUID();
  const abort = new AbortController();
  const { promise: done, resolve: settle } = deferred();
  const job: Job = {
    id,
    gatewayId: id,
    app: options.app,
    account: options.account,
    submittedAt: Date.now(),
    state: "IN_QUEUE",
    logs: [],
    inferenceTime: null,
    done,
    cancel: () => abort.abort(new Error("cancelled")),
  };
  const enter = (state: JobState): void => {
    job.state = state;
    options.onChange(job);
  };
  void proceed(job, options, abort.signal, enter).then((outcome) => {
    job.outcome = outcome;
    job.completedAt = Date.now();
    enter("COMPLETED");
    settle();
  });
  return job;
}

/** IN_QUEUE → IN_PROGRESS → … → the outcome. Never rejects. */
async function proceed(
  job: Job,
  options: JobOptions,
  signal: AbortSignal,
  enter: (state: JobState) => void,
): Promise<Answer> {
  const log: Log = (message, level = "INFO") => {
    if (job.logs.length >= logLimit) return;
    const labels = { level, source: "USER" } as const;
    job.logs.push({ message, timestamp: new Date().toISOString(), ...labels, labels });
    options.onChange(job);
  };
  for (let attempt = 1; ; attempt++) {
    const waitMs =
      attempt === 1 ? options.queueMs : options.backoffMs * 2 ** Math.min(attempt - 2, 6);
    const release = await start(options, waitMs, signal);
    if (typeof release !== "function") return release;
    enter("IN_PROGRESS");
    const startedAt = performance.now();
    try {
      const outcome = await options.execute(job, signal, log);
      const mayRetry = outcome.status === 503 || outcome.status === 504;
      if (!mayRetry || attempt >= options.attempts) return outcome;
    } catch {
      return cancelled();
    } finally {
      job.inferenceTime = (performance.now() - startedAt) / 1000;
      release();
    }
    job.gatewayId = randomUUID();
    enter("IN_QUEUE");
  }
}

/** Waits for the runner and for a free slot; the slot, or why the job never started. */
async function start(
  options: JobOptions,
  waitMs: number,
  cancel: AbortSignal,
): Promise<Release | Answer> {
  const limited = options.startLimitMs < Infinity;
  const limit = limited ? AbortSignal.timeout(options.startLimitMs) : undefined;
  const signal = limit ? AbortSignal.any([cancel, limit]) : cancel;
  try {
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    return await options.slots.acquire(options.account, signal);
  } catch {
    return cancel.aborted ? cancelled() : startTimeout();
  }
}

function cancelled(): Answer {
  return requestError("client_cancelled", "Request was cancelled by the client");
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
