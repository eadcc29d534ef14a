/** The report as JUnit XML: one suite per topic. */
import type { Report, Result } from "../report.ts";
import { describeFailure } from "./text.ts";

export function junitReport(report: Report): string {
  const topics = [...new Set(report.results.map((r) => r.case.topic))];
  const suites = topics.map((topic) =>
    suite(
      topic,
      report.results.filter((r) => r.case.topic === topic),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escape(report.subject)}">\n${suites.join("\n")}\n</testsuites>\n`;
}

const isFailure = ({ outcome, case: one }: Result): boolean =>
  outcome === "unexpected-pass" || (outcome === "failed" && one.level === "MUST");

function suite(topic: string, results: Result[]): string {
  const failures = results.filter(isFailure).length;
  const skipped = results.length - failures - results.filter((r) => r.outcome === "passed").length;
  const cases = results.map((result) => {
    const { case: one, milliseconds } = result;
    const open = `    <testcase classname="${topic}" name="${escape(`${one.id} (${one.rule}): ${one.title}`)}" time="${milliseconds / 1000}"`;
    if (result.outcome === "passed") return `${open}/>`;
    const text = escape(describeFailure(result));
    const inside = isFailure(result)
      ? `<failure message="${escape(result.failure?.wanted ?? result.outcome)}">${text}</failure>`
      : `<skipped message="${escape(result.reason ?? `${one.level}: ${result.failure?.wanted ?? ""}`)}"/>`;
    return `${open}>\n      ${inside}\n    </testcase>`;
  });
  return `  <testsuite name="${topic}" tests="${results.length}" failures="${failures}" skipped="${skipped}">\n${cases.join("\n")}\n  </testsuite>`;
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  // XML 1.0 has no form for most control characters.
  return text
    .replace(/[&<>"]/g, (c) => entities[c] as string)
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "?");
}
