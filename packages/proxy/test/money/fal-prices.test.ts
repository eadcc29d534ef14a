/** Prices from rules, shipped defaults and fal's list, which is read from an emulated fal and from hostile servers. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { writeAmount } from "../../src/money/amount.ts";
import { falPrices, type FalPricesOptions } from "../../src/money/fal-prices.ts";
import type { PriceRules, Prices } from "../../src/money/prices.ts";
import type { PriceAlarm, PriceListOptions } from "../../src/money/pricing-api.ts";
import { isQuote, type Input } from "../../src/money/quote.ts";

const KEY = "11111111-1111-4111-8111-111111111111:0123456789abcdef0123456789abcdef";
const HOUR = 3_600_000;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** The price in USD once it is known, or why there is none. */
async function price(prices: Prices, endpoint: string, input: Input = {}): Promise<string> {
  let result = prices.quote(endpoint, input);
  if ("coming" in result) {
    await result.coming;
    result = prices.quote(endpoint, input);
  }
  return isQuote(result) ? writeAmount(result.usd) : (result.field ?? result.why);
}

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

describe("a list that misbehaves", () => {
  /** How the next questions are answered; the last goes on. */
  let answers: ((ids: string[]) => { status?: number; headers?: object; body: unknown })[] = [];
  let questions: string[][] = [];
  let server: Server;
  let keys: (string | undefined)[] = [];

  beforeAll(async () => {
    server = createServer((request, reply) => {
      const ids =
        new URL(request.url ?? "", "http://x").searchParams.get("endpoint_id")?.split(",") ?? [];
      questions.push(ids);
      keys.push(request.headers.authorization);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      const { status = 200, headers = {}, body } = answer?.(ids) ?? { body: {} };
      reply.writeHead(status, { "content-type": "application/json", ...headers });
      reply.end(typeof body === "string" ? body : JSON.stringify(body));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
  });
  beforeEach(() => {
    questions = [];
    keys = [];
    vi.stubEnv("FAL_PROXY_UPSTREAM", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => server.close());

  const listing = (row: object) => (ids: string[]) => ({
    body: {
      prices: ids.map((id) => ({
        endpoint_id: id,
        unit_price: 0.04,
        unit: "images",
        currency: "USD",
        ...row,
      })),
    },
  });
  const open = (list: PriceListOptions = {}): Prices =>
    falPrices(
      {},
      { defaults: false, listMargin: 1, list: { key: KEY, onAlarm: () => {}, ...list } },
    );
  const id = "fal-ai/some/model";

  test.each<[string, object, string]>([
    ["a unit with white space and capitals", { unit: " Images " }, "0.04"],
    ["the sample of the docs", { unit: "image" }, "0.04"],
    ["nothing is no price", { unit_price: 0 }, "no rule"],
    ["null is no price", { unit_price: null }, "no rule"],
    ["less than nothing", { unit_price: -0.04 }, "no rule"],
    ["a text is taken as a decimal", { unit_price: "0.04" }, "0.04"],
    ["no amount", { unit_price: "free" }, "no rule"],
    ["another currency", { currency: "EUR" }, "no rule"],
    ["no unit", { unit: null }, "no rule"],
    ["seconds, which hide tiers", { unit: "seconds" }, 'by "seconds"'],
    [
      "the rate of a machine",
      { unit: "compute seconds", unit_price: 0.00167 },
      'by "compute seconds"',
    ],
    ["a unit without a name", { unit: "" }, 'by ""'],
    ["a word that objects have", { unit: "constructor" }, 'by "constructor"'],
  ])("%s", async (_, row, says) => {
    answers = [listing(row)];
    expect(await price(open(), id)).toContain(says);
  });

  test("characters are those of all texts", async () => {
    answers = [listing({ unit: "1000 characters", unit_price: 0.1 })];
    const input = { text: "x".repeat(900), more: "y".repeat(200), voice: { id: "z".repeat(5000) } };
    expect(await price(open(), id, input)).toBe("0.2");
  });

  test("one refused id of many is found by halves, and the others have their price", async () => {
    answers = [
      (ids) => (ids.includes("fal-ai/bad") ? { status: 404, body: {} } : listing({})(ids)),
    ];
    const prices = open();
    const ids = ["fal-ai/a", "fal-ai/b", "fal-ai/bad", "fal-ai/c"];
    expect(await Promise.all(ids.map((one) => price(prices, one)))).toEqual([
      "0.04",
      "0.04",
      "no rule prices fal-ai/bad",
      "0.04",
    ]);
    expect(questions).toEqual([ids, ids.slice(0, 2), ids.slice(2), ["fal-ai/bad"], ["fal-ai/c"]]);
  });

  test("an answer that goes on over another page is asked for in halves", async () => {
    answers = [
      (ids) => ({ body: { ...listing({})(ids.slice(0, 1)).body, has_more: ids.length > 1 } }),
    ];
    const prices = open();
    expect(await Promise.all(["fal-ai/a", "fal-ai/b"].map((one) => price(prices, one)))).toEqual([
      "0.04",
      "0.04",
    ]);
  });

  test.each<[string, { status?: number; headers?: object; body: unknown }]>([
    [
      "a challenge in HTML",
      { status: 403, headers: { "content-type": "text/html" }, body: "<html>" },
    ],
    ["HTML that says 200", { headers: { "content-type": "text/html" }, body: "<html>" }],
    ["half an answer", { body: '{"prices":[' }],
    ["no list", { body: { prices: {} } }],
    ["rows that are none", { status: 500, body: { prices: [null, 1] } }],
    ["a key that is refused", { status: 401, body: {} }],
    ["a redirect", { status: 302, headers: { location: "http://127.0.0.1:9/" }, body: {} }],
  ])(
    "%s is no answer: fal is left alone for a minute, what is known is kept",
    async (_, answer) => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
      answers = [listing({}), () => answer, listing({})];
      const alarms: PriceAlarm[] = [];
      const prices = open({ freshFor: HOUR, onAlarm: (alarm) => alarms.push(alarm) });
      expect(await price(prices, id)).toBe("0.04");
      vi.setSystemTime(Date.now() + 2 * HOUR);
      expect(await price(prices, id)).toBe("0.04");
      await vi.waitFor(() => expect(alarms).toMatchObject([{ kind: "unreachable" }]));
      expect(JSON.stringify(alarms)).not.toContain(KEY.slice(0, 8));
      vi.setSystemTime(Date.now() + 59_000);
      expect(await price(prices, id)).toBe("0.04");
      expect(questions).toHaveLength(2);
      vi.setSystemTime(Date.now() + 2_000);
      expect(await price(prices, id)).toBe("0.04");
      await vi.waitFor(() => expect(questions).toHaveLength(3));
    },
  );

  test.each<[string, () => string, number]>([
    ["seconds", () => "600", 600_000],
    ["a date", () => new Date(Date.now() + 600_000).toUTCString(), 600_000],
    ["a day, of which an hour is kept", () => "86400", HOUR],
  ])("retry-after in %s is kept", async (_, header, pause) => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
    answers = [
      () => ({ status: 429, headers: { "retry-after": header() }, body: {} }),
      listing({}),
    ];
    const prices = open();
    await price(prices, id);
    vi.setSystemTime(Date.now() + pause - 1);
    await price(prices, id);
    expect(questions).toHaveLength(1);
    vi.setSystemTime(Date.now() + 1);
    expect(await price(prices, id)).toBe("0.04");
  });

  test("a price is used for a week while fal is away, and no longer", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
    answers = [listing({}), () => ({ status: 503, body: {} })];
    const prices = open();
    await price(prices, id);
    vi.setSystemTime(1e12 + 7 * 24 * HOUR - 1);
    expect(await price(prices, id)).toBe("0.04");
    vi.setSystemTime(1e12 + 7 * 24 * HOUR);
    expect(await price(prices, id)).toContain("no rule");
  });

  test.each<[string, PriceListOptions, object, string]>([
    ["a fall by more than half is not believed", {}, { unit_price: 0.019 }, "0.04"],
    ["unless told", { acceptDrops: true }, { unit_price: 0.019 }, "0.019"],
    ["half is believed", {}, { unit_price: 0.02 }, "0.02"],
    ["a rise is", {}, { unit_price: 4 }, "4"],
    ["another unit is another price", {}, { unit: "megapixels", unit_price: 0.01 }, "0.04"],
  ])("%s", async (_, options, row, usd) => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
    answers = [listing({}), listing(row)];
    const prices = open({ freshFor: HOUR, ...options });
    await price(prices, id);
    vi.setSystemTime(1e12 + 2 * HOUR);
    prices.quote(id, {});
    await vi.waitFor(() => expect(questions).toHaveLength(2));
    await vi.waitFor(async () => expect(await price(prices, id)).toBe(usd));
  });

  test("the key is sent in its one form", async () => {
    answers = [listing({})];
    await price(open({ key: `"${KEY}"` }), id);
    expect(keys).toEqual([`Key ${KEY}`]);
  });
});
