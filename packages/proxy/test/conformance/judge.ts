/** Judges a server with fal-proxy-conformance: a real server per profile, and one test per case. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  allCases,
  describeFailure,
  formats,
  profileEnvironment,
  profiles,
  runConformance,
  startCommand,
  type Case,
  type ProfileName,
  type Report,
  type Result,
} from "fal-proxy-conformance";
import { createEmulator } from "fal-emulator";
import { beforeAll, describe, expect, test, type RunnerTestSuite } from "vitest";
import { uploadAbortDelay } from "./abort-upload.ts";
import type { Subject } from "./subject.ts";

/**
 * Defines the tests of one server: one for each case that it offers, and what the kit leaves out. Only the cases whose
 * tests are asked for (`vitest -t`) are run, on the profiles that they need.
 *
 * @param name its name in a table of subjects, under which `npm run case` knows it
 */
export function judge(name: string, subject: Subject): void {
  const { command, path = () => "/api/fal/proxy", departures = {} } = subject;
  const offered = (Object.keys(profiles) as ProfileName[]).filter(
    (profile) => !(profile in subject.without),
  );
  const cases = allCases.filter((one) => isOffered(one, subject, offered));

  describe(name, () => {
    let results: ReadonlyMap<string, Result> = new Map();

    // The runner takes the first parameter in this form only.
    beforeAll(async ({}, suite) => {
      await subject.prepare?.();
      const wanted = cases.filter((one) => isWanted(suite, titleOf(one)));
      if (wanted.length === 0) return;
      const report = await runConformance({
        subject: name,
        start: ({ profile, environment }) =>
          startCommand({ command, environment, path: path(profile), patienceMs: 60_000 }),
        profiles: offered,
        only: wanted.map((one) => one.id),
        expectedFailures: new Map(Object.entries(departures)),
        repeat: (id) => `npm run case -- ${name} ${id}`,
        ...(subject.packageFolder && { packageFolder: subject.packageFolder }),
      });
      // Some cases alone are no score.
      if (wanted.length === cases.length) keep(report);
      results = new Map(report.results.map((result) => [result.case.id, result]));
    }, 600_000);

    for (const one of cases) {
      test(titleOf(one), () => {
        const result = results.get(one.id);
        if (result === undefined) return expect.fail(`the kit has not run ${one.id}`);
        const wanted = one.id in departures ? "expected-failure" : "passed";
        if (result.outcome !== wanted) expect.fail(describeFailure(result));
      });
    }

    test("departs only in cases that exist", () => {
      const known = allCases.map((one) => one.id);
      expect(known).toEqual(expect.arrayContaining(Object.keys(departures)));
    });

    if (subject.streamsUploads === false) return;
    // The kit leaves it out: how soon a proxy notices depends on what it reads ahead.
    test("a caller who leaves in mid-upload ends the call to fal within 100 ms", async () => {
      const fal = await createEmulator();
      const environment = profileEnvironment("default", { key: fal.key, upstream: fal.url });
      const server = await startCommand({ command, environment, path: path("default") });
      // The best of three: the machine may be busy, and a proxy that does not notice never does.
      let best = Infinity;
      for (let attempt = 0; attempt < 3 && best > 100; attempt++) {
        best = Math.min(best, await uploadAbortDelay(server.url, fal));
      }
      await server.stop();
      await fal.close();
      expect(best).toBeLessThanOrEqual(100);
    });
  });
}

/** Where the scoreboard finds it. */
function keep(report: Report): void {
  const folder = join(import.meta.dirname, "../../../../.artifacts/conformance");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${report.subject.replaceAll(/\W+/g, "-")}.json`),
    formats.json(report),
  );
}

function isOffered(one: Case, subject: Subject, offered: readonly ProfileName[]): boolean {
  // Those that take minutes are for the command line, `--slow`.
  if (one.needs?.includes("slow")) return false;
  if (one.needs?.includes("package") && subject.packageFolder === undefined) return false;
  return offered.includes(one.profile ?? "default");
}

/** Whether the runner will run the suite's test of this title; `-t` and `.only` leave others out. */
function isWanted(suite: RunnerTestSuite, title: string): boolean {
  const test = suite.tasks.find((task) => task.name === title);
  return test !== undefined && test.mode !== "skip";
}

const titleOf = (one: Case): string =>
  [one.rule, one.id, one.faults?.length ? `[${one.faults.join(" ")}]` : "", one.title]
    .filter(Boolean)
    .join(" ");
