/** Judges an adapter with fal-proxy-conformance: a real server per profile, and one test per case. */
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
import { beforeAll, describe, expect, test } from "vitest";
import { uploadAbortDelay } from "./abort-upload.ts";

export interface Adapter {
  /** A shell command that starts its server; it gets `PORT`, `FAL_KEY`, `FAL_PROXY_UPSTREAM` and `FAL_PROXY_PROFILE`. */
  readonly command: string;
  /** Where the proxy answers in this profile. @default "/api/fal/proxy" in every profile */
  readonly path?: (profile: ProfileName) => string;
  /** Profiles that this framework has no place for, each with the reason. Their cases are not run. */
  readonly without: Partial<Record<ProfileName, string>>;
  /** Cases in which the framework itself departs from the protocol, each with the reason. One that passes is an error. */
  readonly departures?: Readonly<Record<string, string>>;
  /** Whether the server begins a call before it has the whole body, so that one can be given up. @default true */
  readonly streamsUploads?: boolean;
  /** The npm package to judge as well. */
  readonly packageFolder?: string;
  /** Once, before the first server: makes what the command starts. */
  readonly prepare?: () => Promise<void>;
}

/** The command of a server in `servers/`. */
export const serverCommand = (file: string): string =>
  // `exec`: the process that the kit measures and stops is the server, not a shell around it.
  `exec "${process.execPath}" "${join(import.meta.dirname, "../servers", file)}"`;

/** Defines the tests of one adapter. */
export function judge(name: string, adapter: Adapter): void {
  const { command, path = () => "/api/fal/proxy", departures = {} } = adapter;
  const offered = (Object.keys(profiles) as ProfileName[]).filter(
    (profile) => !(profile in adapter.without),
  );
  const cases = allCases.filter((one) => isOffered(one, adapter, offered));

  describe(name, () => {
    let results: ReadonlyMap<string, Result> = new Map();

    beforeAll(async () => {
      await adapter.prepare?.();
      const report = await runConformance({
        subject: name,
        start: ({ profile, environment }) =>
          startCommand({ command, environment, path: path(profile), patienceMs: 60_000 }),
        profiles: offered,
        only: cases.map((one) => one.id),
        expectedFailures: new Map(Object.entries(departures)),
        ...(adapter.packageFolder && { packageFolder: adapter.packageFolder }),
      });
      keep(report);
      results = new Map(report.results.map((result) => [result.case.id, result]));
    }, 600_000);

    test.each(cases.map((one) => [titleOf(one), one] as const))("%s", (_title, one) => {
      const result = results.get(one.id);
      if (result === undefined) return expect.fail(`the kit has not run ${one.id}`);
      const wanted = one.id in departures ? "expected-failure" : "passed";
      if (result.outcome !== wanted) expect.fail(result.reason ?? describeFailure(result));
    });

    test("departs only in cases that exist", () => {
      const known = allCases.map((one) => one.id);
      expect(known).toEqual(expect.arrayContaining(Object.keys(departures)));
    });

    if (adapter.streamsUploads === false) return;
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

function isOffered(one: Case, adapter: Adapter, offered: readonly ProfileName[]): boolean {
  // Those that take minutes are for the command line, `--slow`.
  if (one.needs?.includes("slow")) return false;
  if (one.needs?.includes("package") && adapter.packageFolder === undefined) return false;
  return offered.includes(one.profile ?? "default");
}

const titleOf = (one: Case): string =>
  [one.rule, one.id, one.faults?.length ? `[${one.faults.join(" ")}]` : "", one.title]
    .filter(Boolean)
    .join(" ");
