/**
 * The relay, step by step between its two sides: what an upstream client may call and a front may do, in every order
 * that matters, and in many generated ones. The sides are played here, which is the only way to choose the order;
 * `relay.test.ts` has the real ones.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { resolveConfig } from "../src/config.ts";
import { OpenCall } from "../src/open-call.ts";
import type { Plan } from "../src/plan.ts";
import { refuse, type Refusal } from "../src/refusal.ts";
import { Relay, type Outlet } from "../src/relay.ts";
import type { Reply } from "../src/call.ts";
import type { Flow } from "../src/upstream/exchange.ts";

const sides = vi.hoisted(() => ({ exchange: undefined as unknown as (plan: Plan) => Flow }));
vi.mock("#upstream", () => ({
  exchange: (plan: Plan) => sides.exchange(plan),
  decodeCopy: async (_: unknown, bytes: Uint8Array) => bytes,
}));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Hook = "none" | "agrees" | "refuses" | "throws" | "slow" | "reads";

interface Setting {
  operation?: "submit" | "run";
  hook?: Hook;
  /** Whether the whole request went out before the first step. @default true */
  begun?: boolean;
  origin?: string;
  /** As much of a body as the relay looks at. */
  body?: object;
  /** What the outlet does at its first `head`. */
  outletThrows?: boolean;
}

/**
 * Plays steps and answers what both sides saw.
 *
 * Steps: `head STATUS [NAME=VALUE …]`, `data TEXT`, `end`, `fail [late]` come from fal; `full`, `drained`, `leave` from
 * the caller; `answer`, `refuse`, `throw` from a slow guard; `begun` when the request went out; `idle` lets the limit
 * for silences pass.
 */
async function play(setting: Setting, steps: readonly string[]): Promise<string[]> {
  const { operation = "run", hook = "none", begun = true, outletThrows = false } = setting;
  const log: string[] = [];
  let aborted = false;
  const flow = {
    begun,
    resume: () => void log.push("resume"),
    abort: () => {
      aborted = true;
      log.push("abort");
    },
  };
  sides.exchange = ({ origin }) => {
    if (origin !== plan.origin) log.push(`asks ${origin}`);
    return flow;
  };
  let takes = true;
  const outlet: Outlet & { begun: boolean } = {
    begun: false,
    head: (status, headers, bodiless) => {
      if (outletThrows) throw new Error("the socket is gone");
      outlet.begun = true;
      const names = Object.entries(headers).map(([name, value]) => ` ${name}=${value}`);
      log.push(`< head ${status}${names.join("")}${bodiless ? " bodiless" : ""}`);
    },
    write: (chunk, last) => {
      log.push(`< ${Buffer.from(chunk).toString()}${last ? " last" : ""}`);
      return takes;
    },
    end: () => void log.push("< end"),
    cut: () => void log.push("< cut"),
    refuse: ({ status, code, message }) => void log.push(`< ${status} ${code}: ${message}`),
  };
  const call = new OpenCall({
    config: resolveConfig({ onEvent: ({ type }) => void (type === "fault" && log.push("fault")) }),
    background: new Set(),
    headers: () => [],
    body: setting.body,
    waitUntil: () => void log.push("waitUntil"),
  } as never);
  call.target = { operation, paid: true, url: "https://fal.run/fal-ai/a" } as never;
  let settle: (answer: Refusal | undefined) => void = () => {};
  let crash: (error: Error) => void = () => {};
  const no = refuse("input_not_allowed", "Not this one.");
  const hooks: Record<Exclude<Hook, "none">, (reply: Reply) => unknown> = {
    agrees: () => undefined,
    refuses: () => no,
    throws: () => {
      throw new Error("a hook's");
    },
    slow: () =>
      new Promise((resolve, reject) => {
        settle = resolve;
        crash = reject;
      }),
    reads: async (reply) => void log.push(`read ${JSON.stringify(await reply.json())}`),
  };
  if (hook !== "none") call.onReply(hooks[hook] as never);
  call.onEnd(({ outcome, status, callerStatus, bytes, sent }) => {
    log.push(`ended ${outcome} ${status}>${callerStatus} ${bytes} B${sent ? " sent" : ""}`);
  });
  const plan = {
    origin: setting.origin ?? "https://elsewhere.example",
    headers: {},
    timeouts: { connect: 1000, headers: 1000, idle: 1000 },
  } as unknown as Plan;
  const relay = new Relay(call, plan, outlet);
  void relay.run().then(() => log.push("over"));
  await vi.advanceTimersByTimeAsync(0);
  const moves: Record<string, (...words: string[]) => unknown> = {
    head: (status, ...fields) =>
      relay.head(
        Number(status),
        fields.map((field) => field.split("=") as [string, string]),
      ),
    data: (text = "") => relay.data(Buffer.from(text)) || log.push("pause"),
    end: () => relay.end(),
    fail: (late) => relay.fail({ timedOut: late === "late", cause: new Error("the line") }),
    full: () => (takes = false),
    drained: () => {
      takes = true;
      relay.drained();
    },
    leave: () => relay.leave(),
    answer: () => settle(undefined),
    refuse: () => settle(no),
    throw: () => crash(new Error("a hook's")),
    begun: () => (flow.begun = true),
    idle: () => vi.advanceTimersByTime(1001),
  };
  for (const step of steps) {
    const [name = "", ...words] = step.split(" ");
    if (aborted && ["head", "data", "end", "fail"].includes(name)) continue;
    moves[name]?.(...words);
    await vi.advanceTimersByTimeAsync(0);
  }
  return log;
}

/** What happens, and what both sides see of it: steps and log lines with bars between. */
type Case = [name: string, setting: Setting, steps: string, seen: string];

const plays = async (_: string, setting: Setting, steps: string, seen: string): Promise<void> => {
  expect((await play(setting, steps.split(" | "))).join(" | ")).toBe(seen);
};

const LOST =
  "< 500 upstream_unknown: fal's answer was lost after the request was sent: it may have run and been charged.";
const UNREACHABLE = "< 502 upstream_unreachable: fal could not be reached.";
const LATE = "< 504 upstream_timeout: fal did not answer in time.";
const FAULT = "< 500 internal_error: The proxy ran into an error of its own.";
const NO = "< 422 input_not_allowed: Not this one.";
const OK = "head 200 | data ab | data c | end";
const PASSED = "< head 200 | resume | < ab | < c | < end | ended completed 200>200 3 B sent | over";

describe("a reply", () => {
  test.each<Case>([
    ["passes as it comes", {}, OK, PASSED],
    ["passes when a guard agrees at once", { hook: "agrees" }, OK, PASSED],
    [
      "waits for a slow guard, paused, and passes in order",
      { hook: "slow" },
      "head 200 | data ab | answer | data c | end",
      "pause | < head 200 | < ab | resume | < c | < end | ended completed 200>200 3 B sent | over",
    ],
    [
      "that ended while it waited passes whole",
      { hook: "slow" },
      `${OK} | answer`,
      "pause | pause | < head 200 | < ab | < c | < end | ended completed 200>200 3 B sent | over",
    ],
    [
      "is not asked to go on by a caller while it waits",
      { hook: "slow" },
      "head 200 | drained | answer",
      "< head 200 | resume",
    ],
    [
      "does not go on after the wait into a full caller",
      { hook: "slow" },
      "head 200 | data ab | full | answer | drained",
      "pause | < head 200 | < ab | resume",
    ],
    [
      "that a guard reads comes whole before it passes",
      { hook: "reads" },
      'head 200 content-type=application/json | data {"a": | data 1} | end',
      'resume | read {"a":1} | < head 200 content-type=application/json | < {"a": | < 1} | < end | ended completed 200>200 7 B sent | over',
    ],
    [
      "that breaks while a guard reads it is an error, not half a reply",
      { hook: "reads" },
      'head 200 content-type=application/json | data {"a": | fail',
      `resume | read undefined | abort | ${LOST} | ended upstream_failed 200>500 0 B sent | over`,
    ],
    [
      "that is no JSON is not held for one who reads",
      { hook: "reads" },
      OK,
      `read undefined | ${PASSED}`,
    ],
    [
      "says which chunk is its last",
      {},
      "head 200 content-length=3 | data ab | data c | end",
      "< head 200 content-length=3 | resume | < ab | < c last | < end | ended completed 200>200 3 B sent | over",
    ],
    [
      "of 204 has no body and no length",
      {},
      "head 204 content-length=0",
      "< head 204 bodiless | < end | ended completed 204>204 0 B sent | over",
    ],
    [
      "of 205 is not waited for",
      {},
      "head 205 content-length=5",
      "< head 205 bodiless | abort | < end | ended completed 205>205 0 B sent | over",
    ],
    [
      "a body where none belongs is stopped",
      {},
      "head 304 | data x",
      "< head 304 bodiless | < end | ended completed 304>304 0 B sent | over | abort",
    ],
    [
      "out of range is lost",
      {},
      "head 600",
      `abort | ${LOST} | ended upstream_failed 600>500 0 B sent | over`,
    ],
    [
      "of interim heads alone is lost",
      {},
      "end",
      `abort | ${LOST} | ended upstream_failed undefined>500 0 B sent | over`,
    ],
  ])("%s", plays);
});

describe("a guard's no", () => {
  test.each<Case>([
    [
      "stands in place of the reply",
      { hook: "refuses" },
      "head 200",
      `abort | ${NO} | ended refused 200>422 0 B sent | over`,
    ],
    [
      "comes late",
      { hook: "slow" },
      "head 200 | data ab | refuse | data c | end",
      `pause | abort | ${NO} | ended refused 200>422 0 B sent | over`,
    ],
    [
      "comes for a whole reply",
      { hook: "slow" },
      `${OK} | refuse`,
      `pause | pause | abort | ${NO} | ended refused 200>422 0 B sent | over`,
    ],
    [
      "that is thrown is a fault",
      { hook: "throws" },
      "head 200",
      `fault | abort | ${FAULT} | ended fault 200>500 0 B sent | over`,
    ],
    [
      "that is thrown late is a fault",
      { hook: "slow" },
      "head 200 | throw | throw",
      `fault | abort | ${FAULT} | ended fault 200>500 0 B sent | over`,
    ],
    [
      "to one who has left is told to nobody",
      { hook: "slow" },
      "head 200 | leave | refuse",
      "< cut | abort | ended client_gone 200>undefined 0 B sent | over",
    ],
    [
      "on a submit whose caller left stops it",
      { hook: "slow", operation: "submit" },
      "head 200 | leave | refuse",
      "waitUntil | < cut | waitUntil | resume | abort | ended client_gone 200>undefined 0 B sent | over",
    ],
  ])("%s", plays);
});

describe("a failure", () => {
  const away = { begun: false };
  test.each<Case>([
    [
      "before anything was sent",
      away,
      "fail",
      `abort | ${UNREACHABLE} | ended upstream_failed undefined>502 0 B | over`,
    ],
    [
      "by time, before anything was sent",
      away,
      "fail late",
      `abort | ${LATE} | ended upstream_failed undefined>504 0 B | over`,
    ],
    [
      "once fal may have it",
      {},
      "fail late",
      `abort | ${LOST} | ended upstream_failed undefined>500 0 B sent | over`,
    ],
    [
      "in mid-reply",
      {},
      "head 200 | data ab | fail",
      "< head 200 | resume | < ab | < cut | ended upstream_failed 200>200 2 B sent | over",
    ],
    [
      "while a guard thinks",
      { hook: "slow" },
      "head 200 | data ab | fail | answer",
      `pause | abort | ${LOST} | ended upstream_failed 200>500 0 B sent | over`,
    ],
    [
      "of a caller who has left",
      { operation: "submit" },
      "leave | fail",
      "waitUntil | < cut | waitUntil | resume | ended client_gone undefined>undefined 0 B sent | over",
    ],
    [
      "of a body that broke off",
      { body: { outgoing: () => undefined, brokenOff: true } },
      "fail",
      "< cut | abort | ended client_gone undefined>undefined 0 B sent | over",
    ],
    [
      "of a body that is refused",
      {
        body: {
          outgoing: () => undefined,
          refusal: refuse("body_too_large", "Too much."),
        },
      },
      "fail",
      "abort | < 413 body_too_large: Too much. | ended refused undefined>413 0 B sent | over",
    ],
    [
      "of an unfinished body buys nothing",
      { body: { outgoing: () => undefined, complete: false } },
      "fail",
      `abort | ${UNREACHABLE} | ended upstream_failed undefined>502 0 B | over`,
    ],
    [
      "of a name that has a backup: asked there, once",
      { ...away, origin: "https://fal.run" },
      "fail | fail",
      `asks https://falrun.com | abort | ${UNREACHABLE} | ended upstream_failed undefined>502 0 B | over`,
    ],
    [
      "of a name that has a backup, once fal may have it",
      { origin: "https://fal.run" },
      "fail",
      `abort | ${LOST} | ended upstream_failed undefined>500 0 B sent | over`,
    ],
    [
      "of the outlet is a fault",
      { outletThrows: true },
      "head 200",
      `fault | abort | ${FAULT} | ended fault 200>500 0 B sent | over`,
    ],
  ])("%s", plays);
});

describe("a caller", () => {
  const submit = { operation: "submit" } as const;
  test.each<Case>([
    [
      "who leaves a run stops it",
      {},
      "head 200 | data ab | leave | leave",
      "< head 200 | resume | < ab | < cut | abort | ended client_gone 200>200 2 B sent | over",
    ],
    [
      "who leaves a submit that fal has does not",
      submit,
      `leave | ${OK}`,
      "waitUntil | < cut | waitUntil | resume | resume | ended client_gone 200>undefined 0 B sent | over",
    ],
    [
      "who leaves a submit that fal has not stops it",
      { ...submit, begun: false },
      "leave",
      "waitUntil | < cut | abort | ended client_gone undefined>undefined 0 B | over",
    ],
    [
      "who leaves while a guard thinks: it goes on",
      { ...submit, hook: "slow" },
      "head 200 | data ab | leave | answer | data c | end",
      "waitUntil | pause | < cut | waitUntil | resume | resume | ended client_gone 200>undefined 0 B sent | over",
    ],
    ["who leaves after the end is nobody", {}, `${OK} | leave | drained`, `${PASSED} | resume`],
    [
      "who is full pauses fal, until drained",
      {},
      "head 200 | full | data ab | drained | data c | end",
      "< head 200 | resume | < ab | pause | resume | < c | < end | ended completed 200>200 3 B sent | over",
    ],
    [
      "who stays full is given up",
      {},
      "head 200 | full | data ab | idle",
      "< head 200 | resume | < ab | pause | < cut | abort | ended client_gone 200>200 2 B sent | over",
    ],
    [
      "who took in time is not",
      {},
      "head 200 | full | data ab | drained | idle | data c | end",
      "< head 200 | resume | < ab | pause | resume | < c | < end | ended completed 200>200 3 B sent | over",
    ],
    [
      "who has ended is not given up",
      {},
      "head 200 | full | data ab | end | idle",
      "< head 200 | resume | < ab | pause | < end | ended completed 200>200 2 B sent | over",
    ],
  ])("%s", plays);

  test("who has left is read for as far as a guard may ask, and no further", async () => {
    const half = `data ${"x".repeat(524_288)}`;
    const steps = ["head 200", "leave", half, half];
    const begins = ["waitUntil", "< head 200", "resume", "< cut", "waitUntil", "resume"];
    expect(await play({ operation: "submit" }, steps)).toEqual(begins);
    expect(await play({ operation: "submit" }, [...steps, "data x"])).toEqual([
      ...begins,
      "abort",
      "ended client_gone 200>200 0 B sent",
      "over",
    ]);
  });
});

test("in whatever order things happen, a call ends once, and nothing follows", async () => {
  let seed = 7;
  const below = (limit: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * limit);
  };
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  for (let round = 0; round < 3000; round += 1) {
    const hook = pick<Hook>(["none", "agrees", "refuses", "throws", "slow", "reads"]);
    const setting = {
      hook,
      operation: pick(["submit", "run"] as const),
      begun: pick([true, true, false]),
      origin: pick(["https://fal.run", "https://elsewhere.example"]),
      outletThrows: below(20) === 0,
    };
    const type = pick(["", " content-type=application/json"]);
    const fromFal = [
      `head ${pick([200, 200, 200, 204, 205, 500, 600])}${type}`,
      ...Array.from({ length: below(4) }, (_, at) => `data ${at}`),
      pick(["end", "fail", "fail late"]),
    ].slice(below(8) === 0 ? -1 : 0);
    const others = ["full", "drained", "leave", "answer", "refuse", "throw", "begun", "idle"];
    // The first of two, where there is a backup to ask.
    const steps = setting.begun || setting.origin !== "https://fal.run" ? [] : ["fail"];
    for (const step of fromFal) {
      while (below(3) === 0) steps.push(pick(others));
      steps.push(step);
    }
    steps.push("drained", "answer");
    // oxlint-disable-next-line no-await-in-loop
    const log = await play(setting, steps);
    const what = JSON.stringify({ setting, steps, log });
    const count = (start: string): number => log.filter((line) => line.startsWith(start)).length;
    expect(count("ended"), what).toBe(1);
    expect(count("over"), what).toBe(1);
    expect(count("< head"), what).toBeLessThanOrEqual(1);
    const finals = log.filter((line) => /^< (?:end|cut|\d{3} \w+:)/.test(line));
    const outcome = /^ended (\w+)/.exec(log.find((line) => line.startsWith("ended")) ?? "")?.[1];
    // A caller who has gone was cut off; everybody else gets one ending, unless writing to them threw.
    expect(finals.length, what).toBe(1);
    if (outcome === "completed") expect(finals, what).toEqual(["< end"]);
    if (outcome === "client_gone") expect(finals, what).toEqual(["< cut"]);
    const after = log.slice(log.findIndex((line) => finals.includes(line)) + 1);
    expect(
      after.filter((line) => line.startsWith("<")),
      what,
    ).toEqual([]);
    // What went to the caller is the beginning of what fal sent, in order.
    const written = log.flatMap((line) => /^< (\d+)(?: last)?$/.exec(line)?.[1] ?? []);
    expect(written, what).toEqual(written.map((_, at) => String(at)));
  }
});
