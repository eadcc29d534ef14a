/** The life of a paid call, row by row of guards.md section 4: what fal says, or does not say, and what is booked. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DefineOptions } from "../../src/limits/options.ts";
import { defineProxy } from "../../src/limits/define.ts";
import { createSweepHandler, settleDue } from "../../src/limits/sweep.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { StoreUnavailable, type Job, type Store } from "../../src/stores/store.ts";
import { fronts, until } from "../support/fronts.ts";
import { json, startWildFal, type Answer, type WildFal } from "../support/wild-fal.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";
const RUN = "fal.run/fal-ai/any/model";
const STREAM = `${RUN}/stream`;
const SUBMIT = "queue.fal.run/fal-ai/any/model";
const JOB = "queue.fal.run/fal-ai/any/requests/r-1";
const ID = { "x-fal-request-id": "r-1" };
const TYPE = { "x-fal-error-type": "internal_error" };
const units = (count: string) => ({ ...ID, "x-fal-billable-units": count });

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => {
  fal.received.length = 0;
});
afterAll(() => fal.close());
afterEach(() => vi.useRealTimers());

/** One unit at 0.10 USD is what every call is quoted at; two are open at once, at most. */
const options = (): Partial<DefineOptions> => ({
  prices: { "fal-ai/any/model": { flat: 1, usd: "0.1" } },
  limits: { user: { inFlight: 2, calls: { day: 50 }, usd: { day: 10 } } },
});
const USED = { usd: "usd day", calls: "calls day", places: "inFlight" } as const;

async function stands(store: Store, guard: keyof typeof USED): Promise<string> {
  const window = guard === "places" ? "" : `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;
  const { buckets } = await store.look({
    buckets: [
      {
        bucket: `user/42|${USED[guard]}|${window}`,
        kind: guard === "places" ? "place" : guard === "usd" ? "spend" : "count",
        subject: "user/42",
        guard: USED[guard],
      },
    ],
  });
  const { used = 0n, held = 0n } = buckets[0] ?? {};
  return guard === "usd" ? `${Number(used) / 1e9} (${Number(held) / 1e9})` : String(used);
}

const jobsOf = async (app: MeteredApp): Promise<Job[]> => {
  const ids = new Set(
    app.events.flatMap((event) => (event.type === "metered" ? [event.jobId] : [])),
  );
  const jobs = await Promise.all([...ids].map(async (id) => (await app.store.look({ id })).job));
  return jobs.filter((job) => job !== undefined);
};

/** Whether it is a submit, by the host behind the emulated origin. */
const isSubmit = (path: string): boolean => path.startsWith("/queue.fal.run/fal-ai/any/model");

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (more: Partial<DefineOptions> = {}): Promise<MeteredApp> =>
    (app = await openApp(open, { url: fal.url, key: KEY }, { ...options(), ...more }));
  const job = async (): Promise<Job> => (await jobsOf(app)).at(-1) as Job;
  afterEach(() => app.close());

  describe("the head of a run", () => {
    test.each<[string, Answer, Job["state"], string, string]>([
      ["units", json({}, 200, units("2")), "charged", "0.2 (0)", "1"],
      [
        "units to the ninth place",
        json({}, 200, units("8.439999999999998")),
        "charged",
        "0.844 (0)",
        "1",
      ],
      ["units of nothing", json({}, 200, units("0")), "charged", "0 (0)", "1"],
      ["no units", json({}, 200, ID), "estimated", "0.1 (0)", "1"],
      ["units that are none", json({}, 200, units("many")), "estimated", "0.1 (0)", "1"],
      ...([401, 403, 404, 405, 413, 415, 429] as const).map(
        (status) =>
          [`${status}`, json({}, status), "void", "0 (0)", "0"] as [
            string,
            Answer,
            "void",
            string,
            string,
          ],
      ),
      ["302", json({}, 302), "void", "0 (0)", "0"],
      ["422 without units", json({}, 422, ID), "estimated", "0.1 (0)", "1"],
      ["400 without units", json({}, 400), "estimated", "0.1 (0)", "1"],
      ["422 with none", json({}, 422, units("0")), "void", "0 (0)", "0"],
      ["422 with some", json({}, 422, units("0.5")), "charged", "0.05 (0)", "1"],
      ["499: stopped, and nobody says how far", json({}, 499, ID), "estimated", "0.1 (0)", "1"],
      ["408 with some", json({}, 408, units("0.5")), "charged", "0.05 (0)", "1"],
      ["a status of tomorrow", json({}, 418), "estimated", "0.1 (0)", "1"],
      ["500 of fal's", json({}, 500, ID), "void", "0 (0)", "0"],
      ["504 of fal's, by its type", json({}, 504, TYPE), "void", "0 (0)", "0"],
      ["502 of an ingress", json({}, 502), "estimated", "0.1 (0)", "1"],
    ])("says %s", async (_what, answer, state, usd, calls) => {
      await start();
      fal.answer = answer;
      await (await app.post("42", RUN)).text();
      expect((await job()).state).toBe(state);
      expect([
        await stands(app.store, "usd"),
        await stands(app.store, "calls"),
        await stands(app.store, "places"),
      ]).toEqual([usd, calls, "0"]);
    });

    test("is settled before the body has come", async () => {
      await start();
      let finish: () => void = () => {};
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "text/plain", ...units("3") });
        response.write("be");
        finish = () => response.end("gun");
      };
      const reply = await app.post("42", RUN);
      expect((await job()).state).toBe("charged");
      expect(await stands(app.store, "usd")).toBe("0.3 (0)");
      finish();
      expect(await reply.text()).toBe("begun");
    });

    test("above the quote is booked, told, and refuses the next", async () => {
      await start();
      fal.answer = json({}, 200, units("100.5"));
      expect((await app.post("42", RUN)).status).toBe(200);
      expect(app.events).toContainEqual(
        expect.objectContaining({
          type: "overrun",
          quotedUsd: "0.1",
          billedUsd: "10.05",
          rule: "fal-ai/any/model",
        }),
      );
      expect((await app.post("42", RUN)).status).toBe(402);
    });
  });

  test("the place of a stream is kept to its end, while its money is settled at the head", async () => {
    await start();
    let finish: () => void = () => {};
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream", ...units("1") });
      response.write("data: 1\n\n");
      finish = () => response.end();
    };
    const reply = await app.post("42", STREAM);
    const read = reply.text();
    await until(() =>
      app.events.some((event) => event.type === "metered" && event.state === "charged"),
    );
    expect([await stands(app.store, "usd"), await stands(app.store, "places")]).toEqual([
      "0.1 (0)",
      "1",
    ]);
    finish();
    await read;
    await expect.poll(() => stands(app.store, "places")).toBe("0");
  });

  test("a stream whose caller leaves gives its place back", async () => {
    await start();
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream", ...ID });
      response.write("data: 1\n\n");
    };
    const leaving = new AbortController();
    const reply = await app.ask("42", STREAM, {
      method: "POST",
      body: "{}",
      signal: leaving.signal,
      headers: { "content-type": "application/json" },
    });
    expect(reply.status).toBe(200);
    leaving.abort();
    await reply.text().catch(() => {});
    await expect.poll(() => stands(app.store, "places")).toBe("0");
    expect(await stands(app.store, "usd")).toBe("0.1 (0)");
  });

  describe("a call without an answer", () => {
    test("of a run that went out is an estimate", async () => {
      await start();
      fal.answer = (response) => response.destroy();
      expect((await app.post("42", RUN)).status).toBe(500);
      await expect.poll(async () => (await job()).state).toBe("estimated");
      expect(await stands(app.store, "usd")).toBe("0.1 (0)");
    });

    test("that never reached fal costs nothing", async () => {
      await start({ upstream: "http://127.0.0.1:9" });
      expect((await app.post("42", RUN)).status).toBe(502);
      await expect.poll(async () => (await job()).state).toBe("void");
      expect([await stands(app.store, "usd"), await stands(app.store, "places")]).toEqual([
        "0 (0)",
        "0",
      ]);
    });

    test("of a submit that went out is an estimate, whose credits are released", async () => {
      const store = memoryStore();
      await start({ store, credits: { acceptLoss: true, cost: 2 } });
      const purse = {
        bucket: "user/42|credits|",
        kind: "spend",
        subject: "user/42",
        guard: "credits",
      } as const;
      await store.enter({ id: "e", purse, amount: 10_000_000_000n });
      fal.answer = (response) => response.destroy();
      expect((await app.post("42", SUBMIT)).status).toBe(500);
      await expect.poll(async () => (await job()).state).toBe("estimated");
      expect(await stands(app.store, "usd")).toBe("0.1 (0)");
      expect((await store.look({ buckets: [purse] })).buckets[0]?.used).toBe(-10_000_000_000n);
    });

    test("whose caller left while it ran is an estimate", async () => {
      await start();
      fal.answer = () => {};
      const leaving = new AbortController();
      const asked = app.ask("42", RUN, {
        method: "POST",
        body: "{}",
        signal: leaving.signal,
        headers: { "content-type": "application/json" },
      });
      await until(() => fal.received.length === 1);
      leaving.abort();
      await asked.catch(() => {});
      await expect.poll(async () => (await job()).state).toBe("estimated");
      expect([await stands(app.store, "usd"), await stands(app.store, "places")]).toEqual([
        "0.1 (0)",
        "0",
      ]);
    });
  });

  describe("a submit", () => {
    test.each<[string, Answer, Job["state"], string]>([
      ["accepted", json({ request_id: "r-1" }), "open", "0.1 (0.1)"],
      ["422 of fal's", json({}, 422, ID), "void", "0 (0)"],
      ["429 by the queue's length", json({}, 429), "void", "0 (0)"],
      ["500 of fal's", json({}, 500, ID), "void", "0 (0)"],
      ["502 of an ingress", json({}, 502), "estimated", "0.1 (0)"],
      ["200 without an id", json({ ok: true }), "estimated", "0.1 (0)"],
      [
        "200 that is no JSON",
        (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
        "estimated",
        "0.1 (0)",
      ],
    ])("is answered %s", async (_what, answer, state, usd) => {
      await start();
      fal.answer = answer;
      await (await app.post("42", SUBMIT)).text();
      expect((await job()).state).toBe(state);
      expect(await stands(app.store, "usd")).toBe(usd);
      const isUnbound = state === "estimated" && !_what.includes("ingress");
      expect(app.events.some(({ type }) => type === "unbound")).toBe(isUnbound);
    });

    test("whose caller left is seen through: the job is his", async () => {
      await start();
      let finish: () => void = () => {};
      fal.answer = (response) => {
        finish = () => json({ request_id: "r-1" })(response, undefined as never);
      };
      const leaving = new AbortController();
      const asked = app.ask("42", SUBMIT, {
        method: "POST",
        body: "{}",
        signal: leaving.signal,
        headers: { "content-type": "application/json" },
      });
      await until(() => fal.received.length === 1);
      leaving.abort();
      await asked.catch(() => {});
      finish();
      await expect
        .poll(async () => (await app.store.look({ requestId: "r-1" })).job)
        .toMatchObject({ state: "open", owner: "user/42" });
    });
  });

  describe("a queued job", () => {
    const submitted = async (): Promise<void> => {
      fal.answer = json({ request_id: "r-1" });
      expect((await app.post("42", SUBMIT)).status).toBe(200);
    };

    test.each<[string, Answer, Job["state"], string]>([
      ["with units", json({}, 200, units("2")), "charged", "0.2 (0)"],
      ["without units", json({}, 200, ID), "estimated", "0.1 (0)"],
      ["that fal does not give now", json({}, 503), "open", "0.1 (0.1)"],
      [
        "that says 500 by fal's own word, and is asked for first",
        json({}, 500, ID),
        "open",
        "0.1 (0.1)",
      ],
      ["that says 422", json({}, 422, units("0")), "open", "0.1 (0.1)"],
    ])("is settled by a result %s", async (_what, answer, state, usd) => {
      await start();
      await submitted();
      fal.answer = answer;
      await (await app.ask("42", JOB)).text();
      expect((await job()).state).toBe(state);
      expect(await stands(app.store, "usd")).toBe(usd);
    });

    test("an estimate becomes the bill when the result is read again with units", async () => {
      await start();
      await submitted();
      fal.answer = json({}, 200, ID);
      await app.ask("42", JOB);
      fal.answer = json({}, 200, units("1.5"));
      await app.ask("42", JOB);
      expect(await stands(app.store, "usd")).toBe("0.15 (0)");
      fal.answer = json({}, 200, units("9"));
      await app.ask("42", JOB);
      expect(await stands(app.store, "usd")).toBe("0.15 (0)");
    });

    test.each<[string, Answer, string]>([
      ["that is taken out before it ran gives its place back", json({ status: "OK" }), "0"],
      [
        "that is only asked to stop keeps its place",
        json({ status: "CANCELLATION_REQUESTED" }, 202),
        "1",
      ],
      ["that is over already changes nothing", json({ status: "ALREADY_COMPLETED" }, 400), "1"],
    ])("%s, and its money waits for fal's word", async (_what, answer, places) => {
      await start();
      await submitted();
      fal.answer = answer;
      await app.ask("42", `${JOB}/cancel`, { method: "PUT" });
      await app.front.drain();
      expect([await stands(app.store, "places"), await stands(app.store, "usd")]).toEqual([
        places,
        "0.1 (0.1)",
      ]);
    });
  });

  describe("a sweep", () => {
    const accounts = { main: () => KEY };
    const PROXY = (): ReturnType<typeof defineProxy> =>
      defineProxy({
        ...options(),
        store: app.store,
        accounts,
        upstream: fal.url,
        onEvent: (event) => app.events.push(event),
      });
    /** Answers by the end of the path. */
    const falSays = (answers: { status?: Answer; result?: Answer }): void => {
      fal.answer = (response, request) => {
        const path = request.url ?? "";
        const answer = isSubmit(path)
          ? json({ request_id: "r-1" })
          : path.endsWith("/status")
            ? answers.status
            : answers.result;
        (answer ?? json({}, 404, ID))(response, request);
      };
    };
    const over: Answer = json({ status: "COMPLETED" }, 200);
    const later = (ms: number): unknown => vi.setSystemTime(Date.now() + ms);

    test.each<[string, { status?: Answer; result?: Answer }, Job["state"], string, boolean]>([
      [
        "over, with units",
        { status: over, result: json({}, 200, units("3")) },
        "charged",
        "0.3 (0)",
        false,
      ],
      ["over, without", { status: over, result: json({}, 200, ID) }, "estimated", "0.1 (0)", true],
      [
        "failed by fal's own word",
        { status: over, result: json({}, 500, ID) },
        "void",
        "0 (0)",
        false,
      ],
      [
        "failed by its input",
        { status: over, result: json({}, 422, units("0")) },
        "void",
        "0 (0)",
        false,
      ],
      [
        "failed, by somebody's word",
        { status: over, result: json({}, 422, { "x-fal-billable-units": "0" }) },
        "estimated",
        "0.1 (0)",
        false,
      ],
      [
        "over, behind an ingress",
        { status: over, result: json({}, 502) },
        "open",
        "0.1 (0.1)",
        true,
      ],
      ["expired", { status: over }, "estimated", "0.1 (0)", false],
      ["unknown", {}, "estimated", "0.1 (0)", false],
      ["running", { status: json({ status: "IN_PROGRESS" }, 202) }, "open", "0.1 (0.1)", true],
      ["not told", { status: json({}, 503) }, "open", "0.1 (0.1)", true],
      ["not told, since the key is off", { status: json({}, 401) }, "open", "0.1 (0.1)", true],
      [
        "told by a page of somebody",
        {
          status: (response) =>
            response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
        },
        "open",
        "0.1 (0.1)",
        true,
      ],
    ])("finds a job %s", async (_what, answers, state, usd, again) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 12) });
      await start();
      falSays(answers);
      await app.post("42", SUBMIT);
      expect(await settleDue(PROXY())).toEqual({ settled: 0, running: 0, unanswered: 0 });
      later(121_000);
      await settleDue(PROXY());
      expect((await job()).state).toBe(state);
      expect(await stands(app.store, "usd")).toBe(usd);
      expect((await job()).checkAt !== undefined).toBe(again);
      expect(
        fal.received.slice(1).every(({ headers }) => headers.authorization === `Key ${KEY}`),
      ).toBe(true);
    });

    const out = json({ status: "OK" });
    const asked = json({ status: "CANCELLATION_REQUESTED" }, 202);
    test("of a cancelled job: what waited costs nothing, what ran costs what it says", async () => {
      for (const [cancel, answers, usd] of [
        [out, { status: json({}, 404, ID) }, "0 (0)"],
        [out, { status: over, result: json({}, 499, ID) }, "0 (0)"],
        [asked, { status: over, result: json({}, 499, units("0.5")) }, "0.05 (0)"],
        [asked, { status: over, result: json({}, 499, ID) }, "0.1 (0)"],
        [asked, { status: json({}, 404, ID) }, "0.1 (0)"],
      ] as const) {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 12) });
        await start();
        falSays(answers);
        await app.post("42", SUBMIT);
        fal.answer = cancel;
        await app.ask("42", `${JOB}/cancel`, { method: "PUT" });
        await app.front.drain();
        falSays(answers);
        later(61_000);
        await settleDue(PROXY());
        expect(await stands(app.store, "usd")).toBe(usd);
      }
    });

    test("keeps the place of a running job, and lets it go with its end, within an hour", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 2) });
      await start();
      falSays({ status: json({ status: "IN_PROGRESS" }, 202) });
      await app.post("42", SUBMIT);
      let asked = 0;
      for (let minute = 0; minute < 300; minute++) {
        later(60_000);
        asked += (await settleDue(PROXY())).running;
        expect(await stands(app.store, "places"), `minute ${minute}`).toBe("1");
      }
      // 2 min, doubling to 1 h.
      expect(asked).toBeGreaterThan(6);
      expect(asked).toBeLessThan(14);
      falSays({ status: over, result: json({}, 200, units("1")) });
      for (let minute = 0; minute < 61; minute++) {
        later(60_000);
        await settleDue(PROXY());
      }
      expect(await stands(app.store, "places")).toBe("0");
      expect((await job()).state).toBe("charged");
    }, 30_000);

    test("asks where calls go, also on another machine", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 12) });
      // No name of this machine by which the key may go anywhere unasked.
      const upstream = { url: fal.url.replace("127.0.0.1", "0.0.0.0"), remote: true } as const;
      await start({ upstream });
      falSays({ status: over, result: json({}, 200, units("3")) });
      await app.post("42", SUBMIT);
      later(121_000);
      const proxy = defineProxy({ ...options(), store: app.store, accounts, upstream });
      expect((await settleDue(proxy)).settled).toBe(1);
      expect((await job()).state).toBe("charged");
    });

    test("lets every job go within a day", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 2) });
      await start();
      falSays({ status: json({}, 503) });
      await app.post("42", SUBMIT);
      fal.answer = () => {};
      const leaving = new AbortController();
      // A run whose process ended: nobody has told its end.
      void app.post("42", RUN).catch(() => {});
      await until(() => fal.received.length === 2);
      falSays({ status: json({}, 503) });
      for (let hour = 0; hour < 26; hour++) {
        later(3_600_000);
        await settleDue(PROXY());
      }
      for (const one of await jobsOf(app))
        expect([one.state, one.checkAt]).toEqual(["estimated", undefined]);
      leaving.abort();
    });

    test("by a route needs its secret, and says what it did", async () => {
      await start();
      const secret = "a-secret-of-the-cron-job";
      const route = createSweepHandler(PROXY(), { secret });
      const ask = (authorization?: string): Promise<Response> =>
        route(
          new Request("https://app.example/sweep", {
            headers: authorization ? { authorization } : {},
          }),
        );
      for (const wrong of [undefined, "", secret, `Bearer ${secret}x`, "Bearer "])
        expect((await ask(wrong)).status).toBe(401);
      const swept = await ask(`Bearer ${secret}`);
      expect([swept.status, await swept.json()]).toEqual([
        200,
        { settled: 0, running: 0, unanswered: 0 },
      ]);
      for (const none of [undefined, "", "short"])
        expect(() => createSweepHandler(PROXY(), { secret: none })).toThrow(
          "secret of at least 16",
        );
    });
  });

  describe("a store without an answer", () => {
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
  });
});
