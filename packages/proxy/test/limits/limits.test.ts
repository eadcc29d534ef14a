/** Limits on the way of a call: what passes, what does not, what fal hears of, and what the caller is told. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { falPrices } from "../../src/money/fal-prices.ts";
import type { DefineOptions } from "../../src/limits/options.ts";
import type { BucketRef } from "../../src/stores/store.ts";
import { fronts } from "../support/fronts.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const FLUX = "fal.run/fal-ai/flux/dev";
const QUEUE = "queue.fal.run/fal-ai/flux/dev";
const SMALL = { prompt: "a cat", image_size: { width: 64, height: 64 } };
const prices = falPrices({}, { list: false });

let fal: Emulator;
beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

const bucket = (subject: string, guard: string, window = ""): BucketRef => ({
  bucket: `${subject}|${guard}|${window}`,
  kind: "spend",
  subject,
  guard,
});
const today = (): string => `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (options: Partial<DefineOptions>): Promise<MeteredApp> =>
    (app = await openApp(open, fal, { prices, ...options }));
  const stands = async (ref: BucketRef): Promise<string> => {
    const [seen] = (await app.store.look({ buckets: [ref] })).buckets;
    return `${seen?.used} of which ${seen?.held} held`;
  };
  afterEach(() => app.close());

  test("calls beyond a limit do not reach fal, and the caller is told when to come again", async () => {
    await start({ limits: { user: { calls: { "1m": 2 } } } });
    for (let round = 0; round < 2; round++) {
      const passed = await app.post("42", FLUX, SMALL);
      expect(passed.status).toBe(200);
      expect(passed.headers.get("ratelimit-policy")).toBe('"calls";q=2;w=60');
      expect(passed.headers.get("ratelimit")).toBe(`"calls";r=${1 - round};t=60`);
    }
    const refused = await app.post("42", FLUX, SMALL);
    expect(refused.status).toBe(429);
    const after = Number(refused.headers.get("retry-after"));
    expect(after).toBeGreaterThan(50);
    expect(after).toBeLessThanOrEqual(68);
    expect(refused.headers.get("ratelimit")).toBe('"calls";r=0;t=60');
    const body = (await refused.json()) as Record<string, unknown>;
    expect(body).toMatchObject({
      code: "rate_limited",
      scope: "user",
      per: "1m",
      limit: "2",
      used: "2",
      needed: "1",
    });
    expect(Date.parse(String(body["resets_at"])) - Date.now()).toBeGreaterThan(45_000);
    // Somebody else has a limit of his own.
    expect((await app.post("43", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("42 acme", FLUX, SMALL)).status).toBe(200);
    expect(fal.charges).toHaveLength(4);
    expect(app.events).toContainEqual(
      expect.objectContaining({
        type: "limited",
        scope: "user",
        unit: "calls",
        dryRun: false,
        limit: "2",
        used: "2",
      }),
    );
  });

  test("what a call cost is booked to the nano-dollar, and what is left is too little for the next", async () => {
    await start({ limits: { user: { usd: { day: "0.06" } }, all: { usd: { day: 1 } } } });
    const two = { ...SMALL, num_images: 2 };
    expect((await app.post("42", FLUX, two)).status).toBe(200);
    expect(await stands(bucket("user/42", "usd day", today()))).toBe("50000000 of which 0 held");
    expect(await stands(bucket("all", "usd day", today()))).toBe("50000000 of which 0 held");
    expect(fal.charges.map(({ costNanoUsd }) => costNanoUsd)).toEqual([50_000_000n]);
    const refused = await app.post("42", FLUX, SMALL);
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({
      code: "budget_exhausted",
      scope: "user",
      per: "day",
      limit: "0.06",
      used: "0.05",
      held: "0",
      needed: "0.025",
      frees: false,
      resets_at: new Date(Date.parse(today()) + 86_400_000).toISOString(),
    });
    expect(fal.charges).toHaveLength(1);
    expect(await stands(bucket("all", "usd day", today()))).toBe("50000000 of which 0 held");
  });

  test("the figures of a limit that all share are nobody's business", async () => {
    await start({ limits: { all: { usd: { day: "0.01" }, calls: { day: 5 } } } });
    const refused = await app.post("42", FLUX, SMALL);
    expect(refused.status).toBe(402);
    const body = (await refused.json()) as object;
    expect(Object.keys(body).toSorted()).toEqual([
      "code",
      "detail",
      "message",
      "needed",
      "per",
      "resets_at",
      "scope",
    ]);
    expect(refused.headers.get("ratelimit")).toBeNull();
  });

  test("a queued job holds what it may cost and its place, until its result tells what it did", async () => {
    await start({ limits: { user: { inFlight: 1, usd: { day: 1 } } } });
    const submitted = await app.post("42", QUEUE, SMALL);
    const { request_id: id } = (await submitted.json()) as { request_id: string };
    expect(await stands(bucket("user/42", "usd day", today()))).toBe(
      "25000000 of which 25000000 held",
    );
    const second = await app.post("42", QUEUE, SMALL);
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({
      code: "too_many_in_flight",
      scope: "user",
      limit: "1",
      used: "1",
    });
    const path = `queue.fal.run/fal-ai/flux/requests/${id}`;
    await expect
      .poll(async () => (await app.ask("42", `${path}/status`)).status, { timeout: 10_000 })
      .toBe(200);
    // Over, as its status told: the place is free, the money waits for the result.
    await expect.poll(async () => (await app.post("42", QUEUE, SMALL)).status).toBe(200);
    expect((await app.ask("42", path)).status).toBe(200);
    expect(await stands(bucket("user/42", "usd day", today()))).toBe(
      "50000000 of which 25000000 held",
    );
    // Read again, it counts once.
    expect((await app.ask("42", path)).status).toBe(200);
    expect(await stands(bucket("user/42", "usd day", today()))).toBe(
      "50000000 of which 25000000 held",
    );
    expect((await app.store.look({ requestId: id })).job).toMatchObject({
      state: "charged",
      units: expect.any(String),
      owner: "user/42",
    });
  });

  test("what fal refuses costs nothing", async () => {
    await start({ limits: { user: { calls: { day: 9 }, usd: { day: 1 } } } });
    // The emulator's own refusal of an input: 422 with units 0.
    expect((await app.post("42", FLUX, { prompt: 5, image_size: SMALL.image_size })).status).toBe(
      422,
    );
    expect(await stands(bucket("user/42", "usd day", today()))).toBe("0 of which 0 held");
    expect(await stands(bucket("user/42", "calls day", today()))).toBe("0 of which 0 held");
  });

  test("a call that has no price is refused before fal, with the field that leaves it open", async () => {
    await start({ limits: { user: { usd: { day: 1 } } } });
    const open_ = await app.post("42", FLUX, { ...SMALL, num_images: 9 });
    expect(open_.status).toBe(422);
    expect(await open_.json()).toMatchObject({
      code: "price_unknown",
      detail: [{ loc: ["body", "num_images"], type: "price_unknown" }],
    });
    const unlisted = await app.post("42", "fal.run/fal-ai/fast-sdxl");
    expect(await unlisted.json()).toMatchObject({ code: "price_unknown" });
    expect(fal.requests).toHaveLength(0);
    const twice = await app.ask("42", FLUX, {
      method: "POST",
      body: '{"prompt":"a","num_images":1,"num_images":4}',
      headers: { "content-type": "application/json" },
    });
    expect(twice.status).toBe(422);
    expect(fal.requests).toHaveLength(0);
  });

  test("a max prices what is too long to be read, where it says so", async () => {
    await start({
      inspectBytes: 20,
      prices: { "fal-ai/flux/dev": { flat: 1, usd: "0.025", max: "0.3" } },
      limits: { user: { usd: { day: "0.31" } } },
    });
    const length = { "content-length": String(JSON.stringify(SMALL).length) };
    expect((await app.post("42", FLUX, SMALL, length)).status).toBe(200);
    expect(await stands(bucket("user/42", "usd day", today()))).toBe("25000000 of which 0 held");
    expect((await app.post("42", FLUX, SMALL, length)).status).toBe(402);
  });

  test("a dry run counts and reports, and refuses nothing", async () => {
    await start({ limits: { user: { calls: { day: 1 }, usd: { day: "0.01" }, dryRun: true } } });
    for (let round = 0; round < 3; round++)
      expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    const told = app.events.filter(({ type }) => type === "limited");
    expect(told).toHaveLength(5);
    expect(told).toContainEqual(
      expect.objectContaining({ unit: "calls", dryRun: true, limit: "1", used: "2", needed: "1" }),
    );
  });

  test("limits may be told by the call, and be none, or nothing", async () => {
    const usd = {
      day: (call: { user?: { plan?: string } | undefined }) =>
        ({ pro: "none", free: 0 })[call.user?.plan ?? ""] ?? "0.03",
    };
    await start({ limits: { user: { usd } } });
    expect((await app.post("1 t pro", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("1 t pro", FLUX, { ...SMALL, num_images: 4 })).status).toBe(200);
    expect((await app.post("2 t free", FLUX, SMALL)).status).toBe(402);
    expect((await app.post("3 t any", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("3 t any", FLUX, SMALL)).status).toBe(402);
  });

  test.each<[string, unknown]>([
    ["no amount", "a lot"],
    ["less than nothing", -1],
    ["NaN", NaN],
    ["nothing at all", undefined],
    ["more places than there are", "0.0000000001"],
  ])("a limit that gives %s stops the call as a fault", async (_what, amount) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await start({ limits: { user: { usd: { day: () => amount as number } } } });
    const answer = await app.post("42", FLUX, SMALL);
    expect(answer.status).toBe(500);
    expect(fal.requests).toHaveLength(0);
    expect(app.events).toContainEqual(expect.objectContaining({ type: "fault" }));
  });

  test("a limit by user needs to know who calls, and says so", async () => {
    await start({ limits: { user: { calls: { day: 9 } } } });
    const answer = await app.post("", FLUX, SMALL);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      message: expect.stringContaining("isAuthenticated must answer { id }"),
    });
    expect(fal.requests).toHaveLength(0);
  });

  test("sets may be by anything, and for some endpoints only", async () => {
    await start({
      limits: {
        team: { by: (call) => call.user?.tenant, calls: { day: 2 } },
        video: { by: "all", endpoints: ["fal-ai/veo3/**"], calls: { day: 0 } },
      },
    });
    expect((await app.post("1 red", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("2 red", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("3 red", FLUX, SMALL)).status).toBe(429);
    expect((await app.post("3 blue", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("3 blue", "fal.run/fal-ai/veo3/fast", { prompt: "a" })).status).toBe(
      429,
    );
    expect((await app.post("4", FLUX, SMALL)).status).toBe(500);
  });

  test("a period of the app's own", async () => {
    const start_ = Date.now() - 5000;
    let end = Date.now() + 60_000;
    await start({
      limits: {
        user: { usd: [{ amount: "0.03", per: () => ({ start: start_, end: new Date(end) }) }] },
      },
    });
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    const refused = await app.post("42", FLUX, SMALL);
    expect(await refused.json()).toMatchObject({
      per: "own",
      resets_at: new Date(end).toISOString(),
    });
    end = start_;
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect((await app.post("42", FLUX, SMALL)).status).toBe(500);
  });

  test("an operator's word stands in the place of a limit, and blocks without any", async () => {
    await start({ limits: { all: { calls: { day: 99 } }, user: { usd: { day: "0.03" } } } });
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("42", FLUX, SMALL)).status).toBe(402);
    await app.store.override({ subject: "user/42", guard: "usd day", limit: 60_000_000n });
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    await app.store.override({ subject: "user/42", limit: -1n });
    const blocked = await app.post("42", FLUX, SMALL);
    expect(blocked.status).toBe(403);
    expect(await blocked.json()).toMatchObject({ code: "blocked" });
    await app.store.override({ subject: "user/42", limit: undefined });
    await app.store.override({ subject: "all", limit: -1n });
    expect((await app.post("43", FLUX, SMALL)).status).toBe(403);
  });
});
