/** The outcome of a run, as data; the folder `report/` prints it. */
import type { Case, Failure } from "./case.ts";

/**
 * - `not-offered`: the case needs a profile, a process id or a package that this proxy does not offer;
 * - `unexpected-pass`: a case of the list of expected failures passed, so the list is out of date.
 */
export type Outcome = "passed" | "failed" | "expected-failure" | "unexpected-pass" | "not-offered";

export interface Result {
  readonly case: Omit<Case, "run">;
  readonly outcome: Outcome;
  readonly milliseconds: number;
  /** With `failed` and `expected-failure`. */
  readonly failure?: Failure;
  /** Why it was not offered, or why a failure is expected. */
  readonly reason?: string;
  /** Unless it passed: the command that runs this case again. */
  readonly again?: string;
}

export interface Report {
  /** What was judged: the command or the URL. */
  readonly subject: string;
  readonly results: readonly Result[];
  readonly counts: Counts;
  /** No MUST case failed (with `strict`: none at all), and no expected failure passed. */
  readonly ok: boolean;
  readonly milliseconds: number;
}

export interface Counts {
  readonly passed: number;
  /** Of MUST rules. */
  readonly failed: number;
  /** Failed cases of SHOULD rules. */
  readonly warned: number;
  readonly expectedFailures: number;
  readonly unexpectedPasses: number;
  readonly notOffered: number;
}

export function makeReport(
  subject: string,
  results: readonly Result[],
  milliseconds: number,
  strict: boolean,
): Report {
  const count = (outcome: Outcome, level?: Case["level"]): number =>
    results.filter((r) => r.outcome === outcome && (!level || r.case.level === level)).length;
  const counts: Counts = {
    passed: count("passed"),
    failed: count("failed", "MUST"),
    warned: count("failed", "SHOULD"),
    expectedFailures: count("expected-failure"),
    unexpectedPasses: count("unexpected-pass"),
    notOffered: count("not-offered"),
  };
  const ok =
    counts.failed === 0 && counts.unexpectedPasses === 0 && (!strict || counts.warned === 0);
  return { subject, results, counts, ok, milliseconds };
}
