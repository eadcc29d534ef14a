/** Nothing that an app writes fails open or ends the process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import {
  refuse,
  type Guard,
  type HookCall,
  type ProxyConfig,
  type ProxyEvent,
} from "../src/index.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { fronts, RUN, SUBMIT, until, type Front } from "./support/fronts.ts";
import { json, startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  fal = await startWildFal();
  process.on("unhandledRejection", note);
});
beforeEach(() => {
  fal.received.length = unhandled.length = 0;
});
afterAll(() => {
  process.off("unhandledRejection", note);
  fal.close();
});

const post = {
  method: "POST",
  body: '{"prompt":"a cat"}',
  headers: { "content-type": "application/json" },
};
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";

/** What hooks answer by mistake. */
const NO_ANSWERS: ReadonlyArray<readonly [string, unknown]> = [
  ["false", false],
  ["zero", 0],
  ["a number", 1],
  ["a text", "yes"],
  ["the text false", "false"],
  ["an empty object", {}],
  ["a list", []],
  ["a Response", new Response(null, { status: 401 })],
  ["an Error", new Error("not signed in")],
  ["a function", () => true],
  ["a symbol", Symbol("yes")],
  ["NaN", NaN],
];

describe.each(fronts)("on the %s front", (_name, open) => {
  const events: ProxyEvent[] = [];
  let front: Front;
  const start = async (config: ProxyConfig): Promise<void> => {
    events.length = 0;
    front = await open({
      resolveFalAuth: () => KEY,
      upstream: fal.url,
      onEvent: (event) => events.push(event),
      ...config,
    });
  };
  afterEach(async () => {
    front.close();
    await settle();
    expect(unhandled).toEqual([]);
  });
  const answer = async (init: RequestInit = post, path = RUN): Promise<[number, string]> => {
    const reply = await front.ask(path, init);
    const body = (await reply.json()) as { code?: string };
    return [reply.status, String(body.code)];
  };

  describe("isAuthenticated says yes only with true or a user", () => {
    const notUsers: ReadonlyArray<readonly [string, unknown]> = [
      ...NO_ANSWERS,
      ["undefined", undefined],
      ["null", null],
      ["a session without a user", { userId: null }],
      ["a user without an id", { plan: "pro" }],
      ["an empty id", { id: "" }],
      ["a number as id", { id: 7 }],
      ["an object as id", { id: {} }],
      ["one", 1],
    ];
    it.each(notUsers)("%s is a no", async (_what, value) => {
      await start({ isAuthenticated: () => value as boolean });
      expect(await answer()).toEqual([401, "unauthenticated"]);
      await start({ isAuthenticated: async () => value as boolean });
      expect(await answer()).toEqual([401, "unauthenticated"]);
      expect(fal.received).toEqual([]);
    });

    it.each([
      ["true", true],
      ["a user", { id: "ada" }],
    ])("%s is a yes", async (_what, value) => {
      await start({ isAuthenticated: () => value });
      expect((await answer())[0]).toBe(200);
    });

    it("a getter that throws is a fault", async () => {
      const user = {
        get id(): string {
          throw new Error("no session");
        },
      };
      await start({ isAuthenticated: () => user });
      expect(await answer()).toEqual([500, "internal_error"]);
      expect(fal.received).toEqual([]);
    });
  });

  describe("a guard, or a reply hook, that answers neither nothing nor a refusal", () => {
    it.each(NO_ANSWERS)("%s is a fault, and nothing is sent", async (_what, value) => {
      for (const guard of [() => value, async () => value] as unknown as Guard[]) {
        await start({ guards: [guard] });
        expect(await answer()).toEqual([500, "internal_error"]);
        expect(events.map((event) => event.type)).toEqual(["fault", "refused"]);
      }
      expect(fal.received).toEqual([]);
    });

    it.each(NO_ANSWERS)(
      "%s to a reply is a fault, and the reply stays here",
      async (_what, value) => {
        for (const hook of [() => value, async () => value]) {
          await start({ guards: [(call) => call.onReply(hook as never)] });
          expect(await answer()).toEqual([500, "internal_error"]);
        }
        await until(() => fal.busy() === 0);
      },
    );

    it.each([
      ["an unfit status", { kind: "refusal", status: 200, code: "not_found", message: "x" }],
      [
        "a status that is none",
        { kind: "refusal", status: 99999, code: "not_found", message: "x" },
      ],
      ["no status", { kind: "refusal", code: "not_found", message: "x" }],
      ["an unknown code", { kind: "refusal", status: 404, code: "gone", message: "x" }],
      ["no message", { kind: "refusal", status: 404, code: "not_found" }],
      [
        "a header with a line break",
        { ...refuse("not_found", "x"), headers: { "x-a": "1\r\nset-cookie: a=1" } },
      ],
      ["a detail that is a circle", { ...refuse("not_found", "x"), detail: circle() }],
      ["a detail with a BigInt", { ...refuse("not_found", "x"), detail: { left: 1n } }],
    ])("a refusal with %s is a fault", async (_what, refusal) => {
      await start({ guards: [() => refusal as never] });
      expect(await answer()).toEqual([500, "internal_error"]);
      expect(fal.received).toEqual([]);
    });
  });

  it.each<[string, () => unknown]>([
    ["a status of success", () => refuse("not_found", "x", { status: 200 })],
    ["a fraction as status", () => refuse("not_found", "x", { status: 404.5 })],
    ["a header with a line break", () => refuse("not_found", "x", { headers: { a: "1\n2" } })],
    ["a header that is not ASCII", () => refuse("not_found", "x", { headers: { a: "é" } })],
    ["a header name with a space", () => refuse("not_found", "x", { headers: { "a b": "1" } })],
    ["a number as header", () => refuse("not_found", "x", { headers: { a: 1 as never } })],
    ["framing", () => refuse("not_found", "x", { headers: { "Content-Length": "3" } })],
    ["a detail that is a circle", () => refuse("not_found", "x", { detail: circle() })],
    ["a code of its own", () => refuse("no_such" as never, "x")],
    ["a member of Object.prototype as code", () => refuse("constructor" as never, "x")],
    ["no message", () => refuse("not_found", undefined as never)],
  ])("refuse throws at %s", async (_what, make) => {
    await start({});
    expect(make).toThrow(TypeError);
  });

  describe("promises that nobody waits for", () => {
    const broken = { ...post, body: "{no json" };
    it.each<[string, Guard]>([
      ["json, started and kept", (call) => void call.json()],
      ["inputs, started and kept", (call) => void call.inputs()],
      ["the reply's json", (call) => call.onReply((reply) => void reply.json())],
      [
        "json, awaited later",
        async (call) => {
          const parsed = call.json();
          await settle();
          await parsed;
        },
      ],
    ])("%s", async (_what, guard) => {
      await start({ guards: [guard] });
      fal.answer = json("{no json");
      await (await front.ask(RUN, broken)).text();
      fal.answer = json({ ok: true });
    });

    it("onEvent that rejects is reported on stderr, in one line without the key", async () => {
      const stderr = vi.spyOn(console, "error").mockImplementation(() => {});
      await start({ onEvent: async () => Promise.reject(new Error(`for ${KEY}\nsecond line`)) });
      expect((await answer())[0]).toBe(200);
      await until(() => stderr.mock.calls.length > 0);
      const lines = stderr.mock.calls.flat().map(String);
      stderr.mockRestore();
      for (const line of lines) {
        expect(line).toMatch(/^fal proxy: onEvent failed: Error: for \[key\]\\u\{a\}second line/);
        expect(line).not.toMatch(/[\r\n]|0123456789abcdef/);
      }
    });

    it.each<[string, () => unknown]>([
      [
        "throws",
        () => {
          throw new Error("no");
        },
      ],
      ["rejects", () => Promise.reject(new Error("no"))],
      ["rejects with nothing", () => Promise.reject(undefined)],
    ])("onEnd that %s is a fault event", async (_what, hook) => {
      await start({ guards: [(call) => call.onEnd(hook as never)] });
      expect((await answer())[0]).toBe(200);
      await until(() => events.some((event) => event.type === "fault"));
    });
  });

  describe("what guards read is what fal runs", () => {
    let seen: unknown;
    const reads: Guard = async (call) => void (seen = await call.inputs());
    beforeEach(() => (seen = "nothing"));

    it("the query of a GET, and the body of a POST", async () => {
      await start({ guards: [reads] });
      expect((await answer({ method: "GET" }, `${RUN}?prompt=a%20cat&steps=4`))[0]).toBe(200);
      expect(seen).toEqual({ prompt: "a cat", steps: "4" });
      expect((await answer(post, `${SUBMIT}?fal_webhook=https://a.b/c`))[0]).toBe(200);
      expect(seen).toEqual({ prompt: "a cat" });
      expect((await answer({ method: "POST" }, RUN))[0]).toBe(200);
      expect(seen).toEqual({});
    });

    it.each<[string, RequestInit, string]>([
      ["no JSON", { ...post, body: "{" }, RUN],
      ["no object", { ...post, body: "[1]" }, RUN],
      ["a text", { ...post, body: '"x"' }, RUN],
      ["null", { ...post, body: "null" }, RUN],
      ["a key twice", { ...post, body: '{"num_images":1,"num_images":9}' }, RUN],
      ["a key twice, once escaped", { ...post, body: '{"a":1,"\\u0061":2}' }, RUN],
      ["a key twice, deep inside", { ...post, body: '{"a":[{"b":{"c":1,"d":2,"c":3}}]}' }, RUN],
      ["a byte order mark", { ...post, body: '\uFEFF{"a":1}' }, RUN],
      ["broken UTF-8", { ...post, body: Uint8Array.of(0x22, 0xff, 0x22) }, RUN],
      [
        "a coding",
        { ...post, headers: { ...post.headers, "content-encoding": "gzip" }, body: gzipSync("{}") },
        RUN,
      ],
      ["a name in body and query", { ...post, body: '{"a":1}' }, `${RUN}?a=2`],
      ["a name twice in the query", { method: "GET" }, `${RUN}?a=1&a=2`],
      ["a name twice in the query, once encoded", { method: "GET" }, `${RUN}?a=1&%61=2`],
    ])("%s is refused with a 422 that says so", async (_what, init, path) => {
      await start({ guards: [reads] });
      expect(await answer(init, path)).toEqual([422, "input_not_allowed"]);
      expect(seen).toBe("nothing");
      expect(fal.received).toEqual([]);
      expect(events.map((event) => event.type)).toEqual(["refused"]);
    });

    it.each([
      ['{"a":{"b":1},"b":[{"a":1},{"a":2}],"c":"a\\":{\\"a"}'],
      ['{ "é\\u00e9" : 1.0 , "e" : 1e3, "nested": {"e": {"e": 1}} }'],
    ])("%s is no repetition", async (body) => {
      await start({ guards: [reads] });
      expect((await answer({ ...post, body }))[0]).toBe(200);
      expect(seen).toEqual(JSON.parse(body));
    });

    it("nothing of it fails where nobody looks", async () => {
      await start({});
      expect((await answer({ ...post, body: '{"a":1,"a":2}' }))[0]).toBe(200);
      expect(fal.received.at(-1)?.body).toBe('{"a":1,"a":2}');
    });

    it("at most inspectBytes, without reading more", async () => {
      await start({ guards: [reads], inspectBytes: 1000 });
      const body = JSON.stringify({ text: "x".repeat(2000) });
      expect(await answer({ ...post, body })).toEqual([413, "body_too_large"]);
      const chunks = new Blob([body]).stream();
      expect(await answer({ ...post, body: chunks, duplex: "half" } as RequestInit)).toEqual([
        413,
        "body_too_large",
      ]);
      const small = JSON.stringify({ text: "x".repeat(900) });
      expect((await answer({ ...post, body: small }))[0]).toBe(200);
      expect(seen).toEqual(JSON.parse(small));
    });

    it("a guard that catches what it cannot read lets the same bytes pass", async () => {
      await start({
        guards: [
          async (call) => {
            await call.json().catch(() => {});
          },
        ],
      });
      expect((await answer({ ...post, body: "no json at all" }))[0]).toBe(200);
      expect(fal.received.at(-1)?.body).toBe("no json at all");
    });
  });

  describe("what the operator is told", () => {
    it("holds no piece of a body, no control character and no key, and is short", async () => {
      await start({
        guards: [
          async (call) => {
            JSON.parse((await call.getRequestBody()) ?? "");
          },
        ],
      });
      await answer({ ...post, body: "{my secret prompt" });
      await start({
        guards: [
          () => {
            throw new Error(`bad \u001b[31m${KEY}\r\n\u2028${"long ".repeat(500)}`);
          },
        ],
        isAuthenticated: () => ({ id: "ada" }),
      });
      const first = [...events];
      await answer();
      for (const event of [...first, ...events]) {
        if (event.type !== "fault") continue;
        expect(event.error).not.toMatch(/secret prompt|[\p{C}\u2028]/u);
        expect(event.error.length).toBeLessThan(700);
      }
    });

    it("without onEvent, the same on stderr", async () => {
      const stderr = vi.spyOn(console, "error").mockImplementation(() => {});
      const hooks = { resolveFalAuth: () => KEY, upstream: fal.url };
      front = await open({
        ...hooks,
        guards: [
          (call: HookCall | Parameters<Guard>[0]) => {
            call.onReply(() => {
              throw new TypeError(`${KEY}\nheld`);
            });
          },
        ],
      });
      expect(await answer()).toEqual([500, "internal_error"]);
      const lines = stderr.mock.calls.flat().map(String);
      stderr.mockRestore();
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^fal proxy: fault: TypeError: \[key\]\\u\{a\}held \(at .+\)$/);
    });

    it("one refused event for each refusal, with its code", async () => {
      await start({ maxBodyBytes: 10 });
      await answer();
      const refused = (): ProxyEvent[] => events.filter((event) => event.type === "refused");
      expect(refused()).toMatchObject([{ code: "body_too_large", status: 413 }]);
      await start({ maxBodyBytes: 100_000 });
      const chunks = new Blob(["x".repeat(200_000)]).stream();
      await answer({ ...post, body: chunks, duplex: "half" } as RequestInit);
      expect(refused()).toMatchObject([{ code: "body_too_large", status: 413 }]);
      expect(events.filter((event) => event.type === "ended")).toMatchObject([
        { outcome: "refused", sent: false, status: undefined, callerStatus: 413 },
      ]);
    });

    it("the target is judged before the body", async () => {
      await start({ maxBodyBytes: 10 });
      expect(await answer(post, "evil.example/x")).toEqual([400, "target_not_allowed"]);
    });
  });

  describe("a page of another site", () => {
    const crossSite = {
      ...post,
      headers: { ...post.headers, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    };
    it("is refused, and nothing is sent", async () => {
      await start({ isAuthenticated: () => true });
      expect(await answer(crossSite)).toEqual([403, "origin_not_allowed"]);
      expect(fal.received).toEqual([]);
    });
    it("may call when cors lists its origin, and only then", async () => {
      await start({ cors: { origins: ["https://evil.example"] } });
      expect((await answer(crossSite))[0]).toBe(200);
      await start({ cors: { origins: ["https://app.example"] } });
      expect(await answer(crossSite)).toEqual([403, "origin_not_allowed"]);
      await start({ cors: { origins: "*" } });
      expect((await answer(crossSite))[0]).toBe(200);
    });
    it.each(["same-origin", "same-site", "none"])("%s is served", async (site) => {
      await start({});
      const headers = { ...post.headers, "sec-fetch-site": site };
      expect((await answer({ ...post, headers }))[0]).toBe(200);
    });
  });

  it("sign-in comes before the endpoint list", async () => {
    await start({ isAuthenticated: () => false, allowedEndpoints: ["fal-ai/any/model"] });
    expect(await answer()).toEqual([401, "unauthenticated"]);
    expect(await answer(post, "fal.run/other/app")).toEqual([401, "unauthenticated"]);
  });

  it("a hook that prints the call does not print the key", async () => {
    const { inspect } = await import("node:util");
    const shown: string[] = [];
    await start({
      guards: [
        (call) => {
          const show = (): void =>
            void shown.push(
              inspect(call, { depth: 9 }),
              JSON.stringify(Object.entries(call).filter(([, value]) => typeof value !== "object")),
            );
          call.onReply(show);
          call.onEnd(show);
        },
      ],
    });
    await answer();
    await until(() => shown.length === 4);
    expect(shown.join()).not.toMatch(/0123456789abcdef/);
  });
});

it("a process whose hooks do all of this goes on, and ends only when told", async () => {
  const script = `
    import { createServer } from "node:http";
    import { createRequestListener } from "@fal-ai/server-proxy/node";
    const late = async (call) => { const parsed = call.json(); await new Promise((r) => setTimeout(r, 20)); await parsed; };
    const listener = createRequestListener({
      resolveFalAuth: () => "a:b", upstream: process.env.UPSTREAM,
      onEvent: async () => { throw new Error("no"); },
      guards: [late, (call) => { call.onReply(() => true); call.onEnd(() => Promise.reject(undefined)); }],
    });
    const beaten = (request, response) => {
      // A heartbeat in front has begun the answer.
      if (request.url === "/beaten") { response.writeHead(200); response.write(" "); }
      // Vercel's Node functions parse the body when it is looked at.
      if (request.url === "/vercel") Object.defineProperty(request, "body", { get() { throw new Error("Invalid JSON"); } });
      const serve = () => listener(request, response);
      if (request.url === "/vercel") request.resume().on("end", serve);
      else serve();
    };
    const server = createServer(beaten).listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    env: { ...process.env, UPSTREAM: fal.url, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [port] = await once(child.stdout, "data");
    const ask = (path: string, body: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${Number(port)}${path}`, {
        ...post,
        body,
        headers: { ...post.headers, "x-fal-target-url": `https://${RUN}` },
      });
    expect((await ask("/", "{broken")).status).toBe(422);
    expect((await ask("/", "{}")).status).toBe(500);
    const vercel = await ask("/vercel", "{broken");
    expect([vercel.status, await vercel.json()]).toMatchObject([
      422,
      { code: "input_not_allowed" },
    ]);
    await expect(ask("/beaten", "{}").then((reply) => reply.text())).rejects.toThrow();
    expect((await ask("/", "{broken")).status).toBe(422);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill();
  }
});

function circle(): unknown {
  const round: Record<string, unknown> = {};
  round["again"] = round;
  return round;
}
