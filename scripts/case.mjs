// `npm run case -- express replies-gzip`: runs single cases of the conformance kit against one server of this
// repository, in about a second. What a case is called stands in the message of its failing test; a topic
// (`replies`), a rule (`P-43`) and `*` are understood as well. Without names it lists them.
import { nearest } from "./nearest.mjs";
import { setUp } from "./setup.mjs";

// The kit and the library are what these tables and tests import: built first, where they are older than their sources.
setUp({ packages: ["emulator", "proxy", "conformance"] });
const { allCases, describeFailure, profiles, runConformance, selectCases, startCommand } =
  await import("fal-proxy-conformance");
const { subjects } = await import("../packages/proxy/test/conformance/subjects.mjs");
const { apps } = await import("../examples/testing/apps.mjs");
const { languages } = await import("../examples/testing/languages.mjs");
const { floors } = await import("../tools/floor/subjects.mjs");
const { contestants } = await import("./contestants.mjs");

const tables = { ...subjects, ...floors, ...apps, ...languages, ...contestants };

function list() {
  const names = (table) => Object.keys(table).join(", ");
  console.log(`npm run case -- <server> <case>…

Servers:
  adapters    ${names(subjects)}, ${names(floors)}
  built apps  ${names(apps)}
  one file    ${names(languages)}
  others      ${names(contestants)}

Cases, topics and rules:`);
  for (const topic of new Set(allCases.map((one) => one.topic))) {
    const cases = allCases.filter((one) => one.topic === topic);
    console.log(`  ${topic}\n${cases.map(({ id, rule }) => `    ${id} (${rule})`).join("\n")}`);
  }
}

/** Says so, with the nearest name where one is near. */
function unknown(kind, word, names) {
  const meant = nearest(word, names);
  const hint = meant ? `Did you mean "${meant}"?` : "`npm run case` lists what there is.";
  console.error(`There is no ${kind} "${word}". ${hint}`);
  return 2;
}

/**
 * @param {string[]} names the server's, and those of its cases
 * @returns {Promise<number>} the exit status: 0 kept, 1 broken, 2 asked wrongly
 */
async function main([name, ...words]) {
  if (name === undefined) {
    list();
    return 0;
  }
  const subject = tables[name];
  if (subject === undefined) return unknown("server", name, Object.keys(tables));
  for (const word of words) {
    if (selectCases(allCases, { only: [word] }).length > 0) continue;
    const known = allCases.flatMap((one) => [one.id, one.topic, one.rule]);
    return unknown("case", word, [...new Set(known)]);
  }

  await subject.prepare?.();
  const path = subject.path ?? (() => "/api/fal/proxy");
  const report = await runConformance({
    subject: name,
    only: words,
    // Whoever names a case that takes minutes wants it; a topic leaves it out.
    slow: allCases.some(({ id, needs }) => needs?.includes("slow") && words.includes(id)),
    profiles: subject.profiles ?? Object.keys(profiles).filter((one) => !subject.without?.[one]),
    packageFolder: subject.packageFolder,
    repeat: (id) => `npm run case -- ${name} ${id}`,
    start: ({ profile, environment }) =>
      startCommand({
        command: subject.command,
        environment,
        path: path(profile),
        patienceMs: 60_000,
      }),
  });

  let broken = 0;
  for (const result of report.results) {
    const { id, profile = "default" } = result.case;
    const departure = subject.departures?.[id];
    if (result.outcome === "failed") {
      console.log(describeFailure(result));
      if (departure === undefined) broken += 1;
      else console.log(`  known:  ${departure}`);
    } else if (result.outcome === "not-offered") {
      console.log(`skip ${id}: ${subject.without?.[profile] ?? result.reason}`);
    } else {
      console.log(
        `ok ${id} (${result.milliseconds} ms)${departure ? ", though known to fail" : ""}`,
      );
    }
  }
  return broken > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
