/**
 * Every case can fail: the reference proxy is broken once for each, and that case goes red, with its named siblings and
 * no other. Cases that take long or watch the clock are run with their own saboteur, and left out for the others.
 */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Case } from "../src/case.ts";
import { allCases, runConformance, type ConformanceOptions } from "../src/index.ts";
import { correct } from "./reference/behaviour.ts";
import { bundleReference } from "./reference/bundle.ts";
import { offered, startProfile } from "./reference/profiles.ts";
import { sabotages } from "./sabotage/index.ts";
import type { Sabotage } from "./sabotage/sabotage.ts";

const costly =
  /^(streaming|limits|aborts)-|^(bodies-(50-mb|5-mb|broken-off|streamed)|storage-upload-multipart|target-(long-)?survival|queue-abort|replies-location-foreign|tokens-plain-names|webhooks-host-read-otherwise)$/;
/** What these break shows in the process, not on the wire. */
const ofProcess = ["streaming-slow-reader", "auth-key-never-printed"];

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator();
});
afterAll(() => emulator.close());

async function redCases(cases: readonly Case[], options: ConformanceOptions): Promise<string[]> {
  const only = cases.map((one) => one.id);
  const report = await runConformance({ emulator, profiles: offered, only, ...options });
  return report.results
    .filter((r) => r.outcome === "failed")
    .map((r) => r.case.id)
    .sort();
}

function casesFor(id: string, { also = [], scope }: Sabotage): Case[] {
  const named = [id, ...also];
  return allCases.filter(
    (one) => named.includes(one.id) || (scope ? scope.includes(one.topic) : !costly.test(one.id)),
  );
}

describe("without a saboteur", () => {
  it("nothing goes red", { timeout: 120_000 }, async () => {
    const cases = allCases.filter((one) => !costly.test(one.id) && !one.needs);
    expect(await redCases(cases, { start: (request) => startProfile(request) })).toEqual([]);
  });
});

describe.concurrent("a saboteur is caught by exactly its cases", () => {
  for (const [id, sabotage] of Object.entries(sabotages)) {
    if (ofProcess.includes(id)) continue;
    it(id, { timeout: 120_000 }, async () => {
      const behaviour = { ...correct, ...sabotage.change?.(correct) };
      const red = await redCases(casesFor(id, sabotage), {
        start: (request) => startProfile(request, { behaviour, front: sabotage.front }),
        // All of them share one process: more at a time would only wait for each other, and miss short waits.
        concurrency: 4,
      });
      expect(red).toEqual([id, ...(sabotage.also ?? [])].sort());
    });
  }
});

describe("a saboteur of the process is caught", () => {
  it.each(ofProcess)("%s", { timeout: 120_000 }, async (id) => {
    const start = `SABOTAGE=${id} ${await bundleReference()}`;
    const cases = allCases.filter((one) => one.id === id || one.topic === "auth");
    expect(await redCases(cases, { start })).toEqual([id]);
  });

  it("limits-five-minutes", { timeout: 120_000 }, async () => {
    const behaviour = {
      ...correct,
      configure: (config) => ({ ...config, headersMs: 1500 }),
    } satisfies typeof correct;
    const red = await redCases(
      allCases.filter((one) => one.id === "limits-five-minutes" || one.topic === "auth"),
      { start: (request) => startProfile(request, { behaviour }), slow: true, longCallMs: 2500 },
    );
    expect(red).toEqual(["limits-five-minutes"]);
  });
});
