/** What fal's answer to a paid call says about money: the table of guards.md, section 4. */
import type { End } from "../end.ts";
import { readUnits } from "../money/amount.ts";
import type { Operation } from "../target.ts";
import type { Verdict } from "./price-tag.ts";

/** The part of an answer that counts. */
export interface Answered {
  readonly status: number;
  header(name: string): string | undefined;
}

/** fal answered, and not something in front of it: an ingress speaks for nobody. */
const isFals = (answer: Answered): boolean =>
  answer.header("x-fal-request-id") !== undefined ||
  answer.header("x-fal-error-type") !== undefined;

/** @returns "accepted" for a job that goes on in the queue */
export function verdictOf(operation: Operation, answer: Answered): Verdict | "accepted" {
  const { status } = answer;
  const units = answer.header("x-fal-billable-units");
  if (status < 300) {
    if (operation === "submit") return "accepted";
    // Nothing is billed by the count that is not told: what was set aside stands, until more is known.
    return readUnits(units) === undefined ? { state: "estimated" } : { state: "charged", units };
  }
  if (status >= 500) return isFals(answer) ? { state: "void" } : UNKNOWN;
  // A queue has refused it before it ran.
  if (operation === "submit" || (status !== 400 && status !== 422)) return { state: "void" };
  const counted = readUnits(units);
  if (counted === undefined) return { state: "estimated" };
  return counted === 0n ? { state: "void" } : { state: "charged", units };
}

/** Nobody will know whether it ran. */
export const UNKNOWN: Verdict = { state: "estimated", unknown: true };

/** A call that ended before fal's answer began. */
export const verdictOfEnd = ({ sent }: Pick<End, "sent">): Verdict =>
  sent ? UNKNOWN : { state: "void" };
