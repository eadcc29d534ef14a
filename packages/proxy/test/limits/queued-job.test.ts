/** The life of a queued job after its submit, row by row of guards.md section 4: results, cancels, and the sweep. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DefineOptions } from "../../src/limits/options.ts";
import { defineProxy } from "../../src/limits/define.ts";
import { createSweepHandler, settleDue } from "../../src/limits/sweep.ts";
import type { Job } from "../../src/stores/store.ts";
import { fronts, until } from "../support/fronts.ts";
import { json, startWildFal, type Answer, type WildFal } from "../support/wild-fal.ts";
import type { MeteredApp } from "./metered-app.ts";
import {
  ID,
  JOB,
  KEY,
  RUN,
  SUBMIT,
  jobsOf,
  lastJob,
  openPriced,
  postToLeave,
  pricedOptions,
  stands,
  units,
} from "./priced-call.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => {
  fal.received.length = 0;
});
afterAll(() => fal.close());
afterEach(() => vi.useRealTimers());

/** Whether it is a submit, by the host behind the emulated origin. */
const isSubmit = (path: string): boolean => path.startsWith("/queue.fal.run/fal-ai/any/model");

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (more: Partial<DefineOptions> = {}): Promise<MeteredApp> =>
    (app = await openPriced(open, fal, more));
  const job = (): Promise<Job> => lastJob(app);
  afterEach(() => app.close());

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
        ...pricedOptions(),
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
      const proxy = defineProxy({ ...pricedOptions(), store: app.store, accounts, upstream });
      expect((await settleDue(proxy)).settled).toBe(1);
      expect((await job()).state).toBe("charged");
    });

    test("lets every job go within a day", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 15, 2) });
      await start();
      falSays({ status: json({}, 503) });
      await app.post("42", SUBMIT);
      fal.answer = () => {};
      // A run whose process ended: nobody has told its end.
      const { leave } = postToLeave(app, RUN);
      await until(() => fal.received.length === 2);
      falSays({ status: json({}, 503) });
      for (let hour = 0; hour < 26; hour++) {
        later(3_600_000);
        await settleDue(PROXY());
      }
      for (const one of await jobsOf(app))
        expect([one.state, one.checkAt]).toEqual(["estimated", undefined]);
      leave();
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
});
