/** Prices from rules, shipped defaults and fal's list, which is read from an emulated fal. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { falPrices, type FalPricesOptions } from "../../src/money/fal-prices.ts";
import type { PriceRules, Prices } from "../../src/money/prices.ts";
import type { PriceAlarm, PriceListOptions } from "../../src/money/pricing-api.ts";
import { price } from "./price.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe("what comes first", () => {
  const rules: PriceRules = { "fal-ai/flux/dev": { flat: 1, usd: "0.5" } };
  test("the app's own rule before the shipped one", async () => {
    expect(await price(falPrices(rules, { list: false }), "fal-ai/flux/dev")).toBe("0.5");
    expect(await price(falPrices({}, { list: false }), "fal-ai/flux/dev")).toBe("0.025");
  });
  test("shipped ones can be left out", async () => {
    const prices = falPrices({}, { defaults: false, list: false });
    expect(await price(prices, "fal-ai/flux/dev")).toBe("no rule prices fal-ai/flux/dev");
  });
  test.each<[string, FalPricesOptions, string]>([
    ["a margin below 1", { listMargin: "0.9" }, "listMargin must be at least 1"],
    ["a time that is none", { list: { freshFor: 0 } }, "list.freshFor must be"],
    ["a time that is none", { list: { keptFor: NaN } }, "list.keptFor must be"],
  ])("%s is said at once", (_, options, says) => {
    expect(() => falPrices({}, options)).toThrow(says);
  });
});

describe("fal's list, from the emulator", () => {
  let fal: Emulator;
  beforeAll(async () => {
    fal = await createEmulator({ latency: 0 });
  });
  beforeEach(() => {
    fal.reset();
    vi.stubEnv("FAL_PROXY_UPSTREAM", fal.url);
    vi.stubEnv("FAL_KEY", fal.key);
  });
  afterAll(() => fal.close());

  const listed = (list: PriceListOptions = {}): Prices => falPrices({}, { defaults: false, list });
  const asked = (): (string | null)[] =>
    fal.requests
      .filter(({ path }) => path.startsWith("/v1/models/pricing"))
      .map(({ path }) => new URL(path, "http://x").searchParams.get("endpoint_id"));

  test("a plain unit prices a call, with room for what the list does not tell", async () => {
    const prices = listed();
    expect(await price(prices, "fal-ai/nano-banana", { num_images: 2 })).toBe("0.2388");
    expect(await price(prices, "fal-ai/flux/dev", { image_size: "square_hd" })).toBe("0.075");
    const quote = prices.quote("fal-ai/nano-banana", {});
    expect(quote).toMatchObject({ unitPrice: 39_800_000n, source: "pricing API" });
  });

  test("a unit that the input does not tell, and a field that bears on prices, do not", async () => {
    const prices = listed();
    expect(await price(prices, "fal-ai/fast-sdxl")).toContain('by "compute seconds"');
    expect(await price(prices, "fal-ai/nano-banana", { resolution: "4K" })).toBe("resolution");
  });

  test("an id that fal does not know has no price, and costs the others nothing", async () => {
    const prices = listed();
    const ids = ["fal-ai/flux/dev", "fal-ai/no-such-model", "fal-ai/nano-banana"];
    const results = await Promise.all(ids.map((id) => price(prices, id)));
    expect(results).toEqual(["0.3", "no rule prices fal-ai/no-such-model", "0.1194"]);
    // All that was asked for in the same moment was one question, and is not asked for again.
    expect(asked()).toEqual([ids.join(",")]);
    await Promise.all(ids.map((id) => price(prices, id)));
    expect(asked()).toHaveLength(1);
  });

  test("no more than 50 ids are asked for at once", async () => {
    const prices = listed();
    const ids = Array.from({ length: 120 }, (_, index) => `fal-ai/model-${index}`);
    await Promise.all(ids.map((id) => price(prices, id)));
    expect(asked().map((list) => list?.split(",").length)).toEqual([50, 50, 20]);
  });

  test("a rule whose price differs from fal's sounds the alarm once, and counts", async () => {
    const alarms: PriceAlarm[] = [];
    const prices = falPrices(
      {
        "fal-ai/nano-banana": { flat: 1, usd: "0.02" },
        "fal-ai/flux/dev": { flat: 1, usd: "0.025" },
      },
      { list: { onAlarm: (alarm) => alarms.push(alarm) } },
    );
    for (let round = 0; round < 3; round++) {
      expect(await price(prices, "fal-ai/nano-banana")).toBe("0.02");
      expect(await price(prices, "fal-ai/flux/dev")).toBe("0.025");
      await vi.waitFor(() => expect(asked()).toHaveLength(2));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(alarms).toEqual([
      expect.objectContaining({ kind: "differs", endpoint: "fal-ai/nano-banana" }),
    ]);
  });

  test("a handler of alarms that fails changes nothing", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    for (const onAlarm of [
      () => Promise.reject(new Error("no")),
      () => {
        throw new Error("no");
      },
    ]) {
      const prices = falPrices(
        { "fal-ai/nano-banana": { flat: 1, usd: 1 } },
        { list: { onAlarm } },
      );
      await price(prices, "fal-ai/nano-banana");
      await vi.waitFor(() => expect(asked().length).toBeGreaterThan(0));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await price(prices, "fal-ai/nano-banana")).toBe("1");
    }
  });

  test("the key is asked for before each reading, and may be missing", async () => {
    vi.stubEnv("FAL_KEY", "");
    const alarms: PriceAlarm[] = [];
    const onAlarm = (alarm: PriceAlarm): unknown => alarms.push(alarm);
    expect(await price(listed({ onAlarm }), "fal-ai/flux/dev")).toBe(
      "no rule prices fal-ai/flux/dev",
    );
    expect(alarms).toMatchObject([{ kind: "unreachable" }]);
    expect(await price(listed({ key: () => Promise.resolve(fal.key) }), "fal-ai/flux/dev")).toBe(
      "0.3",
    );
  });

  test("what was kept by a process before is used at once, and asked for again", async () => {
    let kept: string | undefined;
    const archive = { load: () => kept, save: (text: string) => (kept = text) };
    await price(listed({ archive }), "fal-ai/nano-banana");
    await vi.waitFor(() => expect(kept).toContain("nano-banana"));
    vi.stubEnv("FAL_PROXY_UPSTREAM", "http://127.0.0.1:9");
    const prices = listed({ archive, onAlarm: () => {} });
    expect(await price(prices, "fal-ai/nano-banana")).toBe("0.1194");
    for (const text of ["no JSON", '[["fal-ai/nano-banana","-1","images",1]]']) {
      kept = text;
      expect(await price(listed({ archive, onAlarm: () => {} }), "fal-ai/nano-banana")).toContain(
        "no rule",
      );
    }
  });
});
