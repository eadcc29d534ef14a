/** What is known of a run at one moment; the page shows it, the ways of calling change it. */
import type { FalClient } from "@fal-ai/client";
import type { CallMode, Input } from "../models/model.ts";
import type { Media } from "./media.ts";
import type { Problem } from "./problem.ts";

export type Phase = "sending" | "queued" | "running" | "done" | "failed" | "cancelled";

export interface LogLine {
  message: string;
  level: string;
  timestamp: string;
}

/** A snapshot: a new object at every change. */
export interface Run {
  readonly id: string;
  readonly endpointId: string;
  readonly call: CallMode;
  readonly input: Input;
  /** Field labels by name, so that complaints can be matched to fields. */
  readonly labels: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly phase: Phase;
  /** A cancel is on its way. */
  readonly cancelling: boolean;
  readonly requestId: string;
  /** How many are ahead in the queue. */
  readonly position?: number;
  /** 0…100, when the model's log says so. */
  readonly percent?: number;
  readonly logs: readonly LogLine[];
  readonly text: string;
  readonly media: readonly Media[];
  readonly result?: unknown;
  readonly problem?: Problem;
  /** What the client is doing about a passing trouble. */
  readonly note: string;
}

/** What a run is made of. */
export type RunRequest = Pick<Run, "endpointId" | "call" | "input" | "labels">;

export const isOver = (run: Run): boolean => run.endedAt !== undefined;

export type Change = Partial<Run>;

/** What a way of calling works with; it resolves with the result. */
export interface Work {
  client: FalClient;
  run: () => Run;
  update: (change: Change) => void;
  signal: AbortSignal;
}
