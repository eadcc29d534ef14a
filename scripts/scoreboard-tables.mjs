// The scoreboard's tables, from the reports of the conformance kit.

/**
 * @typedef {import("fal-proxy-conformance").Report} Report
 * @typedef {import("fal-proxy-conformance").Result} Result
 * @typedef {{ title: string, reports: Report[] }} Group proxies of one kind
 */

/** Of the published package's faults; R17, foreign request ids, is no rule for a relay: guards answer it. */
const faults = Array.from({ length: 36 }, (_, index) => `R${index + 1}`).filter((r) => r !== "R17");

/** A framework that departs with a reason has failed the case all the same. */
const hasFailed = ({ outcome }) => outcome === "failed" || outcome === "expected-failure";
const hasRun = (result) =>
  hasFailed(result) || ["passed", "unexpected-pass"].includes(result.outcome);

const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) =>
  [row(head), row(head.map((_, index) => (index === 0 ? "---" : ":-:"))), ...rows.map(row)].join(
    "\n",
  );

/** `passed/run` of one word, or nothing where none has run. */
function score(results, level) {
  const run = results.filter((result) => hasRun(result) && result.case.level === level);
  if (run.length === 0) return "";
  const passed = run.filter((result) => !hasFailed(result)).length;
  return `${passed}/${run.length}`;
}

/** Subject × topic: the MUST cases that passed, of those that ran; after a point, the SHOULD cases. */
export function topicTable(groups) {
  const reports = groups.flatMap((group) => group.reports);
  const topics = [...new Set(reports.flatMap(({ results }) => results.map((r) => r.case.topic)))];
  const cell = (results) =>
    [score(results, "MUST") || "–", score(results, "SHOULD")].filter(Boolean).join(" · ");
  return table(
    ["MUST · SHOULD passed", "all", ...topics],
    reports.map(({ subject, results }) => [
      subject,
      cell(results),
      ...topics.map((topic) => cell(results.filter((result) => result.case.topic === topic))),
    ]),
  );
}

/** What these proxies leave undone, by name. */
export function departures({ reports }) {
  const lines = new Map();
  for (const { subject, results } of reports) {
    for (const { case: one, reason } of results.filter(hasFailed)) {
      const line = `${one.level} \`${one.id}\` (${one.rule}), ${reason ?? one.title}`;
      lines.set(line, [...(lines.get(line) ?? []), subject]);
    }
  }
  return [...lines].map(([line, subjects]) => `- ${subjects.join(", ")}: ${line}`).join("\n");
}

const casesOf = (report, fault) =>
  report.results.filter((result) => hasRun(result) && result.case.faults?.includes(fault));

function verdict(report, fault) {
  const cases = casesOf(report, fault);
  if (cases.length === 0) return "–";
  return cases.some(hasFailed) ? "✗" : "✓";
}

/** Fault × subject: ✗ where at least one of its cases fails. */
export function faultTable(groups) {
  const reports = groups.flatMap((group) => group.reports);
  return table(
    ["", ...reports.map(({ subject }) => subject)],
    faults.map((fault) => [fault, ...reports.map((report) => verdict(report, fault))]),
  );
}

/** For every fault the failing cases, and the subjects that fail them. */
export function failingCases(groups) {
  const reports = groups.flatMap((group) => group.reports);
  return faults
    .map((fault) => {
      const subjects = new Map();
      for (const report of reports) {
        for (const { case: one } of casesOf(report, fault).filter(hasFailed)) {
          subjects.set(one.id, [...(subjects.get(one.id) ?? []), report.subject]);
        }
      }
      const named = [...subjects].map(([id, names]) => `\`${id}\` (${names.join(", ")})`);
      return `- ${fault}: ${named.join("; ") || "no case fails"}`;
    })
    .join("\n");
}

/** For the README: totals, what the first group leaves undone, and one column a group for the faults. */
export function summary(groups) {
  const totals = groups.flatMap(({ title, reports }) =>
    reports.map(({ subject, results }) => [
      subject,
      title,
      score(results, "MUST"),
      score(results, "SHOULD"),
    ]),
  );
  const verdicts = groups.map(({ title, reports }) => [
    title,
    ...faults.map((fault) => {
      const all = reports.map((report) => verdict(report, fault));
      return ["✗", "✓"].find((one) => all.includes(one)) ?? "–";
    }),
  ]);
  return [
    table(["proxy", "", "MUST passed", "SHOULD passed"], totals),
    `What this package leaves undone, by framework:\n\n${departures(groups[0])}`,
    "The faults of the published package: ✗ when a case fails on any proxy of the kind. " +
      "`npm run scoreboard -- --faults` names the cases.",
    table(["", ...faults.map((fault) => fault.slice(1))], verdicts),
  ].join("\n\n");
}
