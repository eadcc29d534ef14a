/** The report for people: failures in full, the rest in numbers. */
import type { Report, Result } from "../report.ts";

const indent = (text: string): string => text.replace(/^/gm, "    ");

/** One failure, enough to fix it: the rule, both sides, what was wanted, a hint, and how to see it again. */
export function describeFailure(result: Result): string {
  const { case: one, failure, outcome, reason, again } = result;
  const lines = [`${mark(result)} ${one.id}  ${one.rule} ${one.level}  ${one.title}`];
  if (one.faults?.length) lines.push(`  also known as: ${one.faults.join(", ")}`);
  if (one.profile && one.profile !== "default") lines.push(`  profile: ${one.profile}`);
  if (outcome === "unexpected-pass") {
    lines.push("  it is on the list of expected failures, and passes: take it off");
  }
  if (outcome === "not-offered") lines.push(`  not run: ${reason ?? "not offered"}`);
  if (failure) {
    lines.push(`  wanted: ${failure.wanted}`, `  hint:   ${one.hint}`);
    lines.push("  sent", indent(failure.sent), "  the caller saw", indent(failure.callerSaw));
    lines.push("  fal saw", indent(failure.falSaw));
  }
  if (again !== undefined) lines.push(`  again:  ${again}`);
  return lines.join("\n");
}

function mark({ outcome, case: { level } }: Result): string {
  if (outcome === "failed") return level === "MUST" ? "FAIL" : "WARN";
  return {
    passed: "ok",
    "expected-failure": "known",
    "unexpected-pass": "FAIL",
    "not-offered": "skip",
  }[outcome];
}

export function textReport(report: Report): string {
  const { counts, results } = report;
  const told = results.filter((r) => r.outcome === "failed" || r.outcome === "unexpected-pass");
  const sections = told.map(describeFailure);

  const known = results.filter((r) => r.outcome === "expected-failure");
  if (known.length > 0) {
    const lines = known.map((r) => `  ${r.case.id}  ${r.reason ?? ""}`.trimEnd());
    sections.push(["Failing as expected:", ...lines].join("\n"));
  }
  const missing = results.filter((r) => r.outcome === "not-offered");
  if (missing.length > 0) {
    const byReason = new Map<string, string[]>();
    for (const { reason = "", case: one } of missing) {
      byReason.set(reason, [...(byReason.get(reason) ?? []), one.id]);
    }
    const lines = [...byReason].map(([reason, ids]) => `  ${reason}\n    ${ids.join(", ")}`);
    sections.push(["Not offered, so not judged:", ...lines].join("\n"));
  }

  const seconds = (report.milliseconds / 1000).toFixed(1);
  const parts = [
    `${counts.passed} passed`,
    `${counts.failed} MUST failed`,
    `${counts.warned} SHOULD failed`,
    ...(counts.expectedFailures ? [`${counts.expectedFailures} expected failures`] : []),
    ...(counts.unexpectedPasses ? [`${counts.unexpectedPasses} unexpected passes`] : []),
    ...(counts.notOffered ? [`${counts.notOffered} not offered`] : []),
  ];
  sections.push(
    `${report.subject}\n${report.ok ? "conforms" : "does not conform"}: ${parts.join(", ")} (${seconds} s)`,
  );
  return `${sections.join("\n\n")}\n`;
}
