/** fal's list of prices, from servers that answer as they like. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { falPrices } from "../../src/money/fal-prices.ts";
import type { Prices } from "../../src/money/prices.ts";
import type { PriceAlarm, PriceListOptions } from "../../src/money/pricing-api.ts";
import { price } from "./price.ts";

const KEY = "11111111-1111-4111-8111-111111111111:0123456789abcdef0123456789abcdef";
const HOUR = 3_600_000;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

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
  falPrices({}, { defaults: false, listMargin: 1, list: { key: KEY, onAlarm: () => {}, ...list } });
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
  answers = [(ids) => (ids.includes("fal-ai/bad") ? { status: 404, body: {} } : listing({})(ids))];
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
])("%s is no answer: fal is left alone for a minute, what is known is kept", async (_, answer) => {
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
});

test.each<[string, () => string, number]>([
  ["seconds", () => "600", 600_000],
  ["a date", () => new Date(Date.now() + 600_000).toUTCString(), 600_000],
  ["a day, of which an hour is kept", () => "86400", HOUR],
])("retry-after in %s is kept", async (_, header, pause) => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
  answers = [() => ({ status: 429, headers: { "retry-after": header() }, body: {} }), listing({})];
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
