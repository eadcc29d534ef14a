/** Credits on the way of a call: taken from what was bought, given back, and what a call costs. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { creditAmount, credits } from "../../src/limits/credits.ts";
import type { CreditsOptions } from "../../src/limits/options.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import type { PriceRules } from "../../src/money/prices.ts";
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
});
