/** Why a call passes or not, without sending or taking anything. */
import { expect, test } from "vitest";
import { creditAmount, credits } from "../../src/limits/credits.ts";
import { defineProxy } from "../../src/limits/define.ts";
import { explain } from "../../src/limits/explain.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { job } from "../../src/stores/testing/claims.ts";
import { StoreUnavailable } from "../../src/stores/store.ts";

const store = memoryStore();
const fal = defineProxy({
  isAuthenticated: (call) =>
    call.getHeader("x-user") ? { id: call.getHeader("x-user") as string } : false,
  allowedEndpoints: ["fal-ai/flux/**", "fal-ai/fast-sdxl"],
  resolveFalAuth: () => "5f0c-id:0123456789abcdef0123456789abcdef",
  store,
  prices: falPrices({}, { list: false }),
  limits: { user: { calls: { day: 5 }, usd: { day: "0.06" } }, all: { usd: { day: 9 } } },
  credits: { acceptLoss: true, cost: { "fal-ai/flux/**": 2 } },
});
const ask = (
  path: string,
  user: string,
  input: object = { prompt: "a cat" },
): ReturnType<typeof explain> =>
  explain(
    fal,
    new Request("http://app.example/api/fal/proxy", {
      method: "POST",
      body: JSON.stringify(input),
      headers: {
        "x-fal-target-url": `https://${path}`,
        "x-user": user,
        "content-type": "application/json",
      },
    }),
  );

test("a call that would pass: its price by which rule, and what it would take of which bucket", async () => {
  await store.enter({ id: "e", purse: credits("42"), amount: creditAmount(5) });
  for (let round = 0; round < 3; round++) {
    const { steps, refusal, quote, buckets } = await ask("fal.run/fal-ai/flux/dev", "42", {
      num_images: 2,
    });
    expect(steps.map(({ step, passes }) => `${step} ${passes}`)).toEqual([
      "target true",
      "origin true",
      "caller true",
      "endpoint true",
      "guards true",
      "key true",
      "job true",
      "price true",
      "limits true",
    ]);
    expect(refusal).toBeUndefined();
    expect(quote).toMatchObject({
      usd: "0.05",
      unitPrice: "0.025",
      rule: "fal-ai/flux/dev",
      isMax: false,
      asOf: "2025-11-30",
    });
    expect(
      buckets.map(({ scope, unit, needed, used, limit, fits }) => [
        scope,
        unit,
        needed,
        used,
        limit,
        fits,
      ]),
    ).toEqual([
      ["user/42", "blocked", "0", "0", "none", true],
      ["all", "blocked", "0", "0", "none", true],
      ["user", "calls", "1", "0", "5", true],
      ["user", "usd", "0.05", "0", "0.06", true],
      ["all", "usd", "0.05", "0", "9", true],
      ["credits", "credits", "2", "-5", "0", true],
    ]);
  }
});

test.each<
  [what: string, path: string, user: string, input: object | undefined, step: string, code: string]
>([
  ["a target that is none", "evil.example/x", "42", undefined, "target", "target_not_allowed"],
  ["nobody", "fal.run/fal-ai/flux/dev", "", undefined, "caller", "unauthenticated"],
  ["another endpoint", "fal.run/fal-ai/veo3", "42", undefined, "endpoint", "endpoint_not_allowed"],
  ["no price", "fal.run/fal-ai/fast-sdxl", "42", undefined, "price", "price_unknown"],
  ["too dear", "fal.run/fal-ai/flux/dev", "42", { num_images: 3 }, "limits", "budget_exhausted"],
  ["an empty purse", "fal.run/fal-ai/flux/dev", "43", undefined, "limits", "credits_exhausted"],
])("%s: the step that says no is the last", async (_what, path, user, input, step, code) => {
  const { steps, refusal } = await ask(path, user, input);
  expect(steps.at(-1)).toEqual({ step, passes: false });
  expect(steps.slice(0, -1).every(({ passes }) => passes)).toBe(true);
  expect(refusal?.code).toBe(code);
});

test("an operator's word is seen", async () => {
  await store.override({ subject: "user/42", limit: -1n });
  expect((await ask("fal.run/fal-ai/flux/dev", "42")).refusal).toMatchObject({
    status: 403,
    code: "blocked",
  });
  await store.override({ subject: "user/42", limit: undefined });
});

test("a call that is explained is not under way, however often", async () => {
  const one = defineProxy({
    store: memoryStore(),
    resolveFalAuth: () => "5f0c-id:0123",
    maxInFlight: 1,
  });
  const request = (): Request =>
    new Request("http://app.example/", {
      method: "POST",
      body: "{}",
      headers: {
        "x-fal-target-url": "https://fal.run/fal-ai/flux/dev",
        "content-type": "application/json",
      },
    });
  for (let round = 0; round < 3; round++)
    expect((await explain(one, request())).refusal).toBeUndefined();
});

test("a store without an answer is said to be so", async () => {
  const down = {
    ...store,
    look: () => Promise.reject(new StoreUnavailable("timeout", "it did not answer.")),
  };
  const broken = defineProxy({
    store: down,
    resolveFalAuth: () => "5f0c-id:0123",
    limits: { all: { calls: { day: 1 } } },
  });
  const request = new Request("http://app.example/", {
    method: "POST",
    body: "{}",
    headers: {
      "x-fal-target-url": "https://fal.run/fal-ai/flux/dev",
      "content-type": "application/json",
    },
  });
  await expect(explain(broken, request)).rejects.toThrow(StoreUnavailable);
});

test("somebody else's job is none", async () => {
  const one = job([], { owner: "user/42" });
  await store.take(one);
  await store.advance(one.id, { requestId: "r-1" });
  const poll = (user: string): ReturnType<typeof explain> =>
    explain(
      fal,
      new Request("http://app.example/", {
        headers: {
          "x-fal-target-url": "https://queue.fal.run/fal-ai/flux/requests/r-1/status",
          "x-user": user,
        },
      }),
    );
  expect((await poll("42")).refusal).toBeUndefined();
  const { steps, refusal } = await poll("43");
  expect([steps.at(-1), refusal?.code]).toEqual([{ step: "job", passes: false }, "not_found"]);
});
