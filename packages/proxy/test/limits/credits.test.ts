/** Credits on the way of a call: taken from what was bought, given back, and what a call costs. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Call } from "../../src/call.ts";
import { creditAmount, credits } from "../../src/limits/credits.ts";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import { explain, type Explanation } from "../../src/limits/explain.ts";
import type { CreditsOptions, DefineOptions } from "../../src/limits/options.ts";
import { usageOf } from "../../src/limits/usage.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import type { PriceRules } from "../../src/money/prices.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { fronts } from "../support/fronts.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const FLUX = "fal.run/fal-ai/flux/dev";
const SMALL = { prompt: "a cat", image_size: { width: 64, height: 64 } };
const sold: CreditsOptions = {
  acceptLoss: true,
  cost: { "fal-ai/flux/**": "1.5", "fal-ai/veo3/**": (quote) => Math.ceil(quote.usd * 130) },
};

let fal: Emulator;
beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (
    more: Partial<CreditsOptions> = {},
    rules: PriceRules = {},
  ): Promise<MeteredApp> =>
    (app = await openApp(open, fal, {
      prices: falPrices(rules, { list: false }),
      credits: { ...sold, ...more },
    }));
  const balance = async (): Promise<bigint> => {
    const { buckets } = await app.store.look({ buckets: [await credits("42")] });
    return -(buckets[0]?.used ?? 0n);
  };
  afterEach(() => app.close());

  test("are taken from what was entered, and given back when fal refuses", async () => {
    await start();
    const broke = await app.post("42", FLUX, SMALL);
    expect(broke.status).toBe(402);
    expect(await broke.json()).toMatchObject({
      code: "credits_exhausted",
      balance: "0",
      needed: "1.5",
    });
    await app.store.enter({ id: "evt_1", purse: credits("42"), amount: creditAmount(4) });
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("42", FLUX, { prompt: 5 })).status).toBe(422);
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    const dry = await app.post("42", FLUX, SMALL);
    expect(await dry.json()).toMatchObject({
      code: "credits_exhausted",
      balance: "1",
      held: "0",
      frees: false,
    });
    expect((await app.post("42 acme", FLUX, SMALL)).status).toBe(402);
    expect(fal.charges.filter(({ costNanoUsd }) => costNanoUsd > 0n)).toHaveLength(2);
  });

  test("may depend on the quote, and an endpoint without a cost has none", async () => {
    await start();
    await app.store.enter({ id: "evt_1", purse: credits("42"), amount: creditAmount(100) });
    const veo = await app.post("42", "fal.run/fal-ai/veo3/fast", { prompt: "a", duration: "4s" });
    expect(await veo.clone().text()).not.toContain("credits_exhausted");
    expect(await balance()).toBe(creditAmount(22));
    const none = await app.post("42", "fal.run/fal-ai/fast-sdxl", { prompt: "a" });
    expect(await none.json()).toMatchObject({ code: "price_unknown" });
  });

  test("of a team are the team's, by the name that it was given", async () => {
    await start({ by: (call) => call.user?.tenant });
    await app.store.enter({
      id: "evt_1",
      purse: credits("acme", { named: true }),
      amount: creditAmount(3),
    });
    expect((await app.post("42 acme", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("43 acme", FLUX, SMALL)).status).toBe(200);
    expect((await app.post("44 acme", FLUX, SMALL)).status).toBe(402);
    expect((await app.post("42 other", FLUX, SMALL)).status).toBe(402);
  });

  test("may be settled by what fal has billed", async () => {
    // Quoted at twice of what fal bills.
    const rule = { flat: 1, usd: "0.025", margin: 2, ignore: ["image_size"] };
    await start(
      { settle: "actual", cost: (quote) => quote.usd * 100 },
      { "fal-ai/flux/dev": rule },
    );
    await app.store.enter({ id: "evt_1", purse: credits("42"), amount: creditAmount(10) });
    expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
    expect(await balance()).toBe(creditAmount("7.5"));
  });

  describe("of several purses", () => {
    const purses: CreditsOptions[] = [
      // The trial pays for small pictures alone, by the piece.
      { name: "trial", acceptLoss: true, cost: { "fal-ai/flux/**": 1 } },
      { acceptLoss: true, cost: sold.cost },
    ];
    const openPurses = async (more: Partial<DefineOptions> = {}): Promise<void> => {
      const prices = falPrices({}, { list: false });
      app = await openApp(open, fal, { prices, credits: purses, ...more });
      const trial = credits("42", { purse: "trial" });
      await app.store.enter({ id: "trial:42", purse: trial, amount: creditAmount(2) });
      await app.store.enter({ id: "evt_1", purse: credits("42"), amount: creditAmount(4) });
    };
    const left = async (): Promise<unknown> =>
      (await usageOf(proxyOf(app.store), { user: { id: "42" } } as Call)).credits;
    const proxyOf = (store: Store): FalProxy =>
      defineProxy({ store, prices: falPrices({}, { list: false }), credits: purses });

    test("the first that can pay pays, for the whole of a call", async () => {
      await openPurses();
      for (let calls = 0; calls < 4; calls++)
        expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
      await app.front.drain();
      expect(await left()).toEqual({
        balance: "1",
        held: "0",
        purses: { trial: { balance: "0", held: "0" }, credits: { balance: "1", held: "0" } },
      });
      const broke = await app.post("42", FLUX, SMALL);
      expect(await broke.json()).toMatchObject({ code: "credits_exhausted", balance: "1" });
    });

    test("gets back what it paid, whichever it was", async () => {
      await openPurses();
      expect((await app.post("42", FLUX, { prompt: 5 })).status).toBe(422);
      await app.front.drain();
      expect(await left()).toMatchObject({ purses: { trial: { balance: "2" } } });
    });

    test("one that does not pay for an endpoint is passed over", async () => {
      await openPurses();
      const dear = await app.post("42", "fal.run/fal-ai/veo3/fast", { prompt: "a cat" });
      expect(await dear.json()).toMatchObject({ code: "credits_exhausted", balance: "4" });
    });

    test("two calls at once for the last credit of the trial: one pays from each", async () => {
      await openPurses();
      expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
      const both = await Promise.all([app.post("42", FLUX, SMALL), app.post("42", FLUX, SMALL)]);
      expect(both.map(({ status }) => status)).toEqual([200, 200]);
      await app.front.drain();
      expect(await left()).toMatchObject({ balance: "2.5" });
    });

    test("a limit that says no is no question of purses", async () => {
      await openPurses({ limits: { user: { calls: { day: 1 } } } });
      expect((await app.post("42", FLUX, SMALL)).status).toBe(200);
      const refused = await app.post("42", FLUX, SMALL);
      expect([refused.status, await refused.json()]).toEqual([
        429,
        expect.objectContaining({ code: "rate_limited" }),
      ]);
    });

    test("explain names the one that would pay", async () => {
      await openPurses();
      const ask = (): Promise<Explanation> =>
        explain(
          {
            ...proxyOf(app.store),
            isAuthenticated: () => ({ id: "42" }),
            resolveFalAuth: () => fal.key,
          },
          new Request("https://app.example/", {
            method: "POST",
            body: JSON.stringify(SMALL),
            headers: { "x-fal-target-url": `https://${FLUX}`, "content-type": "application/json" },
          }),
        );
      const purse = ({ buckets }: Explanation): string | undefined =>
        buckets.find(({ unit }) => unit === "credits")?.scope;
      expect(purse(await ask())).toBe("trial");
      for (let calls = 0; calls < 2; calls++) await app.post("42", FLUX, SMALL);
      await app.front.drain();
      expect(purse(await ask())).toBe("credits");
    });
  });
});

test.each<[string, CreditsOptions[], string]>([
  ["two without names", [sold, sold], "each needs a name of its own"],
  [
    "two of one name",
    [
      { ...sold, name: "a" },
      { ...sold, name: "a" },
    ],
    "each needs a name of its own",
  ],
  ["a name that could be mistaken", [{ ...sold, name: "a|b" }], "must be a word"],
  ["one that would be lost", [sold, { name: "trial", cost: 1 }], "acceptLoss"],
])("%s is said at once", (_what, given, says) => {
  expect(() => defineProxy({ store: memoryStore(), prices: {}, credits: given })).toThrow(says);
});
