/** The report as Markdown, for a job summary or a comment. */
import type { Report, Result } from "../report.ts";
import { describeFailure } from "./text.ts";

export function markdownReport(report: Report): string {
  const { counts } = report;
  const lines = [
    `### fal-proxy-conformance: ${report.ok ? "conforms" : "does not conform"}`,
    "",
    "| passed | MUST failed | SHOULD failed | expected failures | unexpected passes | not offered |",
    "|---|---|---|---|---|---|",
    `| ${counts.passed} | ${counts.failed} | ${counts.warned} | ${counts.expectedFailures} | ${counts.unexpectedPasses} | ${counts.notOffered} |`,
    "",
  ];
  const told = report.results.filter(
    (r) => r.outcome === "failed" || r.outcome === "unexpected-pass",
  );
  if (told.length > 0) {
    lines.push("| | case | rule | wanted |", "|---|---|---|---|", ...told.map(row), "");
    lines.push("<details><summary>What was sent and seen</summary>", "");
    for (const result of told)
      lines.push("```", describeFailure(result).replaceAll("```", "'''"), "```", "");
    lines.push("</details>", "");
  }
  return lines.join("\n");
}

function row({ case: one, outcome, failure }: Result): string {
  const kind = outcome === "unexpected-pass" ? "list" : one.level;
  const wanted = failure?.wanted ?? "passes, though a failure was expected";
  return `| ${kind} | \`${one.id}\` ${one.title} | ${one.rule} | ${wanted.replaceAll("|", "\\|")} |`;
}
