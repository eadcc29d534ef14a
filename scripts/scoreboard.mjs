// `npm run scoreboard`: runs fal-proxy-conformance over every proxy here and over the contestants, and prints who
// keeps which rule.
//
//   --only express,flask   these subjects
//   --kept                 what the last run or `npm test` left, without running the tests' subjects again
//   --faults               the faults of the published package alone, with the names of the failing cases
//   --write                puts the summary into README.md
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { apps } from "../examples/testing/apps.mjs";
import { languages } from "../examples/testing/languages.mjs";
import { subjects } from "../packages/proxy/test/conformance/subjects.mjs";
import { contestants } from "./contestants.mjs";
import { root } from "./runner.mjs";
import { departures, failingCases, faultTable, summary, topicTable } from "./scoreboard-tables.mjs";
import { setUp } from "./setup.mjs";
import { runVitest } from "./vitest-run.mjs";

const kept = join(root, ".artifacts/conformance");
const thisPackage = "this package";
/** Our own adapters and the examples are judged by their tests, which keep their reports. */
async function runTests(only) {
  const names = only.filter((name) => !(name in contestants));
  if (only.length > 0 && names.length === 0) return;
  // Tests of cases begin with their subject and their rule.
  const pattern = names.length === 0 ? " P-[0-9]+ " : `^(${names.join("|")}) P-[0-9]+ `;
  const where = ["packages/proxy/test/conformance", "examples"];
  await runVitest({ name: "scoreboard", args: [...where, "-t", pattern] });
}

async function runContestants(only) {
  const { formats, runConformance } = await import("fal-proxy-conformance");
  mkdirSync(kept, { recursive: true });
  for (const [subject, { command: start, ...contestant }] of Object.entries(contestants)) {
    if (only.length > 0 && !only.includes(subject)) continue;
    const report = await runConformance({ subject, start, ...contestant });
    writeFileSync(join(kept, `${subject}.json`), formats.json(report));
    const { passed, failed, warned } = report.counts;
    console.log(`${subject}: ${passed} passed, ${failed} MUST failed, ${warned} SHOULD failed`);
  }
}

/** Every report that is there of a proxy in the tables, by kind of proxy, in the order of their names. */
function readGroups(only) {
  const files = existsSync(kept) ? readdirSync(kept).sort() : [];
  const reports = files
    .map((file) => JSON.parse(readFileSync(join(kept, file), "utf8")))
    .filter(({ subject }) => only.length === 0 || only.includes(subject));
  const kindOf = ({ subject }) => {
    if (subject.startsWith("published-")) return "published 1.2.1";
    if (subject in contestants) return "fal's page";
    if (subject in languages) return "one file";
    return subject in subjects || subject in apps ? thisPackage : undefined;
  };
  return [thisPackage, "one file", "published 1.2.1", "fal's page"].map((title) => ({
    title,
    reports: reports.filter((report) => kindOf(report) === title),
  }));
}

function writeReadme(text) {
  const file = join(root, "README.md");
  const [begin, end] = ["<!-- scoreboard -->", "<!-- /scoreboard -->"];
  const readme = readFileSync(file, "utf8");
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`README.md has no ${begin} … ${end}`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    kept: { type: "boolean", default: false },
    faults: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const only = values.only.flatMap((names) => names.split(","));
if (!values.kept) {
  setUp({ tests: true });
  await runTests(only);
  await runContestants(only);
}
const groups = readGroups(only);
const [ours] = groups;
if (!values.faults) {
  console.log(`\n${topicTable(groups)}\n\nNot kept by ${thisPackage}:\n\n${departures(ours)}`);
}
console.log(`\n${faultTable(groups)}\n\n${failingCases(groups)}`);
if (values.write) writeReadme(summary(groups));
