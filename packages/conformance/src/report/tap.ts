/** The report as TAP version 14: SHOULD failures are marked `# TODO`, so that harnesses do not count them as failures. */
import type { Report, Result } from "../report.ts";

export function tapReport(report: Report): string {
  const lines = ["TAP version 14", `1..${report.results.length}`];
  report.results.forEach((result, index) => {
    const { outcome, case: one, reason } = result;
    const good = outcome === "passed" || outcome === "not-offered";
    const directive =
      outcome === "not-offered"
        ? ` # SKIP ${reason ?? ""}`
        : outcome === "expected-failure"
          ? ` # TODO ${reason || "expected failure"}`
          : outcome === "failed" && one.level === "SHOULD"
            ? " # TODO a recommendation"
            : "";
    const title = `${one.id} ${one.rule} ${one.title}`.replace(/[#\\]/g, "\\$&");
    lines.push(`${good ? "ok" : "not ok"} ${index + 1} - ${title}${directive}`);
    lines.push(...diagnostic(result));
  });
  return `${lines.join("\n")}\n`;
}

function diagnostic(result: Result): string[] {
  const { failure, case: one, again } = result;
  if (!failure) return [];
  const block = (name: string, text: string): string[] => [
    `  ${name}: |`,
    ...text.split("\n").map((line) => `    ${line}`),
  ];
  return [
    "  ---",
    ...block("wanted", failure.wanted),
    ...block("hint", one.hint),
    ...block("sent", failure.sent),
    ...block("caller", failure.callerSaw),
    ...block("fal", failure.falSaw),
    ...(again === undefined ? [] : block("again", again)),
    "  ...",
  ];
}
