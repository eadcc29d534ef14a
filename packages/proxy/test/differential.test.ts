/** The same requests through the published package and through ours: every difference is intended, every intention still shows. */
import { createEmulator, type Emulator, type ScriptRule } from "fal-emulator";
import type { ProfileName } from "fal-proxy-conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { covers, type Change } from "./differential/intent.ts";
import { observe, type Facts } from "./differential/observe.ts";
import { requests, type DifferentialRequest } from "./differential/requests.ts";
import { frameworks, start, type Framework } from "./differential/servers.ts";
import { intendedDifferences } from "./intended-differences.ts";

const plainAnswer: ScriptRule = {
  status: 200,
  headers: [["content-type", "application/json"]],
  body: '{"made":true}',
};

describe.each(frameworks)("on %s", (framework) => {
  /** By the name of the request. */
  const differences = new Map<string, Change[]>();
  let fal: Emulator;

  beforeAll(async () => {
    fal = await createEmulator();
    const profiles = new Set(requests.map((one) => one.profile ?? "default"));
    for (const profile of profiles) {
      const group = requests.filter((one) => (one.profile ?? "default") === profile);
      const theirs = await observeAll("theirs", framework, profile, group, fal);
      const ours = await observeAll("ours", framework, profile, group, fal);
      for (const [index, { name }] of group.entries()) {
        differences.set(name, compare(theirs[index] as Facts, ours[index] as Facts));
      }
    }
  }, 120_000);
  afterAll(() => fal.close());

  test.each(requests.map((one) => one.name))("%s differs only where it should", (name) => {
    const unintended = (differences.get(name) ?? [])
      .filter((seen) => !intendedDifferences.some((one) => covers(one, framework, name, seen)))
      .map(({ fact, theirs = "nothing", ours = "nothing" }) => `${fact}: ${theirs} → ${ours}`);
    if (unintended.length > 0) expect.fail(unintended.join("\n"));
  });

  const here = intendedDifferences.filter((one) => (one.framework ?? framework) === framework);
  const titled = here.map((one) => [`${one.row ?? "choice"}: ${one.why}`, one] as const);
  test.each(titled)("%s", (_title, intended) => {
    const shown = [...differences].flatMap(([request, changes]) =>
      changes
        .filter((seen) => covers(intended, framework, request, seen))
        .map(({ fact }) => ({ request, fact })),
    );
    const facts = new Set(shown.map((one) => one.fact));
    expect([...facts].sort()).toEqual(Object.keys(intended.changes).sort());
    expect(shown.map((one) => one.request)).toEqual(
      expect.arrayContaining([...(intended.requests ?? [])]),
    );
  });
});

/** One server for all of `group`, and a new one whenever a request has ended it. */
async function observeAll(
  side: "theirs" | "ours",
  framework: Framework,
  profile: ProfileName,
  group: readonly DifferentialRequest[],
  fal: Emulator,
): Promise<Facts[]> {
  const all: Facts[] = [];
  let server = await start(side, framework, profile, fal);
  for (const one of group) {
    const script = fal.script({ ...plainAnswer, ...one.answer });
    const facts = await observe(server.url, one, fal);
    script.remove();
    all.push(facts);
    if (facts.has("reply body")) continue;
    await server.stop();
    server = await start(side, framework, profile, fal);
  }
  await server.stop();
  return all;
}

function compare(theirs: Facts, ours: Facts): Change[] {
  const differs = (fact: string): boolean => theirs.get(fact) !== ours.get(fact);
  return [...new Set([...theirs.keys(), ...ours.keys()])]
    .filter(differs)
    .filter((fact) => !follows(fact, differs, theirs, ours))
    .map((fact) => ({ fact, theirs: theirs.get(fact), ours: ours.get(fact) }));
}

/** Whether a difference only follows from a larger one: no call has no headers, another body another length. */
function follows(
  fact: string,
  differs: (fact: string) => boolean,
  theirs: Facts,
  ours: Facts,
): boolean {
  if (fact.startsWith("fal ") && fact !== "fal requests") {
    return differs("fal requests") || (fact === "fal header content-length" && differs("fal body"));
  }
  if (fact.startsWith("reply ") && fact !== "reply status") {
    const noReply = !theirs.has("reply body") || !ours.has("reply body");
    return noReply || (fact === "reply header content-length" && differs("reply body"));
  }
  return false;
}
