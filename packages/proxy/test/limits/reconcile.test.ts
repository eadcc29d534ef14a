/** What was booked is held against the emulated fal's billing events. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import { reconcile } from "../../src/limits/reconcile.ts";
import { settleDue } from "../../src/limits/sweep.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import { fronts } from "../support/fronts.ts";
import { json, startWildFal } from "../support/wild-fal.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const FLUX = "fal.run/fal-ai/flux/dev";
const QUEUE = "queue.fal.run/fal-ai/flux/dev";
const SMALL = { prompt: "a cat" };
const [[, node]] = fronts as [(typeof fronts)[number]];
const options = {
  // Dearer than fal: an estimate is more than the bill.
  prices: falPrices({ "fal-ai/flux/dev": { flat: 1, usd: "0.04" } }, { list: false }),
  limits: { user: { usd: { ever: 5 } } },
};

let fal: Emulator;
let app: MeteredApp;
beforeAll(async () => {
  fal = await createEmulator({ latency: 0, queueMs: 0 });
});
beforeEach(async () => {
  fal.reset();
  app = await openApp(node, fal, options);
});
afterEach(() => {
  app.close();
  vi.useRealTimers();
});
afterAll(() => fal.close());

const proxyOf = (more: Partial<Parameters<typeof defineProxy>[0]> = {}): FalProxy =>
  defineProxy({
    ...options,
    store: app.store,
    upstream: fal.url,
    accounts: { main: () => fal.key },
    ...more,
  });
/** Whatever fal bills in this moment belongs to it. */
const untilNow = (): { adminKey: string; to: number } => ({
  adminKey: fal.adminKey,
  to: Date.now() + 1000,
});
const usedBy = async (user: string): Promise<bigint | undefined> => {
  const subject = `user/${user}`;
  const ref = {
    bucket: `${subject}|usd ever|`,
    kind: "spend",
    subject,
    guard: "usd ever",
  } as const;
  return (await app.store.look({ buckets: [ref] })).buckets[0]?.used;
};
const directly = (path: string): Promise<Response> =>
  fetch(`${fal.url}/${path}`, {
    method: "POST",
    headers: { authorization: `Key ${fal.key}`, "content-type": "application/json" },
    body: JSON.stringify(SMALL),
  });

/** A job whose result fal does not know any more when it is asked for. */
async function forgotten(): Promise<string> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { request_id: id } = (await (await app.post("42", QUEUE, SMALL)).json()) as {
    request_id: string;
  };
  await expect.poll(() => fal.charges.some(({ requestId }) => requestId === id)).toBe(true);
  const gone = fal.script({ method: "GET", host: "queue.fal.run", status: 404, body: "{}" });
  vi.setSystemTime(Date.now() + 121_000);
  expect((await settleDue(proxyOf())).settled).toBe(1);
  gone.remove();
  expect((await app.store.look({ requestId: id })).job?.state).toBe("estimated");
  return id;
}

test("an estimate becomes what fal billed, once", async () => {
  const id = await forgotten();
  expect(await usedBy("42")).toBe(40_000_000n);
  const events: unknown[] = [];
  const proxy = proxyOf({ onEvent: (event) => events.push(event) });
  expect(await reconcile(proxy, untilNow())).toEqual({
    charges: 1,
    billedUsd: "0.025",
    corrected: 1,
    differences: [],
    differing: 0,
  });
  expect(await usedBy("42")).toBe(25_000_000n);
  expect((await app.store.look({ requestId: id })).job?.state).toBe("charged");
  expect(events).toEqual([
    expect.objectContaining({ type: "metered", state: "charged", bookedUsd: "0.025" }),
  ]);
  expect(await reconcile(proxy, untilNow())).toMatchObject({ corrected: 0, differing: 0 });
  expect(await usedBy("42")).toBe(25_000_000n);
});

test("what does not agree is named: a charge without a job, and a price that is not fal's", async () => {
  const priced = await app.post("42", FLUX, SMALL);
  const beside = await directly(FLUX);
  expect([priced.status, beside.status]).toEqual([200, 200]);
  const requestId = (answer: Response): string => answer.headers.get("x-fal-request-id") as string;
  const found = await reconcile(proxyOf(), untilNow());
  expect(found).toMatchObject({ charges: 2, billedUsd: "0.05", corrected: 0, differing: 2 });
  const endpoint = "fal-ai/flux/dev";
  expect(new Set(found.differences)).toEqual(
    new Set([
      { requestId: requestId(beside), endpoint, billedUsd: "0.025" },
      { requestId: requestId(priced), endpoint, billedUsd: "0.025", bookedUsd: "0.04" },
    ]),
  );
  // What was settled stays as it is.
  expect(await usedBy("42")).toBe(40_000_000n);
});

test("a job that goes on is left to its result, and other times are not looked at", async () => {
  const { request_id: id } = (await (await app.post("42", QUEUE, SMALL)).json()) as {
    request_id: string;
  };
  await expect.poll(() => fal.charges.some(({ requestId }) => requestId === id)).toBe(true);
  expect(await reconcile(proxyOf(), untilNow())).toMatchObject({
    charges: 1,
    corrected: 0,
    differing: 0,
  });
  const yesterday = Date.now() - 86_400_000;
  expect(await reconcile(proxyOf(), { adminKey: fal.adminKey, to: yesterday })).toMatchObject({
    charges: 0,
  });
});

test("all pages are read", async () => {
  for (let round = 0; round < 13; round++)
    await Promise.all(Array.from({ length: 10 }, () => directly("fal.run/fal-ai/echo")));
  const found = await reconcile(proxyOf(), untilNow());
  expect(found).toMatchObject({ charges: 130, billedUsd: "0.13", differing: 130 });
  expect(new Set(found.differences.map(({ requestId }) => requestId)).size).toBe(130);
});

describe("says what is wrong", () => {
  test.each<[string, () => Parameters<typeof reconcile>[1], string]>([
    ["no key", () => ({ adminKey: undefined }), "needs adminKey"],
    ["a key that is none", () => ({ adminKey: "a\nb" }), "needs adminKey"],
    ["a key that may not", () => ({ adminKey: fal.key }), "must be an admin key"],
    ["no time", () => ({ adminKey: fal.adminKey, from: NaN }), "from must be before"],
    ["a time before", () => ({ adminKey: fal.adminKey, from: 2, to: 1 }), "from must be before"],
  ])("%s", async (_what, given, says) => {
    await expect(reconcile(proxyOf(), given())).rejects.toThrow(says);
  });

  test.each([
    ["an outage", json({}, 503)],
    ["a page in HTML", json("<html>", 200)],
    ["another form", json({ billing_events: {} })],
  ])("%s", async (_what, answer) => {
    const wild = await startWildFal();
    wild.answer = answer;
    const asked = reconcile(proxyOf({ upstream: wild.url }), { adminKey: fal.adminKey });
    await expect(asked).rejects.toThrow("could not be read now");
    await wild.close();
  });

  test("rows that are none are passed over", async () => {
    const wild = await startWildFal();
    const row = { request_id: "r", endpoint_id: "a/b" };
    wild.answer = json({
      billing_events: [
        null,
        {},
        { ...row, cost_estimate_nano_usd: "x" },
        { ...row, cost_total: -1 },
        { ...row, cost_total: 0.0371000000001 },
      ],
      next_cursor: null,
    });
    expect(await reconcile(proxyOf({ upstream: wild.url }), { adminKey: fal.adminKey })).toEqual({
      charges: 1,
      billedUsd: "0.0371",
      corrected: 0,
      differing: 1,
      differences: [{ requestId: "r", endpoint: "a/b", billedUsd: "0.0371" }],
    });
    await wild.close();
  });
});
