/** Jobs belong to who submitted them: nobody else reads, follows or cancels them, or learns that they are there. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { fronts } from "../support/fronts.ts";
import { json, startWildFal, type WildFal } from "../support/wild-fal.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";
let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => fal.close());
beforeEach(() => {
  fal.received.length = 0;
  fal.answer = (response, request) =>
    json(request.url?.includes("/requests/") ? { status: "IN_QUEUE" } : { request_id: "r-1" })(
      response,
      request,
    );
});

const REQUESTS = "queue.fal.run/fal-ai/any/requests";
const WAYS: readonly [string, string, string][] = [
  ["status", "GET", `${REQUESTS}/r-1/status`],
  ["status stream", "GET", `${REQUESTS}/r-1/status/stream`],
  ["result", "GET", `${REQUESTS}/r-1`],
  ["result under its other name", "GET", `${REQUESTS}/r-1/response`],
  ["cancel", "PUT", `${REQUESTS}/r-1/cancel`],
  ["status with logs", "GET", `${REQUESTS}/r-1/status?logs=1`],
  ["a path of tomorrow", "GET", `${REQUESTS}/r-1/logs`],
  ["another method", "DELETE", `${REQUESTS}/r-1`],
  ["another spelling", "GET", "queue.fal.run/fal-ai/any/Requests/r-1/status"],
  ["under the whole endpoint", "GET", "queue.fal.run/fal-ai/any/model/requests/r-1/status"],
];

describe.each(fronts)("on the %s front", (_name, open) => {
  let app: MeteredApp;
  const start = async (options: object = {}): Promise<void> => {
    app = await openApp(open, { url: fal.url, key: KEY }, options);
    expect((await app.post("42 acme", "queue.fal.run/fal-ai/any/model")).status).toBe(200);
    fal.received.length = 0;
  };
  afterEach(() => app.close());

  test.each(WAYS)("%s is its owner's", async (_way, method, path) => {
    await start();
    expect((await app.ask("42 acme", path, { method })).status).toBe(200);
    expect(fal.received).toHaveLength(1);
  });

  test.each(WAYS)(
    "%s is nobody else's, who is told what he is told of an invented id",
    async (_way, method, path) => {
      await start();
      const whole = async (response: Response): Promise<unknown> => ({
        status: response.status,
        headers: [...response.headers].filter(([name]) => name !== "date"),
        body: await response.text(),
      });
      const invented = await whole(
        await app.ask("42 acme", path.replace("r-1", "r-9"), { method }),
      );
      expect(invented).toMatchObject({ status: 404, body: expect.stringContaining('"not_found"') });
      for (const other of ["43 acme", "42", "42 other", "acme 42", "42/acme", "", "user/acme/42"]) {
        expect(await whole(await app.ask(other, path, { method })), other).toEqual(invented);
      }
      // Not under another app either.
      expect(
        await whole(
          await app.ask("42 acme", path.replace("fal-ai/any", "fal-ai/other"), { method }),
        ),
      ).toEqual(invented);
      expect(
        await whole(await app.ask("42 acme", path.replace("fal-ai/any", "fal-ai/an"), { method })),
      ).toEqual(invented);
      expect(fal.received).toHaveLength(0);
    },
  );

  test("a poll asks the store once, and others still get nothing from what is remembered", async () => {
    const store = memoryStore();
    let looks = 0;
    const counting: Store = { ...store, look: (what) => (looks++, store.look(what)) };
    await start({ store: counting });
    for (let round = 0; round < 5; round++)
      expect((await app.ask("42 acme", `${REQUESTS}/r-1/status`)).status).toBe(200);
    expect(looks).toBe(1);
    expect((await app.ask("43 acme", `${REQUESTS}/r-1/status`)).status).toBe(404);
    expect(fal.received).toHaveLength(5);
  });

  test("a team may share, and the share is asked each time", async () => {
    let shares = true;
    await start({
      share: (call: { user?: { tenant?: string } }, job: { owner: string }) =>
        shares && job.owner.startsWith(`user/${call.user?.tenant}/`),
    });
    const path = `${REQUESTS}/r-1/status`;
    expect((await app.ask("43 acme", path)).status).toBe(200);
    expect((await app.ask("43 other", path)).status).toBe(404);
    shares = false;
    expect((await app.ask("43 acme", path)).status).toBe(404);
    expect((await app.ask("42 acme", path)).status).toBe(200);
  });

  test("a job of nobody is nobody's, unless ownership is turned off", async () => {
    await start();
    fal.answer = json({ request_id: "r-2" });
    expect((await app.post("", "queue.fal.run/fal-ai/any/model")).status).toBe(200);
    expect((await app.ask("", `${REQUESTS}/r-2/status`)).status).toBe(404);
    expect((await app.ask("42 acme", `${REQUESTS}/r-2/status`)).status).toBe(404);
    app.close();
    await start({ ownership: false });
    for (const user of ["", "43", "42 acme"])
      expect((await app.ask(user, `${REQUESTS}/r-1/status`)).status).toBe(200);
    expect((await app.ask("", `${REQUESTS}/r-9/status`)).status).toBe(200);
  });

  test("who is forgotten owns nothing any more", async () => {
    await start();
    await app.store.forget("user/acme/42", "user/acme/42");
    expect((await app.ask("42 acme", `${REQUESTS}/r-1/status`)).status).toBe(404);
  });
});
