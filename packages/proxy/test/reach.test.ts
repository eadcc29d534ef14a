/** Finding a way to fal: through slow and dead addresses, under its backup names, through the app's own means (D3, D9, D14). */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ProxyConfig, ProxyEvent } from "../src/index.ts";
import { leadNames, type Place } from "./support/fal-names.ts";
import { fronts, RUN, SUBMIT } from "./support/fronts.ts";

let fal: Emulator;
let port: number;
let restore = (): void => {};

beforeAll(async () => {
  fal = await createEmulator({ tls: true, latency: 0 });
  port = Number(new URL(fal.url).port);
});
beforeEach(() => fal.reset());
afterEach(() => restore());
afterAll(() => fal.close());

const lead = (names: Readonly<Record<string, readonly Place[]>>): void => {
  restore = leadNames(names, fal.certificate as string);
};

const events: ProxyEvent[] = [];
beforeEach(() => void (events.length = 0));

/** Each has pools of its own: they are kept per connect timeout. */
let connect = 3000;
const options = (more: ProxyConfig = {}): ProxyConfig => ({
  resolveFalAuth: () => fal.key,
  allowedUrlPatterns: ["fal.run/**", "queue.fal.run/**", "rest.fal.ai/**"],
  timeouts: { connect: connect++ },
  onEvent: (event) => events.push(event),
  ...more,
});

const body = JSON.stringify({ text: "x" });
const post = { method: "POST", headers: { "content-type": "application/json" }, body };
const ECHO = RUN.replace("fal-ai/any/model", "fal-ai/echo");
const QUEUED = SUBMIT.replace("fal-ai/any/model", "fal-ai/echo");

describe.each(fronts)("on the %s front", (_name, open) => {
  describe("D9: the limit for connecting is for the whole of it", () => {
    const slow: Place = { port: 0, afterMs: 600 };
    test.each<[string, readonly Place[]]>([
      ["slow and dead", [slow, {}]],
      ["dead and slow", [{}, slow]],
      ["three slow ones", [slow, slow, slow]],
      ["dead, dead and slow", [{}, {}, slow]],
      ["one slow one", [slow]],
    ])("a name with addresses that are %s is reached", async (_what, places) => {
      lead({ "fal.run": places.map((place) => ("port" in place ? { ...place, port } : place)) });
      const front = await open(options());
      expect((await front.ask(ECHO, post)).status).toBe(200);
      expect(fal.requests).toHaveLength(1);
      front.close();
    });

    test("an address that refuses is left at once", async () => {
      const closed: Server = createServer().listen(0, "127.0.0.1");
      await once(closed, "listening");
      const refusing = (closed.address() as AddressInfo).port;
      closed.close();
      lead({ "fal.run": [{ port: refusing }, { port }] });
      const front = await open(options());
      expect((await front.ask(ECHO, post)).status).toBe(200);
      front.close();
    });

    test("dead ones are given up when the limit is over, not before", async () => {
      lead({ "fal.run": [{}, {}], "falrun.com": [{}] });
      const front = await open(options({ timeouts: { connect: 700 } }));
      const began = Date.now();
      const response = await front.ask(ECHO, post);
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({ code: "upstream_timeout" });
      // Of the name and of its backup.
      expect(Date.now() - began).toBeGreaterThanOrEqual(1400);
      expect(events).toMatchObject([
        { type: "refused" },
        { type: "ended", sent: false, outcome: "upstream_failed" },
      ]);
      front.close();
    });

    test("TLS that never comes is part of it", async () => {
      const mute: Server = createServer(() => {}).listen(0, "127.0.0.1");
      await once(mute, "listening");
      lead({ "rest.fal.ai": [{ port: (mute.address() as AddressInfo).port }] });
      const front = await open(options({ timeouts: { connect: 500 } }));
      const response = await front.ask("rest.fal.ai/storage/upload/initiate", post);
      expect(response.status).toBe(504);
      mute.close();
      front.close();
    });
  });

  describe("D14: fal's backup names", () => {
    const large = JSON.stringify({ text: "x".repeat(300_000) });
    test.each<[string, string, string, string]>([
      ["a run", ECHO, "falrun.com", body],
      ["a submit", QUEUED, "queue.falrun.com", body],
      ["a body that is streamed", ECHO, "falrun.com", large],
    ])(
      "%s is asked there when its own name leads nowhere, and the event says so",
      async (_what, path, backup, sent) => {
        lead({ [backup]: [{ port }] });
        const front = await open(options());
        const response = await front.ask(path, { ...post, body: sent });
        expect(response.status).toBe(200);
        await response.arrayBuffer();
        expect(fal.requests).toMatchObject([{ host: backup, method: "POST" }]);
        expect(fal.requests[0]?.bodyLength).toBe(sent.length);
        expect(events).toMatchObject([
          { type: "ended", outcome: "completed", viaBackup: true, sent: true },
        ]);
        front.close();
      },
    );

    test("it is asked once, and has no backup of its own", async () => {
      lead({});
      const front = await open(options());
      expect((await front.ask(ECHO, post)).status).toBe(502);
      expect(events.at(-1)).toMatchObject({
        viaBackup: true,
        sent: false,
        outcome: "upstream_failed",
      });
      front.close();
    });

    test("uploads have none", async () => {
      lead({ "falrun.com": [{ port }] });
      const front = await open(options());
      expect((await front.ask("rest.fal.ai/storage/upload/initiate", post)).status).toBe(502);
      expect(events.at(-1)).toMatchObject({ viaBackup: false });
      front.close();
    });

    test("once something was sent nobody asks again: it may have been bought", async () => {
      fal.script({ path: "/fal-ai/echo", resetAtByte: 0 });
      lead({ "fal.run": [{ port }], "falrun.com": [{ port }] });
      const front = await open(options());
      const response = await front.ask(ECHO, post);
      expect(await response.json()).toMatchObject({ code: "upstream_unknown" });
      expect(events.at(-1)).toMatchObject({ viaBackup: false, sent: true });
      expect(fal.requests).toMatchObject([{ host: "fal.run" }]);
      front.close();
    });

    test.each(["falrun.com/fal-ai/echo", "queue.falrun.com/fal-ai/echo"])(
      "as a target %s is refused unless the operator lists it",
      async (path) => {
        const front = await open(options());
        expect((await front.ask(path, post)).status).toBe(400);
        front.close();
      },
    );
  });
});

vi.setConfig({ testTimeout: 15_000 });
