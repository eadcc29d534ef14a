/** Runs cases against a proxy: one proxy per profile, independent cases side by side, the delicate ones alone. */
import { createEmulator, type Emulator } from "fal-emulator";
import { Broken, type Case, type Failure } from "./case.ts";
import { allCases } from "./cases/index.ts";
import type { ExpectedFailures } from "./expected-failures.ts";
import { profiles, type ProfileName } from "./profiles.ts";
import { repeatCase } from "./repeat.ts";
import { makeReport, type Report, type Result } from "./report.ts";
import type { Rig } from "./rig.ts";
import { raiseStand, type Stand } from "./stand.ts";
import { StartFailed, type Started } from "./start.ts";

/** What a start function is given. `environment` is what `--start` would set; `undefined` means unset. */
export interface StartRequest {
  readonly profile: ProfileName;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ConformanceOptions {
  /** A shell command which starts the proxy, or a function which does. */
  readonly start?: string | ((request: StartRequest) => Promise<Started>);
  /** Instead of `start`: a proxy that runs already, per profile. It must use the emulator of `emulator`. */
  readonly urls?: Readonly<Partial<Record<ProfileName, string>>>;
  /** Path of the proxy on the server that a command starts. @default "/api/fal/proxy" */
  readonly path?: string;
  /** Profiles that the started proxy offers besides the built-in ones. @default [] */
  readonly profiles?: readonly ProfileName[];
  /** Ids or topics; `*` at the end of a word stands for anything. @default all */
  readonly only?: readonly string[];
  /** `MUST` leaves out the recommendations. @default both */
  readonly level?: "MUST" | "SHOULD";
  /** A failed recommendation fails the run too. @default false */
  readonly strict?: boolean;
  /** Cases that need minutes are run. @default false */
  readonly slow?: boolean;
  /** Milliseconds that the long call of `limits-five-minutes` takes. @default 310000 */
  readonly longCallMs?: number;
  /** Folder of an installed npm package that the proxy comes from: enables the topic `package`. */
  readonly packageFolder?: string;
  readonly expectedFailures?: ExpectedFailures;
  /** How the report calls what was judged. @default the command or the URL */
  readonly subject?: string;
  /**
   * The command with which a person runs one case again, for the report.
   * @default `npx fal-proxy-conformance --only ID`, to which the reader adds what starts the proxy
   */
  readonly repeat?: (id: string) => string;
  /** The fal that the proxy talks to. @default one is created and closed */
  readonly emulator?: Emulator;
  /** Cases at a time. @default 8 */
  readonly concurrency?: number;
  /** Called when a case is done, in order of completion. */
  readonly onResult?: (result: Result) => void;
}

/**
 * Judges a proxy.
 *
 * @returns the report; broken rules are results, not exceptions
 * @throws when there is nothing to judge: no `start` and no `urls`, or a filter that matches nothing
 * @example
 * const report = await runConformance({ start: "node server.mjs" });
 * if (!report.ok) process.exitCode = 1;
 */
export async function runConformance(options: ConformanceOptions): Promise<Report> {
  if (!options.start && !options.urls?.default) {
    throw new Error('Give `start: "command"` or `urls: { default: "http://…" }`.');
  }
  const cases = selectCases(allCases, options);
  if (cases.length === 0) throw new Error("No case matches; `--list` shows them all.");

  const begun = Date.now();
  const emulator = options.emulator ?? (await createEmulator());
  try {
    const results = await runAll(cases, options, emulator);
    const subject = options.subject ?? String(options.urls?.default ?? options.start);
    return makeReport(subject, results, Date.now() - begun, options.strict ?? false);
  } finally {
    if (!options.emulator) await emulator.close();
  }
}

/** The cases that `only` and `level` leave. */
export function selectCases(
  cases: readonly Case[],
  options: Pick<ConformanceOptions, "only" | "level">,
): Case[] {
  const patterns = (options.only ?? []).map((word) => {
    const escaped = word.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    return new RegExp(`^${escaped}$`, "i");
  });
  return cases.filter(
    (one) =>
      (options.level !== "MUST" || one.level === "MUST") &&
      (patterns.length === 0 ||
        patterns.some((p) =>
          [one.id, one.topic, one.rule, ...(one.faults ?? [])].some((w) => p.test(w)),
        )),
  );
}

async function runAll(
  cases: readonly Case[],
  options: ConformanceOptions,
  emulator: Emulator,
): Promise<Result[]> {
  const results = new Map<Case, Result>();
  const repeat = options.repeat ?? repeatCase;
  const done = (one: Case, result: Omit<Result, "case">): void => {
    const { run: _run, ...facts } = one;
    const judged = withExpectation({ case: facts, ...result }, options.expectedFailures);
    const final = judged.outcome === "passed" ? judged : { ...judged, again: repeat(one.id) };
    results.set(one, final);
    options.onResult?.(final);
  };

  const offered: Case[] = [];
  for (const one of cases) {
    const reason = whyNotOffered(one, options);
    if (reason === undefined) offered.push(one);
    else done(one, { outcome: "not-offered", milliseconds: 0, reason });
  }

  const stands = new Map<ProfileName, Stand>();
  const standOf = (one: Case): Stand => stands.get(one.profile ?? "default") as Stand;
  try {
    await eachAtOnce(
      [...new Set(offered.map((one) => one.profile ?? "default"))],
      3,
      async (name) => {
        stands.set(name, await raiseStand(name, options, emulator));
      },
    );
    // Whoever was running when a process ended is tried again alone: only one of them was to blame.
    const again: Case[] = [];
    await eachAtOnce(
      offered.filter((one) => !one.alone),
      options.concurrency ?? 8,
      async (one) => {
        const stand = standOf(one);
        // Another case may have ended the process a moment ago.
        await stand.revive();
        const { generation } = stand;
        const result = await runCase(one, stand.rig);
        if ((await stand.endsSoon(result.outcome === "failed")) || stand.generation !== generation)
          again.push(one);
        else done(one, result);
        await stand.revive();
      },
    );
    for (const one of [...again, ...offered.filter((one) => one.alone)]) {
      done(one, await runAlone(one, standOf(one)));
    }
  } finally {
    await Promise.all([...stands.values()].map((stand) => stand.stop()));
  }
  return cases.map((one) => results.get(one) as Result);
}

function whyNotOffered(one: Case, options: ConformanceOptions): string | undefined {
  const profile = one.profile ?? "default";
  if (options.start) {
    const offers = profiles[profile].builtIn || options.profiles?.includes(profile);
    if (!offers) return `needs --profiles ${profile}: ${profiles[profile].meaning}`;
  } else if (options.urls?.[profile] === undefined) {
    return `needs --url ${profile}=http://…: ${profiles[profile].meaning}`;
  }
  if (one.needs?.includes("process") && !options.start) {
    return "needs a proxy that the kit starts (--start)";
  }
  if (one.needs?.includes("package") && !options.packageFolder) return "needs --package FOLDER";
  if (one.needs?.includes("slow") && !options.slow) return "takes minutes: needs --slow";
  return undefined;
}

async function runCase(one: Case, rig: Rig | Error): Promise<Omit<Result, "case">> {
  const begun = Date.now();
  const result = (failure?: Failure): Omit<Result, "case"> => ({
    outcome: failure ? "failed" : "passed",
    milliseconds: Date.now() - begun,
    ...(failure && { failure }),
  });
  if (rig instanceof Error) {
    const { mayRefuse } = profiles[one.profile ?? "default"];
    if (mayRefuse && rig instanceof StartFailed && rig.exited) return result();
    return result(unprovoked("a proxy that starts", rig));
  }
  if (one.needs?.includes("process") && rig.pid === undefined) {
    const reason = "needs the id of the proxy's process";
    return { outcome: "not-offered", milliseconds: 0, reason };
  }
  try {
    await one.run(rig);
    return result();
  } catch (error) {
    if (error instanceof Broken) return result(error.failure);
    return result(unprovoked("a case that runs to its end", error as Error));
  }
}

/** A process may end late, because of the case before: who is to blame ends it twice. */
async function runAlone(one: Case, stand: Stand): Promise<Omit<Result, "case">> {
  let result = await runCase(one, stand.rig);
  for (let tries = 1; await stand.endsSoon(result.outcome === "failed"); tries++) {
    if (tries === 2) result = blameForTheEnd(result, stand);
    await stand.revive();
    if (tries === 2) break;
    result = await runCase(one, stand.rig);
  }
  return result;
}

function blameForTheEnd(result: Omit<Result, "case">, stand: Stand): Omit<Result, "case"> {
  const failure = result.failure ?? unprovoked("a process that goes on", undefined);
  const end = `${failure.callerSaw}\nand the process of the proxy ended:\n${stand.printed().slice(-1500)}`;
  return { ...result, outcome: "failed", failure: { ...failure, callerSaw: end } };
}

function unprovoked(wanted: string, error: Error | undefined): Failure {
  const what = error?.message ?? "unknown trouble";
  return { wanted, sent: "nothing", callerSaw: what, falSaw: "nothing" };
}

function withExpectation(result: Result, expected: ExpectedFailures | undefined): Result {
  const reason = expected?.get(result.case.id);
  if (reason === undefined) return result;
  if (result.outcome === "failed") return { ...result, outcome: "expected-failure", reason };
  if (result.outcome === "passed") return { ...result, outcome: "unexpected-pass", reason };
  return result;
}

async function eachAtOnce<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
