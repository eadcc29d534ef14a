/** What fal's answer to a paid call says about money: the table of guards.md, section 4. */
import type { End } from "../end.ts";
import { readUnits } from "../money/amount.ts";
import type { JobState } from "../stores/store.ts";

/** What is known of the end of a job. */
export interface Verdict {
  readonly state: Exclude<JobState, "open">;
  /** fal's count, as sent. */
  readonly units?: string | undefined;
  /** What fal's bill says, in nano-dollars, where that was read. @default its count times the price of the day */
  readonly billed?: bigint;
  /** True where nobody will ever know whether it was billed. */
  readonly unknown?: boolean;
}

/** The part of an answer that counts. */
export interface Answered {
  readonly status: number;
  header(name: string): string | undefined;
}

/** Nobody will know whether it ran. */
export const UNKNOWN: Verdict = { state: "estimated", unknown: true };

/** Refused before anything ran. Another one of 400 to 499 may have run for a while. */
const NEVER_RAN: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 415, 429]);

/** fal answered, and not something in front of it: an ingress speaks for nobody. */
export const isFals = (answer: Answered): boolean =>
  answer.header("x-fal-request-id") !== undefined ||
  answer.header("x-fal-error-type") !== undefined;

/** Of a run, a stream, or the result of a job. */
export function verdictOf(answer: Answered): Verdict {
  const { status } = answer;
  const units = answer.header("x-fal-billable-units");
  const counted = readUnits(units);
  if (status >= 500) return isFals(answer) ? { state: "void" } : UNKNOWN;
  if (status >= 300 && (status < 400 || NEVER_RAN.has(status))) return { state: "void" };
  // What was set aside stands, until more is known: a count that is not told is not nothing.
  if (counted === undefined) return { state: "estimated" };
  return status >= 400 && counted === 0n ? { state: "void" } : { state: "charged", units };
}

/** Of a submit: "accepted" for a job that goes on in the queue. What the queue refuses never ran. */
export function verdictOfSubmit(answer: Answered): Verdict | "accepted" {
  const { status } = answer;
  if (status < 300) return "accepted";
  return status < 500 || isFals(answer) ? { state: "void" } : UNKNOWN;
}

/** A call that ended before fal's answer began. */
export const verdictOfEnd = ({ sent }: Pick<End, "sent">): Verdict =>
  sent ? UNKNOWN : { state: "void" };
