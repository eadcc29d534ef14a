#!/usr/bin/env node
/** The command line: `fal-proxy-conformance --start "command"` or `--url http://…`. */
import { appendFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createEmulator, type Emulator } from "fal-emulator";
import { allCases } from "./cases/index.ts";
import { readExpectedFailures } from "./expected-failures.ts";
import { isProfileName, profileNames, profiles, type ProfileName } from "./profiles.ts";
import { whyUnreached } from "./reach.ts";
import { commandLine, repeatCase } from "./repeat.ts";
import { formats, isFormat } from "./report/index.ts";
import { createRig } from "./rig.ts";
import { runConformance, selectCases, type ConformanceOptions } from "./runner.ts";

const usage = `fal-proxy-conformance: judges a fal proxy over the wire

  --start COMMAND        start the proxy with this command; it gets PORT, FAL_KEY, FAL_PROXY_UPSTREAM
  --path PATH            where it answers (default /api/fal/proxy)
  --profiles A,B         options that it offers, see --list-profiles ("all" for all)
  --url [PROFILE=]URL    a proxy that runs already; repeat for other profiles
  --emulator-port N      port of the fal that a running proxy must be told of (default 4100)

  --only A,B             cases, topics, rules (P-07) or faults (R3); * stands for anything
  --level MUST           leave the recommendations out
  --strict               a failed recommendation fails the run
  --slow                 run the cases that take minutes, too
  --package FOLDER       judge the npm package in this folder as well
  --expected-failures F  a file with a case id per line, # reason
  --format F             text, tap, junit, json or markdown (default text)
  --output FILE          write the report there instead of to the terminal
  --summary FILE         append the report as Markdown, e.g. to $GITHUB_STEP_SUMMARY
  --env                  print what a proxy that runs already must be started with, and exit
  --list                 list the cases and exit
  --list-profiles        list the profiles and exit
  --help

Exit status: 0 conforms, 1 does not, 2 wrong usage.
`;

class UsageError extends Error {}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      start: { type: "string" },
      path: { type: "string" },
      profiles: { type: "string", multiple: true },
      url: { type: "string", multiple: true },
      "emulator-port": { type: "string", default: "4100" },
      only: { type: "string", multiple: true },
      level: { type: "string" },
      strict: { type: "boolean" },
      slow: { type: "boolean" },
      package: { type: "string" },
      "expected-failures": { type: "string" },
      format: { type: "string", default: "text" },
      output: { type: "string" },
      summary: { type: "string" },
      env: { type: "boolean" },
      list: { type: "boolean" },
      "list-profiles": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return print(usage);
  const port = Number(values["emulator-port"]);
  if (values.env) return printEnvironment(port);
  if (values["list-profiles"]) {
    return print(
      Object.entries(profiles)
        .map(([name, p]) => `${name.padEnd(16)} ${p.meaning}\n`)
        .join(""),
    );
  }

  const level = values.level?.toUpperCase();
  const filter: Writable<Pick<ConformanceOptions, "only" | "level">> = { only: words(values.only) };
  if (level === "MUST" || level === "SHOULD") filter.level = level;
  else if (level !== undefined) throw new UsageError("--level is MUST or SHOULD");
  if (values.list) {
    const lines = selectCases(allCases, filter).map((c) =>
      [
        c.id.padEnd(34),
        c.rule,
        c.level.padEnd(6),
        c.title,
        ...(c.faults?.length ? [`[${c.faults.join(" ")}]`] : []),
      ].join("  "),
    );
    return print(`${lines.join("\n")}\n${lines.length} cases\n`);
  }

  const { format } = values;
  if (!isFormat(format))
    throw new UsageError(`--format is one of ${Object.keys(formats).join(", ")}`);
  if (!values.start === !values.url) throw new UsageError("give either --start or --url");

  const options: Writable<ConformanceOptions> = { ...filter };
  options.repeat = (id) => repeatCase(id, commandLine(values));
  if (values.path !== undefined) options.path = values.path;
  if (values.strict) options.strict = true;
  if (values.slow) options.slow = true;
  if (values.package !== undefined) options.packageFolder = values.package;
  const file = values["expected-failures"];
  if (file !== undefined) {
    options.expectedFailures = await readExpectedFailures(file, new Set(allCases.map((c) => c.id)));
  }

  let emulator: Emulator | undefined;
  if (values.start !== undefined) {
    options.start = values.start;
    options.profiles = offeredProfiles(words(values.profiles));
  } else {
    options.urls = urlsByProfile(values.url ?? []);
    emulator = await createEmulator({ port });
    options.emulator = emulator;
  }

  try {
    if (emulator && options.urls?.default !== undefined) {
      const url = new URL(options.urls.default);
      const trouble = await whyUnreached(createRig({ url, key: emulator.key, emulator }));
      if (trouble !== undefined) throw new Error(trouble);
    }
    const report = await runConformance(options);
    const text = formats[format](report);
    if (values.output === undefined) print(text);
    else await writeFile(values.output, text);
    if (values.summary !== undefined) await appendFile(values.summary, formats.markdown(report));
    return report.ok ? 0 : 1;
  } finally {
    await emulator?.close();
  }
}

const words = (values: readonly string[] | undefined): string[] =>
  (values ?? [])
    .flatMap((value) => value.split(","))
    .map((word) => word.trim())
    .filter(Boolean);

function offeredProfiles(names: readonly string[]): ProfileName[] {
  if (names.includes("all")) return [...profileNames];
  return names.map((name) => {
    if (!isProfileName(name))
      throw new UsageError(`there is no profile "${name}"; see --list-profiles`);
    return name;
  });
}

function urlsByProfile(values: readonly string[]): Partial<Record<ProfileName, string>> {
  const urls: Partial<Record<ProfileName, string>> = {};
  for (const value of values) {
    const match = /^([a-z0-9-]+)=(.+)$/.exec(value);
    const name = match?.[1] ?? "default";
    if (!isProfileName(name))
      throw new UsageError(`there is no profile "${name}"; see --list-profiles`);
    const url = match?.[2] ?? value;
    if (!URL.canParse(url)) throw new UsageError(`--url is a whole URL, not "${url}"`);
    urls[name] = url;
  }
  if (urls.default === undefined) throw new UsageError("give a --url for the default profile too");
  return urls;
}

async function printEnvironment(port: number): Promise<number> {
  const emulator = await createEmulator({ port });
  await emulator.close();
  return print(`FAL_PROXY_UPSTREAM=${emulator.url}\nFAL_KEY=${emulator.key}\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const wrongUsage =
    error instanceof UsageError ||
    String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${(error as Error).message}\n${wrongUsage ? "\nSee --help.\n" : ""}`);
  process.exitCode = 2;
}
