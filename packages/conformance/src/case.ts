/** What a case is: one rule of PROTOCOL.md, tried over the wire, with a name that does not change. */
import type { Rig } from "./rig.ts";
import type { ProfileName } from "./profiles.ts";

/** The word of the rule: a broken MUST fails the run, a broken SHOULD warns. */
export type Level = "MUST" | "SHOULD";

export const topics = [
  "target",
  "methods",
  "endpoints",
  "auth",
  "request-headers",
  "bodies",
  "replies",
  "streaming",
  "aborts",
  "errors",
  "limits",
  "queue",
  "storage",
  "tokens",
  "webhooks",
  "ownership",
  "cors",
  "smuggling",
  "http2",
  "package",
] as const;

export type Topic = (typeof topics)[number];

/**
 * What a case needs beyond a proxy that answers.
 * - `process`: the id of the proxy's process (the kit started it, or the caller of `runConformance` says it);
 * - `package`: the folder of an installed npm package (`--package`);
 * - `slow`: minutes of time (`--slow`).
 */
export type Need = "process" | "package" | "slow";

export interface Case {
  /** `<topic>-<what>`: a name for reports, `--only` and lists of expected failures. Never reused for something else. */
  readonly id: string;
  /** What must be seen, as a sentence without a subject's blame: "an http target is refused". */
  readonly title: string;
  /** The rule of PROTOCOL.md that it judges, e.g. `P-07`. */
  readonly rule: string;
  readonly level: Level;
  readonly topic: Topic;
  /** Rows of the list of the published package's faults (`R1`…) which it makes visible. */
  readonly faults?: readonly string[];
  /** How the proxy has to be configured. @default "default" */
  readonly profile?: ProfileName;
  readonly needs?: readonly Need[];
  /** Nothing else runs meanwhile: for times and memory. @default false */
  readonly alone?: boolean;
  /** What to look at when it fails, for somebody who wrote the proxy. */
  readonly hint: string;
  /** Settles when the rule was kept; throws a {@link Broken} when not. */
  run(rig: Rig): Promise<void>;
}

/** Everything that one needs to understand a failure without running it again. */
export interface Failure {
  /** What was wanted, as a sentence. */
  readonly wanted: string;
  /** What the caller sent: request line, headers, start of the body. */
  readonly sent: string;
  /** What the caller got back. */
  readonly callerSaw: string;
  /** What reached fal. */
  readonly falSaw: string;
}

/** A rule was broken. Anything else that a case throws is a fault of the kit, and reported as one. */
export class Broken extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.wanted);
    this.name = "Broken";
    this.failure = failure;
  }
}
