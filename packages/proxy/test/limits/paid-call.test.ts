/** The life of a paid call, row by row of guards.md section 4: what fal says, or does not say, and what is booked. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DefineOptions } from "../../src/limits/options.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Job } from "../../src/stores/store.ts";
import { fronts, until } from "../support/fronts.ts";
import { json, startWildFal, type Answer, type WildFal } from "../support/wild-fal.ts";
import type { MeteredApp } from "./metered-app.ts";
import { ID, RUN, SUBMIT, lastJob, openPriced, postToLeave, stands, units } from "./priced-call.ts";

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
  const job = (): Promise<Job> => lastJob(app);
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
      [
        "504 of fal's, by its type",
        json({}, 504, { "x-fal-error-type": "internal_error" }),
        "void",
        "0 (0)",
        "0",
      ],
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
    const reply = await app.post("42", `${RUN}/stream`);
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
    const { reply, leave } = postToLeave(app, `${RUN}/stream`);
    const { status, text } = await reply.then((it) => ({ status: it.status, text: it.text() }));
    expect(status).toBe(200);
    leave();
    await text.catch(() => {});
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

    test("whose body broke on the way costs nothing: JSON that was cut cannot have run", async () => {
      // Nothing that reads the body before it is sent.
      await start({ limits: { user: { inFlight: 2, calls: { day: 50 } } } });
      fal.answer = () => {};
      let broke: (error: Error) => void = () => {};
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"prompt":'));
          broke = (error) => controller.error(error);
        },
      });
      const asked = app.ask("42", RUN, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
        duplex: "half",
      } as RequestInit);
      await expect.poll(() => stands(app.store, "calls")).toBe("1");
      broke(new Error("the caller's network"));
      await asked.catch(() => {});
      await expect.poll(async () => (await job()).state).toBe("void");
      expect([await stands(app.store, "calls"), await stands(app.store, "places")]).toEqual([
        "0",
        "0",
      ]);
    });

    test("whose caller left while it ran is an estimate", async () => {
      await start();
      fal.answer = () => {};
      const { reply, leave } = postToLeave(app, RUN);
      await until(() => fal.received.length === 1);
      leave();
      await reply.catch(() => {});
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
      const { reply, leave } = postToLeave(app, SUBMIT);
      await until(() => fal.received.length === 1);
      leave();
      await reply.catch(() => {});
      finish();
      await expect
        .poll(async () => (await app.store.look({ requestId: "r-1" })).job)
        .toMatchObject({ state: "open", owner: "user/42" });
    });
  });
});
