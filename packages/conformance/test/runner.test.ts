/** The runner: what it does with proxies that end, that do not start, and with lists of expected failures. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEmulator, type Emulator } from "fal-emulator";
import {
  parseExpectedFailures,
  runConformance,
  startCommand,
  type Report,
  type StartRequest,
} from "../src/index.ts";
import { allCases } from "../src/cases/index.ts";
import { bundleReference } from "./reference/bundle.ts";
import { correct } from "./reference/behaviour.ts";
import { startProfile } from "./reference/profiles.ts";

const outcomes = (report: Report): Record<string, string> =>
  Object.fromEntries(report.results.map((r) => [r.case.id, r.outcome]));

const known = new Set(allCases.map((one) => one.id));

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator();
});
afterAll(() => emulator.close());

describe("expected failures", () => {
  const broken = { ...correct, methods: correct.methods.filter((method) => method !== "PUT") };
  const options = {
    only: ["methods-put", "methods-get"],
    start: (request: StartRequest) => startProfile(request, { behaviour: broken }),
  };

  it("still run, and do not fail the run", async () => {
    const expectedFailures = parseExpectedFailures("methods-put # not yet\n\n# a remark\n", known);
    const report = await runConformance({ ...options, emulator, expectedFailures });
    expect(outcomes(report)).toEqual({
      "methods-put": "expected-failure",
      "methods-get": "passed",
    });
    expect(report.results.find((r) => r.case.id === "methods-put")?.reason).toBe("not yet");
    expect(report.ok).toBe(true);
  });

  it("fail the run when they pass", async () => {
    const expectedFailures = parseExpectedFailures("methods-put\nmethods-get\n", known);
    const report = await runConformance({ ...options, emulator, expectedFailures });
    expect(outcomes(report)).toEqual({
      "methods-put": "expected-failure",
      "methods-get": "unexpected-pass",
    });
    expect(report.ok).toBe(false);
  });

  it("name cases that exist", () => {
    expect(() => parseExpectedFailures("methods-put\nmethod-put\n", known, "list.txt")).toThrow(
      'list.txt:2: there is no case "method-put"',
    );
  });
});

describe("severity", () => {
  const behaviour = { ...correct, methods: ["GET", "POST", "PUT"] };
  const options = {
    only: ["methods-delete"],
    start: (request: StartRequest) => startProfile(request, { behaviour }),
  };

  it("of a SHOULD is a warning", async () => {
    const report = await runConformance({ ...options, emulator });
    expect(report.counts).toMatchObject({ failed: 0, warned: 1 });
    expect(report.ok).toBe(true);
  });

  it("of a SHOULD is a failure when asked for", async () => {
    const report = await runConformance({ ...options, emulator, strict: true });
    expect(report.ok).toBe(false);
  });
});

describe("a proxy that is started", () => {
  it("and ends in one case is started again for the others", { timeout: 60_000 }, async () => {
    const reference = await bundleReference();
    // A process that ends for one hostile target, as the published package does.
    const start = `SABOTAGE=ends ${reference}`;
    const report = await runConformance({
      start,
      only: ["target-http", "target-missing", "methods-get", "methods-post", "auth-key-sent"],
    });
    const { "target-http": guilty, ...others } = outcomes(report);
    expect(guilty).toBe("failed");
    expect(new Set(Object.values(others))).toEqual(new Set(["passed"]));
    const failure = report.results.find((r) => r.case.id === "target-http")?.failure;
    expect(failure?.callerSaw).toContain("the process of the proxy ended");
  });

  it("and cannot start fails its cases with what it printed", async () => {
    const start = "echo no such flask >&2; exit 3";
    const report = await runConformance({ emulator, start, only: ["methods-get", "auth-no-key"] });
    const [get, noKey] = report.results.toReversed();
    expect(outcomes(report)).toEqual({ "methods-get": "failed", "auth-no-key": "passed" });
    expect([get, noKey].map((r) => r?.failure?.callerSaw ?? "").join()).toContain("no such flask");
  });

  it("is stopped with everything that its shell started", async () => {
    const started = await startCommand({
      command: `(node -e "require('http').createServer((q,r)=>r.end('x')).listen(process.env.PORT)") & wait`,
      environment: {},
      path: "/",
    });
    expect(await (await fetch(started.url)).text()).toBe("x");
    await started.stop();
    await expect(fetch(started.url)).rejects.toThrow();
  });
});

describe("profiles", () => {
  it("that are not offered are listed, and counted", async () => {
    const report = await runConformance({
      emulator,
      only: ["cors"],
      start: (request) => startProfile(request),
    });
    expect(outcomes(report)["cors-reply"]).toBe("not-offered");
    expect(report.counts.notOffered).toBe(9);
    expect(report.results.find((r) => r.case.id === "cors-reply")?.reason).toContain(
      "--profiles cors",
    );
  });
});
