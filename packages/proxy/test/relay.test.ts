/** The stretch between fal's reply and the end of a call, on both fronts. */
import { gzipSync } from "node:zlib";
import { refuse, type Call, type End, type Guard, type ProxyEvent } from "../src/index.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fronts, RUN, STATUS, SUBMIT, until, type Front } from "./support/fronts.ts";
import { json, raw, startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => fal.close());

const post = {
  method: "POST",
  body: '{"prompt":"a cat"}',
  headers: { "content-type": "application/json" },
};

describe.each(fronts)("on the %s front", (_name, open) => {
  const events: ProxyEvent[] = [];
  const ends: End[] = [];
  let front: Front;
  const start = async (options: object = {}, ...guards: Guard[]): Promise<void> => {
    events.length = ends.length = 0;
    front = await open({
      guards: [(call) => call.onEnd((end) => void ends.push(end)), ...guards],
      resolveFalAuth: () => "id:secret-of-the-operator",
      upstream: fal.url,
      onEvent: (event) => events.push(event),
      ...options,
    });
  };
  afterEach(async () => {
    front.close();
    fal.answer = json({ ok: true });
    await until(() => fal.busy() === 0, "every call to fal is over, which");
  });
  const ended = (): Promise<void> => until(() => ends.length > 0, "the end of the call");
  const told = (type: ProxyEvent["type"]): ProxyEvent[] =>
    events.filter((one) => one.type === type);

  describe("the head is held only for a hook that has not answered", () => {
    it("passes a compressed reply as it came, though a guard reads it", async () => {
      const body = gzipSync(JSON.stringify({ request_id: "r-1", text: "é".repeat(5000) }));
      let asked: string | undefined;
      let seen: unknown;
      await start({}, (call) => call.onReply(async (reply) => void (seen = await reply.json())));
      fal.answer = (response, request) => {
        asked = request.headers["accept-encoding"] as string;
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
        response.end(body);
      };
      const reply = await front.ask(RUN, {
        ...post,
        headers: { ...post.headers, "accept-encoding": "gzip" },
      });
      expect(reply.headers.get("content-encoding")).toBe("gzip");
      await reply.arrayBuffer();
      expect(asked).toBe("gzip");
      expect(seen).toMatchObject({ request_id: "r-1" });
      await ended();
      expect(ends).toMatchObject([{ outcome: "completed", bytes: body.length }]);
    });

    it("does not hold a stream for a hook that answers at once", async () => {
      let finish = (): void => {};
      await start({}, (call) => call.onReply((reply) => void reply.status));
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: 1\n\n");
        finish = () => void response.end("data: 2\n\n");
      };
      const reply = await front.ask(`${RUN}/stream`, post);
      const reader = reply.body!.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 1\n\n");
      finish();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 2\n\n");
      await reader.read();
      await ended();
    });

    it("keeps what comes while a hook thinks, pauses fal, and shows it when it is asked for late", async () => {
      const text = JSON.stringify({ list: Array.from({ length: 20_000 }, (_, i) => i) });
      let seen: unknown;
      await start({}, (call) =>
        call.onReply(async (reply) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          seen = await reply.json();
        }),
      );
      fal.answer = json(JSON.parse(text));
      const reply = await front.ask(RUN, post);
      expect(await reply.text()).toBe(text);
      expect(seen).toEqual(JSON.parse(text));
    });

    it("reads no more of a large reply than 1 MiB and some, for a hook that waits for it", async () => {
      let written = 0;
      let answer = (): void => {};
      const waits = new Promise<void>((resolve) => (answer = resolve));
      let seen: unknown = "not asked";
      await start({}, (call) =>
        call.onReply(async (reply) => {
          seen = await reply.json();
          await waits;
        }),
      );
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const block = Buffer.alloc(65_536, "x");
        const more = (): void => {
          while (written < 64_000_000 && !response.destroyed) {
            written += block.length;
            if (!response.write(block)) return void response.once("drain", more);
          }
          response.end();
        };
        more();
      };
      const asked = front.ask(RUN, post);
      await until(() => seen === undefined, "the hook hears that it is too large, which");
      await new Promise((resolve) => setTimeout(resolve, 200));
      // What sockets on the way hold comes to some megabytes.
      expect(written).toBeLessThan(32_000_000);
      answer();
      const reply = await asked;
      expect((await reply.arrayBuffer()).byteLength).toBe(written);
    });

    it("gives a hook that does not wait its copy, without holding the reply for it", async () => {
      let later: Promise<unknown> | undefined;
      await start({}, (call) => call.onReply((reply) => void (later = reply.json())));
      fal.answer = json({ request_id: "r-2" });
      expect(await (await front.ask(SUBMIT, post)).json()).toEqual({ request_id: "r-2" });
      expect(await later).toEqual({ request_id: "r-2" });
    });

    it("tells a hook that asks too late, or for what is no JSON, undefined", async () => {
      let late: (() => Promise<unknown>) | undefined;
      await start({}, (call) => call.onReply((reply) => void (late = () => reply.json())));
      await (await front.ask(RUN, post)).text();
      expect(await late?.()).toBeUndefined();
      fal.answer = (response) => response.writeHead(200, { "content-type": "text/plain" }).end("1");
      let seen: unknown = "not asked";
      await start({}, (call) => call.onReply(async (reply) => void (seen = await reply.json())));
      expect(await (await front.ask(RUN, post)).text()).toBe("1");
      expect(seen).toBeUndefined();
    });

    it("asks the hooks in order, those after a slow one too, until one refuses", async () => {
      const order: string[] = [];
      await start(
        {},
        (call) => call.onReply(() => void order.push("first")),
        (call) => call.onReply(async () => void order.push("second")),
        (call) => call.onReply(() => (order.push("third"), refuse("not_found", "No."))),
        (call) => call.onReply(() => void order.push("never")),
      );
      const reply = await front.ask(RUN, post);
      expect(reply.status).toBe(404);
      expect(order).toEqual(["first", "second", "third"]);
      await ended();
      expect(told("refused")).toMatchObject([{ code: "not_found", status: 404 }]);
    });

    it("answers with an error, not with half a reply, when fal breaks off while it is held", async () => {
      await start({}, (call) => call.onReply(async (reply) => void (await reply.json())));
      fal.answer = raw(
        'HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 50\n\n{"a":',
      );
      const reply = await front.ask(RUN, post);
      expect([reply.status, await reply.json()]).toMatchObject([500, { code: "upstream_unknown" }]);
      await ended();
      expect(ends).toMatchObject([
        { outcome: "upstream_failed", status: 200, callerStatus: 500, sent: true },
      ]);
    });
  });

  describe("the end says what fal said", () => {
    it("of a chunked reply that arrives in one read", async () => {
      await start();
      fal.answer = raw(
        "HTTP/1.1 422 No\ncontent-type: application/json\ntransfer-encoding: chunked\nx-fal-billable-units: 0.50000000\n\n2\r\n{}\r\n0\r\n\r\n",
        false,
      );
      const reply = await front.ask(RUN, post);
      await reply.text();
      await ended();
      expect(ends).toMatchObject([
        {
          outcome: "completed",
          status: 422,
          callerStatus: 422,
          billableUnits: "0.50000000",
          bytes: 2,
        },
      ]);
      expect(told("ended")).toMatchObject([{ firstByteMs: expect.any(Number), status: 422 }]);
    });

    it("fal's status and the caller's apart, when a guard refuses a reply", async () => {
      await start({}, (call) => call.onReply(() => refuse("not_found", "Not yours.")));
      fal.answer = json({}, 200, { "x-fal-billable-units": "3" });
      expect((await front.ask(RUN, post)).status).toBe(404);
      await ended();
      expect(ends).toMatchObject([
        { outcome: "refused", status: 200, callerStatus: 404, billableUnits: "3", sent: true },
      ]);
    });

    it("that nothing was sent, when fal cannot be reached", async () => {
      await start({ upstream: "http://127.0.0.1:9" });
      const reply = await front.ask(RUN, post);
      expect([reply.status, await reply.json()]).toMatchObject([
        502,
        { code: "upstream_unreachable" },
      ]);
      await ended();
      expect(ends).toMatchObject([{ outcome: "upstream_failed", status: undefined, sent: false }]);
      expect(told("refused")).toMatchObject([{ code: "upstream_unreachable", status: 502 }]);
    });

    it("that a hook threw, in place of blaming fal, and frees fal's connection", async () => {
      await start({}, (call) =>
        call.onReply(() => {
          throw new Error("the guard's own trouble");
        }),
      );
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"never":');
      };
      const reply = await front.ask(RUN, post);
      expect([reply.status, await reply.json()]).toMatchObject([500, { code: "internal_error" }]);
      await ended();
      expect(ends).toMatchObject([
        { outcome: "fault", status: 200, callerStatus: 500, sent: true },
      ]);
      expect(told("fault")).toHaveLength(1);
      expect(told("refused")).toMatchObject([{ code: "internal_error" }]);
      await until(() => fal.busy() === 0, "fal's call ends, which");
    });

    it("that the caller left in mid-reply", async () => {
      await start();
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: 1\n\n");
      };
      const stop = new AbortController();
      const reply = await front.ask(`${RUN}/stream`, { ...post, signal: stop.signal });
      await reply.body!.getReader().read();
      stop.abort();
      await ended();
      expect(ends).toMatchObject([{ outcome: "client_gone", status: 200, sent: true, bytes: 9 }]);
      expect(told("fault")).toEqual([]);
    });
  });

  describe("a caller who leaves", () => {
    const hasCall = (): boolean => fal.received.length > 0 && fal.busy() === 1;
    const leaving = async (path: string, once: () => boolean = hasCall): Promise<void> => {
      const stop = new AbortController();
      const asked = front.ask(path, { ...post, signal: stop.signal }).catch(() => {});
      await until(once);
      stop.abort();
      await asked;
    };

    it("stops a run", async () => {
      await start();
      fal.received.length = 0;
      fal.answer = () => {};
      await leaving(RUN);
      await until(() => fal.busy() === 0, "the run is stopped, which");
      await ended();
      expect(ends).toMatchObject([{ outcome: "client_gone", status: undefined, sent: true }]);
    });

    it("does not stop a submit that fal has: whoever asked hears of its id, and drain waits", async () => {
      let job: unknown;
      await start({}, (call) => call.onReply(async (reply) => void (job = await reply.json())));
      fal.received.length = 0;
      let answer = (): void => {};
      fal.answer = (response, request) => {
        answer = () => json({ request_id: "r-9" })(response, request);
      };
      await leaving(SUBMIT);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(fal.busy()).toBe(1);
      expect(ends).toEqual([]);
      let drained = false;
      const draining = front.drain().then(() => (drained = true));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(drained).toBe(false);
      answer();
      await draining;
      expect(job).toEqual({ request_id: "r-9" });
      expect(ends).toMatchObject([{ outcome: "client_gone", status: 200, sent: true }]);
    });

    it("of a submit is not read for without end", async () => {
      await start();
      fal.received.length = 0;
      let answer = (): void => {};
      fal.answer = (response) => {
        answer = () => {
          response.writeHead(200, { "content-type": "application/json" });
          const more = (): void => {
            while (!response.destroyed && response.write(Buffer.alloc(65_536)));
          };
          response.on("drain", more);
          more();
        };
      };
      await leaving(SUBMIT);
      answer();
      await ended();
      expect(ends).toMatchObject([{ outcome: "client_gone", status: 200 }]);
    });

    it("before the answer, of whom a slow hook is still thinking, ends once", async () => {
      let release: (() => void) | undefined;
      await start({}, (call) => call.onReply(() => new Promise((resolve) => (release = resolve))));
      fal.received.length = 0;
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write("{");
      };
      await leaving(RUN, () => release !== undefined);
      await ended();
      release?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(ends).toMatchObject([{ outcome: "client_gone", status: 200 }]);
    });
  });

  describe("replies are made fit", () => {
    it.each([
      [600, RUN, post, 500, "upstream_unknown"],
      [799, SUBMIT, post, 500, "upstream_unknown"],
      [999, STATUS, {}, 502, "upstream_unreachable"],
    ])(
      "a status of %d is an answer that was lost, for %s",
      async (status, path, init, wanted, code) => {
        await start();
        fal.answer = (response) => {
          response.socket?.write(
            `HTTP/1.1 ${status} Odd\r\nx-fal-billable-units: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n`,
          );
        };
        const reply = await front.ask(path, init);
        expect([reply.status, await reply.json()]).toMatchObject([wanted, { code }]);
        await ended();
        expect(ends).toMatchObject([
          {
            outcome: "upstream_failed",
            status,
            callerStatus: wanted,
            billableUnits: "1",
            sent: true,
          },
        ]);
        await until(() => fal.busy() === 0, "the call to fal is closed, which");
      },
    );

    it.each([
      "HTTP/1.1 000 Zero\ncontent-length: 2\n\n{}",
      "HTTP/1.1 000 Zero\n\n",
      "HTTP/1.1 099 Odd\ncontent-length: 2\n\n{}",
      "HTTP/1.1 2000 Odd\ncontent-length: 2\n\n{}",
      "HTTP/1.1 OK\ncontent-length: 2\n\n{}",
      "HTTP/1.1 103 Early\nlink: x\n\n",
      "HTTP/1.1 101 Switching\nupgrade: x\nconnection: upgrade\n\n",
      "nonsense\n\n",
    ])("%j in place of an answer ends in an error", async (text) => {
      await start();
      fal.answer = raw(text);
      const reply = await front.ask(RUN, post);
      expect([reply.status, await reply.json()]).toMatchObject([500, { code: "upstream_unknown" }]);
      await ended();
      expect(ends).toMatchObject([{ outcome: "upstream_failed", callerStatus: 500 }]);
    });

    it.each([204, 205, 304])("%d with a body ends, without one", async (status) => {
      await start();
      fal.answer = raw(
        `HTTP/1.1 ${status} Odd\ncontent-type: text/plain\ncontent-length: 4\n\nbody`,
      );
      const reply = await front.ask(STATUS);
      expect([reply.status, await reply.text()]).toEqual([status, ""]);
      await ended();
      expect(ends).toMatchObject([{ outcome: "completed", status, bytes: 0 }]);
    });

    it("an endless body of a 205 is stopped", async () => {
      await start();
      fal.answer = (response) => {
        response.socket?.write("HTTP/1.1 205 Reset\r\ntransfer-encoding: chunked\r\n\r\n");
        const feed = setInterval(() => response.socket?.write("1\r\nx\r\n"), 5);
        response.on("close", () => clearInterval(feed));
      };
      expect((await front.ask(STATUS)).status).toBe(205);
      await ended();
      await until(() => fal.busy() === 0, "the body is stopped, which");
    });

    it("so is the body of a 205 that is announced and does not come", async () => {
      await start();
      fal.answer = ({ socket }) =>
        void socket?.write("HTTP/1.1 205 Reset\r\ncontent-length: 10\r\n\r\n");
      expect((await front.ask(STATUS)).status).toBe(205);
      await ended();
      await until(() => fal.busy() === 0, "the body is no longer waited for, which");
    });

    const members = Object.getOwnPropertyNames(Object.prototype).filter((name) =>
      /^[a-z]/i.test(name),
    );
    it.each([...members, "__proto__"])("a header called %s does no harm", async (name) => {
      const listed = name !== "__proto__";
      await start(listed ? { forwardResponseHeaders: [name] } : {});
      fal.answer = raw(
        `HTTP/1.1 200 OK\n${name}: x\ncontent-length: 2\ncontent-type: text/plain\n\nok`,
      );
      const reply = await front.ask(RUN, post);
      const passed = reply.headers.get(name);
      expect([reply.status, await reply.text(), passed]).toEqual([200, "ok", listed ? "x" : null]);
    });

    it("a repeated single-value field arrives once", async () => {
      await start();
      fal.answer = raw(
        "HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-type: text/html\nx-fal-request-id: one\nx-fal-request-id: two\nratelimit: a\nratelimit: b\ncontent-length: 2\n\nok",
      );
      const { headers } = await front.ask(RUN, post);
      expect(headers.get("content-type")).toBe("text/plain");
      expect(headers.get("x-fal-request-id")).toBe("one");
      expect(headers.get("ratelimit")).toBe("a, b");
      await ended();
    });
  });

  describe("time and number", () => {
    it("a caller who stops reading holds fal no longer than idle", async () => {
      await start({ timeouts: { idle: 300 } });
      fal.answer = (response) => {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        const block = Buffer.alloc(1_000_000);
        const more = (): void => {
          while (!response.destroyed && response.write(block));
        };
        response.on("drain", more);
        more();
      };
      const reply = await front.ask(RUN, post);
      const reader = reply.body!.getReader();
      await reader.read();
      await ended();
      expect(ends).toMatchObject([{ outcome: "client_gone" }]);
      await expect(
        (async () => {
          while (!(await reader.read()).done);
        })(),
      ).rejects.toThrow();
    });

    it("no more calls than maxInFlight are under way: the next is refused, nothing of it is sent", async () => {
      const answers: Array<() => void> = [];
      await start({ maxInFlight: 2 });
      fal.answer = (response, request) => void answers.push(() => json({})(response, request));
      fal.received.length = 0;
      const two = [front.ask(RUN, post), front.ask(RUN, post)];
      await until(() => answers.length === 2);
      const third = await front.ask(RUN, post);
      expect([third.status, third.headers.get("retry-after"), await third.json()]).toMatchObject([
        503,
        "1",
        { code: "overloaded" },
      ]);
      expect(fal.received).toHaveLength(2);
      for (const answer of answers) answer();
      for (const reply of await Promise.all(two)) await reply.text();
      await until(() => ends.length === 2);
      fal.answer = json({});
      expect((await front.ask(RUN, post)).status).toBe(200);
    });

    it("every way in which a call ends gives its place back", async () => {
      await start({ maxInFlight: 1 }, (call) => {
        if (call.getHeader("x-way") === "throws") throw new Error("no");
        return call.getHeader("x-way") === "refuses" ? refuse("not_found", "No.") : undefined;
      });
      const ways = ["throws", "refuses", "passes"];
      for (const way of [...ways, ...ways]) {
        const reply = await front.ask(RUN, { ...post, headers: { ...post.headers, "x-way": way } });
        await reply.text();
        expect([way, reply.status]).toEqual([way, { throws: 500, refuses: 404, passes: 200 }[way]]);
      }
    });
  });

  it("a host whose waitUntil throws harms nobody", async () => {
    const context = {
      waitUntil: () => {
        throw new Error("too late");
      },
    };
    const key = Symbol.for("@vercel/request-context");
    Object.assign(globalThis, { [key]: { get: () => context } });
    try {
      await start({}, (call) => call.onEnd(async () => {}));
      expect((await front.ask(SUBMIT, post)).status).toBe(200);
      await ended();
    } finally {
      Reflect.deleteProperty(globalThis, key);
    }
  });

  it("work is told to the host's waitUntil where there is one", async () => {
    const told: Array<Promise<unknown>> = [];
    const context = { waitUntil: (work: Promise<unknown>) => void told.push(work) };
    const key = Symbol.for("@vercel/request-context");
    Object.assign(globalThis, { [key]: { get: () => context } });
    try {
      await start({}, (call) => call.onEnd(async () => {}));
      await (await front.ask(SUBMIT, post)).text();
      await ended();
      // The submit, and what its end started.
      expect(told).toHaveLength(2);
      await Promise.all(told);
    } finally {
      Reflect.deleteProperty(globalThis, key);
    }
  });

  it("work that the end of a call starts is waited for by drain", async () => {
    let done = false;
    await start({}, (call: Call) =>
      call.onEnd(async () => {
        await new Promise((resolve) => setTimeout(resolve, 80));
        done = true;
      }),
    );
    await (await front.ask(RUN, post)).text();
    await ended();
    expect(done).toBe(false);
    await front.drain();
    expect(done).toBe(true);
  });
});
