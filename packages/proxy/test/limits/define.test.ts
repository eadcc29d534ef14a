/** What is wrong with a definition is said when it is made, with what to write instead. */
import { describe, expect, test } from "vitest";
import { defineProxy } from "../../src/limits/define.ts";
import type { DefineOptions } from "../../src/limits/options.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const store = memoryStore();
const prices = falPrices({}, { list: false });

describe("wrong at creation", () => {
  test.each<[string, object, string]>([
    ["no store", { limits: { user: { calls: { day: 1 } } } }, "needs a store"],
    ["a store that is none", { store: {} }, "store has no take, advance, look, due"],
    [
      "dollars without prices",
      { store, limits: { user: { usd: { day: 1 } } } },
      "limits in usd need prices",
    ],
    [
      "credits that would be lost",
      { store, credits: { cost: 1 } },
      "credits would be lost with this process",
    ],
    ["credits without a cost", { store, credits: { acceptLoss: true } }, "credits.cost must say"],
    [
      "a settle that is none",
      { store, credits: { acceptLoss: true, cost: 1, settle: "later" } },
      "credits.settle must be",
    ],
    [
      "an unknown of credits that is none",
      { store, credits: { acceptLoss: true, cost: 1, unknown: "x" } },
      "credits.unknown must be",
    ],
    [
      "a cost that is none",
      { store, credits: { acceptLoss: true, cost: { "fal-ai/x": "free" } } },
      'credits.cost["fal-ai/x"]',
    ],
    [
      "a set of no kind",
      { store, limits: { team: { calls: { day: 1 } } } },
      "limits.team needs by",
    ],
    ["a set that limits nothing", { store, limits: { user: {} } }, "limits.user limits nothing"],
    ["a set that is a number", { store, limits: { user: 5 } }, "limits.user must be an object"],
    [
      "a misspelt member",
      { store, limits: { user: { call: { day: 1 } } } },
      'limits.user has a member "call"; it may have by, endpoints',
    ],
    [
      "an amount without a period",
      { store, limits: { user: { calls: 5 } } },
      "limits.user has calls without a period: { calls: { day: 5 } }",
    ],
    ["a period that is none", { store, limits: { user: { calls: { "1d": 5 } } } }, '"24h"'],
    [
      "half a call",
      { store, limits: { user: { calls: { day: 1.5 } } } },
      "limits.user.calls.day must be a whole number",
    ],
    [
      "less than nothing",
      { store, prices, limits: { user: { usd: { day: -1 } } } },
      "limits.user.usd.day must be an amount",
    ],
    [
      "more than there is",
      { store, prices, limits: { user: { usd: { day: 1e9 } } } },
      "of 0 to 9000000",
    ],
    [
      "half a place",
      { store, limits: { user: { inFlight: 0.5 } } },
      "limits.user.inFlight must be a whole number",
    ],
    ["no per", { store, limits: { user: { calls: [{ amount: 1 }] } } }, "without a per"],
    [
      "two that would share a bucket",
      { store, limits: { user: { calls: { day: 1 } }, more: { by: "user", calls: { day: 5 } } } },
      "limits.more would share a bucket with limits.user: calls per day",
    ],
    [
      "two own periods without names",
      {
        store,
        limits: {
          user: {
            calls: [
              { amount: 1, per: () => ({ start: 0, end: 1 }) },
              { amount: 2, per: () => ({ start: 0, end: 1 }) },
            ],
          },
        },
      },
      "would share a bucket",
    ],
    [
      "a zone that is none",
      { store, limits: { timeZone: "Mars", user: { calls: { day: 1 } } } },
      "limits.timeZone",
    ],
    [
      "an unknown that is none",
      { store, unknown: "forget" },
      'unknown must be "charge" or "release"',
    ],
    [
      "a price rule that is none",
      { store, prices: { "fal-ai/x": { usd: 1 } } },
      'the price of "fal-ai/x"',
    ],
    [
      "globs that are none",
      { store, limits: { user: { endpoints: ["https://fal.run/x"], calls: { day: 1 } } } },
      "endpoints",
    ],
  ])("%s", (_what, options, says) => {
    expect(() => defineProxy(options as DefineOptions)).toThrow(TypeError);
    expect(() => defineProxy(options as DefineOptions)).toThrow(says);
  });
});

test("sets by the same callers stand beside one another where their buckets differ", () => {
  const limits = {
    user: { calls: { day: 1, "24h": 1 } },
    video: { by: "user", endpoints: ["fal-ai/veo3/**"], calls: { day: 5 } },
    month: { by: "user", calls: [{ amount: 1, per: "day", name: "second" }] },
  } as const;
  expect(defineProxy({ store, limits }).meter.definition.gauges.map(({ guard }) => guard)).toEqual([
    "calls day",
    "calls 24h",
    "calls day fal-ai/veo3/**",
    "calls second",
  ]);
});
