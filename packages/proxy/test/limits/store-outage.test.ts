/** A paid call while the store does not answer: nothing passes unbooked, nothing is booked twice, nothing is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DefineOptions } from "../../src/limits/options.ts";
import { createFetchHandler } from "../../src/adapters/fetch.ts";
import { defineProxy } from "../../src/limits/define.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { StoreUnavailable, type Store } from "../../src/stores/store.ts";
import { fronts } from "../support/fronts.ts";
import { json, startWildFal, type WildFal } from "../support/wild-fal.ts";
import type { MeteredApp } from "./metered-app.ts";
import { JOB, KEY, RUN, SUBMIT, openPriced, pricedOptions, stands, units } from "./priced-call.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => {
  fal.received.length = 0;
});
afterAll(() => fal.close());

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (more: Partial<DefineOptions> = {}): Promise<MeteredApp> =>
    (app = await openPriced(open, fal, more));
  afterEach(() => app.close());

  /** Fails what is asked of a verb, before or after it was done. */
  const flaky = (
    fails: Partial<
      Record<"take" | "advance" | "look", (count: number) => "before" | "after" | undefined>
    >,
  ): Store => {
    const store = memoryStore();
    const counts = { take: 0, advance: 0, look: 0 };
    const wrap =
      <Verb extends "take" | "advance" | "look">(verb: Verb) =>
      async (...args: unknown[]) => {
        const when = fails[verb]?.(counts[verb]++);
        const down = new StoreUnavailable("timeout", "it did not answer.");
        if (when === "before") throw down;
        const answer = await (store[verb] as (...all: unknown[]) => Promise<unknown>)(...args);
        if (when === "after") throw down;
        return answer;
      };
    return {
      ...store,
      take: wrap("take"),
      advance: wrap("advance"),
      look: wrap("look"),
    } as Store;
  };

  test.each(["before", "after"] as const)(
    "whose take lost one answer (%s it was done) books once",
    async (when) => {
      await start({ store: flaky({ take: (count) => (count === 0 ? when : undefined) }) });
      fal.answer = json({}, 200, units("1"));
      expect((await app.post("42", RUN)).status).toBe(200);
      expect([await stands(app.store, "usd"), await stands(app.store, "calls")]).toEqual([
        "0.1 (0)",
        "1",
      ]);
    },
  );

  test.each(["before", "after"] as const)(
    "whose take lost two (%s) passes nothing, and takes back what it may have booked",
    async (when) => {
      await start({ store: flaky({ take: (count) => (count < 2 ? when : undefined) }) });
      const refused = await app.post("42", RUN);
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({ code: "state_unavailable" });
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(fal.received).toHaveLength(0);
      await app.front.drain();
      expect([
        await stands(app.store, "usd"),
        await stands(app.store, "calls"),
        await stands(app.store, "places"),
      ]).toEqual(["0 (0)", "0", "0"]);
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: "store_unavailable", trouble: "timeout" }),
      );
    },
  );

  test("while a reply is settled keeps nobody from it, and settles later", async () => {
    await start({ store: flaky({ advance: (count) => (count < 5 ? "before" : undefined) }) });
    fal.answer = json({ ok: true }, 200, units("2"));
    const reply = await app.post("42", RUN);
    expect(await reply.json()).toEqual({ ok: true });
    await app.front.drain();
    expect(await stands(app.store, "usd")).toBe("0.2 (0)");
  }, 20_000);

  test("while a job is bound is waited for, told, and bound in the end", async () => {
    await start({ store: flaky({ advance: (count) => (count < 7 ? "before" : undefined) }) });
    fal.answer = json({ request_id: "r-1" });
    expect((await app.post("42", SUBMIT)).status).toBe(200);
    expect(app.events).toContainEqual(expect.objectContaining({ type: "unbound" }));
    await app.front.drain();
    expect((await app.store.look({ requestId: "r-1" })).job?.owner).toBe("user/42");
  }, 30_000);

  test("shows no job to anybody", async () => {
    await start({ store: flaky({ look: () => "before" }) });
    const asked = await app.ask("42", JOB);
    expect(asked.status).toBe(503);
    expect(fal.received).toHaveLength(0);
  });

  describe("with calls that may fail open", () => {
    const away = { take: () => "before" as const };
    const limits = { user: { calls: { day: 5 }, failOpen: true } };
    const passes = async (more: Partial<DefineOptions>, path = RUN): Promise<number> => {
      await start({ store: flaky(away), prices: {}, limits, ...more });
      fal.answer = json({ request_id: "r-1" }, 200, units("1"));
      return (await app.post("42", path)).status;
    };

    test("a run passes uncounted, and is told", async () => {
      expect(await passes({})).toBe(200);
      expect(fal.received).toHaveLength(1);
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: "store_unavailable", trouble: "timeout" }),
      );
    });

    test("a submit passes where jobs belong to nobody", async () => {
      expect(await passes({ ownership: false }, SUBMIT)).toBe(200);
    });

    test.each<[string, Partial<DefineOptions>, string?]>([
      ["a submit, whose job would be nobody's", {}, SUBMIT],
      [
        "money",
        { prices: { "**": { flat: 1, usd: 1 } }, limits: { ...limits, all: { usd: { day: 1 } } } },
      ],
      ["places", { limits: { ...limits, all: { inFlight: 1 } } }],
      ["calls of which nobody said so", { limits: { ...limits, all: { calls: { day: 1 } } } }],
      ["credits", { credits: { acceptLoss: true, cost: 1 } }],
      ["no limit at all", { limits: {} }],
    ])("not %s", async (_what, more, path = RUN) => {
      expect(await passes(more, path)).toBe(503);
      expect(fal.received).toHaveLength(0);
    });

    test("not a call under an idempotency-key, which might be the second", async () => {
      await start({ store: flaky(away), prices: {}, limits });
      const headers = { "idempotency-key": "k" };
      expect((await app.post("42", RUN, {}, headers)).status).toBe(503);
    });

    test("not where state was lost", async () => {
      const lost = new StoreUnavailable("lost", "it began anew.");
      await start({
        store: { ...memoryStore(), take: () => Promise.reject(lost) },
        prices: {},
        limits,
      });
      expect((await app.post("42", RUN)).status).toBe(503);
    });

    test("is no word for money", () => {
      expect(() =>
        defineProxy({ store: memoryStore(), limits: { user: { failOpen: true, inFlight: 2 } } }),
      ).toThrow("limits.user has failOpen beside usd or inFlight");
    });
  });
});

test("what is settled after the reply is given to the host's waitUntil", async () => {
  const store = memoryStore();
  let down = 3;
  const advance: Store["advance"] = async (...args) => {
    if (down-- > 0) throw new StoreUnavailable("timeout", "it did not answer.");
    // Longer than a reply waits for it.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return store.advance(...args);
  };
  const handle = createFetchHandler(
    defineProxy({
      ...pricedOptions(),
      isAuthenticated: () => ({ id: "42" }),
      resolveFalAuth: () => KEY,
      upstream: fal.url,
      store: { ...store, advance },
    }),
  );
  fal.answer = json({ ok: true }, 200, units("2"));
  const kept: Promise<unknown>[] = [];
  const reply = await handle(
    new Request("https://app.example/api/fal/proxy", {
      method: "POST",
      body: "{}",
      headers: { "x-fal-target-url": `https://${RUN}`, "content-type": "application/json" },
    }),
    {},
    { waitUntil: (work: Promise<unknown>) => void kept.push(work) },
  );
  expect([reply.status, await reply.json()]).toEqual([200, { ok: true }]);
  expect(await stands(store, "usd")).toBe("0.1 (0.1)");
  await Promise.all(kept);
  expect(await stands(store, "usd")).toBe("0.2 (0)");
});
