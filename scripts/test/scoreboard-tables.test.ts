// The scoreboard calls a failure a failure, whoever expected it.
import { expect, test } from "vitest";
import type { Report } from "fal-proxy-conformance";
import { departures, failingCases, faultTable, topicTable } from "../scoreboard-tables.mjs";

type Outcome = Report["results"][number]["outcome"];

function report(subject: string, outcomes: Record<string, Outcome>): Report {
  const results = Object.entries(outcomes).map(([id, outcome], index) => ({
    case: {
      id,
      title: `title of ${id}`,
      rule: "P-01",
      level: index === 0 ? ("MUST" as const) : ("SHOULD" as const),
      topic: "target" as const,
      faults: [`R${index + 1}`],
      hint: "",
    },
    outcome,
    milliseconds: 1,
    ...(outcome === "expected-failure" && { reason: "the framework cannot" }),
  }));
  const counts = { passed: 0, failed: 0, warned: 0 };
  return {
    subject,
    results,
    counts: { ...counts, expectedFailures: 0, unexpectedPasses: 0, notOffered: 0 },
    ok: true,
    milliseconds: 1,
  };
}

const groups = [
  {
    title: "ours",
    reports: [
      report("whole", { one: "passed", two: "passed", three: "not-offered" }),
      report("half", { one: "failed", two: "expected-failure", three: "unexpected-pass" }),
    ],
  },
];

test("passed cases are counted of those that ran, by the word of their rule", () => {
  expect(topicTable(groups)).toContain("| whole | 1/1 · 1/1 | 1/1 · 1/1 |");
  expect(topicTable(groups)).toContain("| half | 0/1 · 1/2 | 0/1 · 1/2 |");
});

test("a fault shows where a case of it fails, also an expected one, and is open where none ran", () => {
  const table = faultTable(groups);
  expect(table).toContain("| R1 | ✓ | ✗ |");
  expect(table).toContain("| R2 | ✓ | ✗ |");
  expect(table).toContain("| R3 | – | ✓ |");
  expect(table).not.toContain("| R17 |");
  expect(failingCases(groups)).toContain("- R1: `one` (half)\n- R2: `two` (half)\n");
});

test("what is left undone is named, with the reason where there is one", () => {
  expect(departures(groups[0] as (typeof groups)[number])).toBe(
    "- half: MUST `one` (P-01), title of one\n- half: SHOULD `two` (P-01), the framework cannot",
  );
});
