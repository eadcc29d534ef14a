/** A call that is made again under its idempotency key buys nothing again. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { falPrices } from "../../src/money/fal-prices.ts";
import { fronts, until } from "../support/fronts.ts";
import { json, startWildFal, type WildFal } from "../support/wild-fal.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const FLUX = "fal.run/fal-ai/flux/dev";
const QUEUE = "queue.fal.run/fal-ai/flux/dev";
const SMALL = { prompt: "a cat", image_size: { width: 64, height: 64 } };
const KEY = { "idempotency-key": "k-1" };
const options = {
  prices: falPrices({}, { list: false }),
  limits: { user: { usd: { day: 1 }, calls: { day: 50 } } },
};

let fal: Emulator;
beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  afterEach(() => app.close());

  test("a submit is answered as before, with the same request id, and usable as such", async () => {
    app = await openApp(open, fal, options);
    const first = await app.post("42", QUEUE, SMALL, KEY);
    const told = (await first.json()) as Record<string, string>;
    const second = await app.post("42", QUEUE, SMALL, KEY);
    expect(second.status).toBe(200);
    expect(second.headers.get("content-type")).toBe("application/json");
    expect(second.headers.get("cache-control")).toContain("no-store");
    const { request_id, response_url, status_url, cancel_url } = told;
    expect(await second.json()).toEqual({
      status: "IN_QUEUE",
      request_id,
      response_url,
      status_url,
      cancel_url,
    });
    expect(fal.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect(
      (await app.ask("42", `queue.fal.run/fal-ai/flux/requests/${request_id}/status`)).ok,
    ).toBe(true);
  });

  test("of sixteen at once one is bought, and all have its request id", async () => {
    app = await openApp(open, fal, options);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => app.post("42", QUEUE, SMALL, KEY)),
    );
    const ids = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as { request_id: string }).request_id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(fal.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  test("a run that is over, and one that is under way, are 409", async () => {
    app = await openApp(open, fal, options);
    const [one, two] = await Promise.all([
      app.post("42", FLUX, SMALL, KEY),
      app.post("42", FLUX, SMALL, KEY),
    ]);
    const [passed, refused] = one.status === 200 ? [one, two] : [two, one];
    expect(passed.status).toBe(200);
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ code: expect.stringMatching(/^duplicate_(running|done)$/) }),
    ]);
    await passed.text();
    const done = await app.post("42", FLUX, SMALL, KEY);
    expect([done.status, await done.json()]).toEqual([
      409,
      expect.objectContaining({ code: "duplicate_done" }),
    ]);
    expect(fal.charges).toHaveLength(1);
  });

  test("another call under the same key is a mistake, and somebody else's key is his own", async () => {
    app = await openApp(open, fal, options);
    expect((await app.post("42", QUEUE, SMALL, KEY)).status).toBe(200);
    for (const [path, input] of [
      [QUEUE, { ...SMALL, prompt: "a dog" }],
      [`${QUEUE}?fal_max_queue_length=5`, SMALL],
      [FLUX, SMALL],
    ] as const) {
      const other = await app.post("42", path, input, KEY);
      expect([other.status, await other.json()]).toEqual([
        422,
        expect.objectContaining({ code: "idempotency_mismatch" }),
      ]);
    }
    const theirs = await app.post("43", QUEUE, { ...SMALL, prompt: "a dog" }, KEY);
    expect(theirs.status).toBe(200);
    const tenants = await app.post("42 acme", QUEUE, { ...SMALL, prompt: "a dog" }, KEY);
    expect(tenants.status).toBe(200);
    expect(fal.requests.filter(({ method }) => method === "POST")).toHaveLength(3);
  });

  test("what fal refused gives the key back", async () => {
    app = await openApp(open, fal, options);
    const wrong = await app.post("42", FLUX, { prompt: 5 }, KEY);
    expect(wrong.status).toBe(422);
    await wrong.text();
    expect((await app.post("42", FLUX, SMALL, KEY)).status).toBe(200);
  });

  test.each(["", "x".repeat(256)])("a key of %s is refused", async (key) => {
    app = await openApp(open, fal, options);
    expect((await app.post("42", QUEUE, SMALL, { "idempotency-key": key })).status).toBe(422);
    expect(fal.requests).toHaveLength(0);
  });

  test("nobody's key stands for nothing: two strangers may use the same one", async () => {
    app = await openApp(open, fal, { limits: { all: { calls: { day: 9 } } } });
    for (let round = 0; round < 2; round++)
      expect((await app.post("", QUEUE, SMALL, KEY)).status).toBe(200);
    expect(fal.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  describe("while the first is not heard of", () => {
    let wild: WildFal;
    beforeAll(async () => {
      wild = await startWildFal();
    });
    afterAll(() => wild.close());

    test("its twin waits for its id, and has 409 where that takes long", async () => {
      let finish: () => void = () => {};
      wild.answer = (response) =>
        (finish = () => json({ request_id: "r-1" })(response, undefined as never));
      wild.received.length = 0;
      app = await openApp(open, { url: wild.url, key: fal.key }, options);
      const first = app.post("42", QUEUE, SMALL, KEY);
      await until(() => wild.received.length === 1);
      const late = await app.post("42", QUEUE, SMALL, KEY);
      expect([late.status, late.headers.get("retry-after")]).toEqual([409, "2"]);
      const twin = app.post("42", QUEUE, SMALL, KEY);
      setTimeout(() => finish(), 300);
      expect(await (await twin).json()).toMatchObject({ request_id: "r-1" });
      expect((await first).status).toBe(200);
      expect(wild.received).toHaveLength(1);
    }, 15_000);

    test("and in the end refused, its twin is the one", async () => {
      const finish: (() => void)[] = [];
      wild.answer = (response) =>
        finish.push(() => json({}, 503, { "x-fal-request-id": "r" })(response, undefined as never));
      wild.received.length = 0;
      app = await openApp(open, { url: wild.url, key: fal.key }, options);
      const first = app.post("42", QUEUE, SMALL, KEY);
      await until(() => wild.received.length === 1);
      const twin = app.post("42", QUEUE, SMALL, KEY);
      await new Promise((resolve) => setTimeout(resolve, 200));
      wild.answer = json({ request_id: "r-2" });
      finish[0]?.();
      expect((await first).status).toBe(503);
      expect(await (await twin).json()).toMatchObject({ request_id: "r-2" });
    });
  });
});
