/** What a caller has left, as a page can show it. */
import { expect, test, vi } from "vitest";
import { createUsageHandler } from "../../src/limits/usage.ts";
import { creditAmount, credits } from "../../src/limits/credits.ts";
import { defineProxy } from "../../src/limits/define.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { StoreUnavailable } from "../../src/stores/store.ts";
import { count, job, place, spend } from "../../src/stores/testing/claims.ts";

const store = memoryStore();
const fal = defineProxy({
  isAuthenticated: (call) =>
    call.getHeader("x-user") ? { id: call.getHeader("x-user") as string } : false,
  store,
  prices: {},
  limits: {
    user: { inFlight: 3, calls: { "1m": 20 }, usd: { day: 2, ever: "none" } },
    all: { usd: { day: 200 } },
  },
  credits: { acceptLoss: true, cost: 1 },
});
const ask = (user?: string): Promise<Response> =>
  createUsageHandler(fal)(
    new Request("https://app.example/usage", { headers: user ? { "x-user": user } : {} }),
  );

test("each limit with what is used, held and left, and the purse; nothing of those that all share", async () => {
  const from = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const day = { from, until: from + 86_400_000 };
  const name = (guard: string, window = ""): string => `user/42|${guard}|${window}`;
  const start = new Date(from).toISOString();
  await store.enter({ id: "e", purse: credits("42"), amount: creditAmount(50) });
  const open = job([
    spend(1_500_000_000n, undefined, { bucket: name("usd day", start), ...day }),
    spend(1_500_000_000n, undefined, {
      bucket: name("usd ever"),
      from: undefined,
      until: undefined,
    }),
    place(3n, { bucket: name("inFlight") }),
    {
      ...count(20n, { bucket: name("calls 1m"), from: undefined, until: undefined }),
      rolling: { ms: 60_000, slots: 16 },
    },
    spend(1_000_000_000n, undefined, {
      bucket: name("credits"),
      from: undefined,
      until: undefined,
    }),
  ]);
  await store.take(open);
  const answer = await ask("42");
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
  expect(await answer.json()).toEqual({
    limits: [
      { scope: "user", unit: "inFlight", limit: "3", used: "1", held: "1", left: "2" },
      { scope: "user", unit: "calls", per: "1m", limit: "20", used: "1", held: "0", left: "19" },
      {
        scope: "user",
        unit: "usd",
        per: "day",
        limit: "2",
        used: "1.5",
        held: "1.5",
        left: "0.5",
        resets_at: new Date(day.until).toISOString(),
      },
      {
        scope: "user",
        unit: "usd",
        per: "ever",
        limit: "none",
        used: "1.5",
        held: "1.5",
        left: "none",
      },
    ],
    credits: { balance: "49", held: "1" },
  });
  expect(await (await ask("43")).json()).toMatchObject({
    credits: { balance: "0" },
    limits: [{ used: "0" }, {}, {}, {}],
  });
});

test("is for those who are signed in, and fails with the store", async () => {
  expect((await ask()).status).toBe(401);
  const down = {
    ...store,
    look: () => Promise.reject(new StoreUnavailable("timeout", "it did not answer.")),
  };
  const broken = createUsageHandler(
    defineProxy({
      isAuthenticated: () => ({ id: "42" }),
      store: down,
      limits: { user: { calls: { day: 1 } } },
    }),
  );
  const answer = await broken(new Request("https://app.example/usage"));
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
    503,
    "state_unavailable",
  ]);
});

test("limits by address are told the address, and a function that fails is a fault of the server's", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const request = (): Request => new Request("https://app.example/usage");
  const limits = { ip: { calls: { day: 5 } } };
  const byAddress = createUsageHandler(
    defineProxy({ isAuthenticated: () => true, store: memoryStore(), limits }),
  );
  const answer = await byAddress(request(), { ip: "203.0.113.9" });
  expect(await answer.json()).toMatchObject({ limits: [{ scope: "ip", left: "5" }] });
  expect((await byAddress(request())).status).toBe(500);
  const calls = { day: (): number => NaN };
  const broken = createUsageHandler(
    defineProxy({
      isAuthenticated: () => ({ id: "42" }),
      store: memoryStore(),
      limits: { user: { calls } },
    }),
  );
  expect((await broken(request())).status).toBe(500);
});
