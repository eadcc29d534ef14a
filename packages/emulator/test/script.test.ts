// Faults on demand, seen as bytes on a socket wherever a client library would hide them; and what is recorded.
import { createHash } from "node:crypto";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Emulator } from "../src/index.ts";
import { call, closedGate, post, start, until } from "./fixture.ts";

const echo = "https://fal.run/fal-ai/echo";

/** The raw answer: head, bytes of body that arrived, and the error that ended it, if one did. */
function raw(
  emulator: Emulator,
  path: string,
): Promise<{ response?: IncomingMessage; body: Buffer; arrivals: number; error?: string }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let arrivals = 0;
    let response: IncomingMessage | undefined;
    const done = (error?: NodeJS.ErrnoException): void =>
      resolve({
        ...(response && { response }),
        body: Buffer.concat(chunks),
        arrivals,
        ...(error && { error: error.code ?? error.message }),
      });
    const request = httpRequest(
      emulator.url + path,
      { headers: { authorization: `Key ${emulator.key}` } },
      (arrived) => {
        response = arrived;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          arrivals += 1;
        });
        response.on("end", () => done());
        response.on("error", done);
      },
    );
    request.on("error", done);
    request.end();
  });
}

test("status, body and repeated headers", async () => {
  const emulator = await start();
  emulator.script({
    status: 418,
    body: '{"a":1}',
    headers: [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-twice", "1"],
      ["X-Twice", "2"],
    ],
  });
  const { response, body } = await raw(emulator, "/fal.run/any");
  expect(response!.statusCode).toBe(418);
  expect(response!.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(response!.rawHeaders.filter((text) => /^x-twice$/i.test(text))).toHaveLength(2);
  expect(response!.headers["content-type"]).toBe("application/json");
  expect(body.toString()).toBe('{"a":1}');
});

test("a rule strikes what it matches, as often as it says, until it is removed", async () => {
  const emulator = await start();
  const statusOf = async (url: string): Promise<number> => (await post(emulator, url)).status;
  emulator.script({ host: "fal.run", path: "/fal-ai/echo", status: 500, times: 2 });
  expect(await statusOf("https://queue.fal.run/fal-ai/echo")).toBe(200);
  expect([await statusOf(echo), await statusOf(`${echo}?q=1`), await statusOf(echo)]).toEqual([
    500, 500, 200,
  ]);
  const rule = emulator.script({ method: "POST", path: /echo\?q=/g, status: 501 });
  expect([await statusOf(`${echo}?q=1`), await statusOf(`${echo}?q=1`)]).toEqual([501, 501]);
  expect((await call(emulator, `${echo}?q=1`)).status).toBe(200);
  rule.remove();
  expect(await statusOf(`${echo}?q=1`)).toBe(200);
});

test("a preflight uses no rule up, unless the rule asks for OPTIONS", async () => {
  const emulator = await start();
  emulator.script({ status: 500, times: 1 });
  emulator.script({ method: "OPTIONS", path: "/closed", status: 403 });
  const options = async (url: string): Promise<number> =>
    (await call(emulator, url, { method: "OPTIONS" })).status;
  expect(await options(echo)).toBe(204);
  expect(await options("https://fal.run/closed")).toBe(403);
  expect((await post(emulator, echo)).status).toBe(500);
});

test("a rule without an answer bends the genuine one", async () => {
  const emulator = await start();
  emulator.script({ delayMs: 120, headers: [["set-cookie", "a=1"]], encoding: "gzip" });
  const startedAt = Date.now();
  const response = await post(emulator, echo, { a: 1 });
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(115);
  expect(response.headers.get("set-cookie")).toBe("a=1");
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(response.headers.get("x-fal-request-id")).toBeTruthy();
  expect(await response.json()).toMatchObject({ input: { a: 1 } });
});

test.each([
  ["gzip", gunzipSync],
  ["br", brotliDecompressSync],
  ["deflate", inflateSync],
] as const)("encoding %s", async (encoding, decode) => {
  const emulator = await start();
  emulator.script({ body: "x".repeat(10_000), encoding });
  const { response, body } = await raw(emulator, "/fal.run/any");
  expect(response!.headers["content-encoding"]).toBe(encoding);
  expect(response!.headers["content-length"]).toBe(String(body.length));
  expect(decode(body).toString()).toBe("x".repeat(10_000));
});

test("an encoded event stream still arrives event by event", async () => {
  const emulator = await start();
  emulator.script({ encoding: "gzip" });
  const gate = closedGate();
  const response = await post(emulator, "https://fal.run/test/gate/stream", { gate: gate.name });
  expect(response.headers.get("content-encoding")).toBe("gzip");
  const reader = response.body!.getReader();
  const first = Buffer.from((await reader.read()).value!).toString();
  expect(first).toBe('data: {"at":"gate"}\n\n');
  gate.open();
  const second = Buffer.from((await reader.read()).value!).toString();
  expect(second).toBe('data: {"passed":true}\n\n');
});

test("reset after N bytes: exactly N arrive, then ECONNRESET; 0 resets before the headers", async () => {
  const emulator = await start();
  emulator.script({ body: "0123456789", resetAtByte: 4, times: 1 });
  const cut = await raw(emulator, "/fal.run/any");
  expect(cut.response!.headers["content-length"]).toBe("10");
  expect(cut.body.toString()).toBe("0123");
  expect(cut.error).toBe("ECONNRESET");

  emulator.script({ body: "0123456789", resetAtByte: 0 });
  const none = await raw(emulator, "/fal.run/any");
  expect(none.response).toBeUndefined();
  expect(none.error).toBe("ECONNRESET");
  await emulator.requests[1]!.closed;
  expect(emulator.requests.map(({ aborted }) => aborted)).toEqual([false, false]);
});

/** What a plain socket sees: the bytes, and whether the end was orderly. */
function socket(emulator: Emulator, text: string): Promise<{ bytes: string; how: string }> {
  return new Promise((resolve) => {
    let bytes = "";
    connect(Number(new URL(emulator.url).port), "127.0.0.1")
      .on("data", (chunk: Buffer) => (bytes += chunk.toString()))
      .on("end", () => resolve({ bytes, how: "end" }))
      .on("error", (error: NodeJS.ErrnoException) => resolve({ bytes, how: error.code! }))
      .write(text);
  });
}

test("a reset is one on the wire, a truncation is an orderly end", async () => {
  const emulator = await start();
  emulator.script({ path: "/reset", body: "0123456789", resetAtByte: 4 });
  emulator.script({ path: "/cut", body: "0123456789", truncateAtByte: 4 });
  const get = (path: string) => socket(emulator, `GET /fal.run${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  expect(await get("/reset")).toMatchObject({
    how: "ECONNRESET",
    bytes: expect.stringMatching(/\r\n\r\n0123$/),
  });
  expect(await get("/cut")).toMatchObject({
    how: "end",
    bytes: expect.stringMatching(/\r\n\r\n0123$/),
  });
});

test("raw: the bytes of the rule are the answer, and the connection ends after them", async () => {
  const emulator = await start();
  const answer = "HTTP/1.1 099 Odd\r\nconstructor: 1\r\ncontent-length: 2\r\n\r\nok and more";
  emulator.script({ raw: answer, times: 1 });
  const request = "POST /fal.run/any HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";
  expect(await socket(emulator, request)).toEqual({ bytes: answer, how: "end" });
  const [record] = emulator.requests;
  await record!.closed;
  expect(record).toMatchObject({ bodyComplete: true, aborted: false });
});

test("statuses beyond 599, odd names and a field given twice go out as they are written", async () => {
  const emulator = await start();
  emulator.script({
    status: 999,
    body: "{}",
    headers: [
      ["__proto__", "a"],
      ["constructor", "b"],
      ["content-type", "text/html"],
      ["content-type", "text/plain"],
    ],
  });
  const { bytes } = await socket(
    emulator,
    "GET /fal.run/any HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  );
  expect(bytes).toMatch(/^HTTP\/1.1 999 /);
  for (const line of [
    "__proto__: a",
    "constructor: b",
    "content-type: text/html",
    "content-type: text/plain",
  ])
    expect(bytes).toContain(`\r\n${line}\r\n`);
});

test("early: the answer does not wait for the request's body", async () => {
  const emulator = await start();
  emulator.script({ status: 413, body: "too much", early: true, truncateAtByte: 8 });
  const head = "POST /fal.run/any HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nsome";
  const { bytes } = await socket(emulator, head);
  expect(bytes).toMatch(/^HTTP\/1.1 413 /);
  expect(emulator.requests[0]).toMatchObject({ bodyComplete: false });
});

test("truncate: an honest length, a body cut short", async () => {
  const emulator = await start();
  emulator.script({ body: "0123456789", truncateAtByte: 7 });
  const { response, body, error } = await raw(emulator, "/fal.run/any");
  expect(response!.headers["content-length"]).toBe("10");
  expect(body.toString()).toBe("0123456");
  expect(error).toBe("ECONNRESET");
  expect(response!.complete).toBe(false);
});

test("chunks: pieces of a size, with pauses", async () => {
  const emulator = await start();
  emulator.script({ body: "aaabbbccc", chunks: { size: 3, everyMs: 60 } });
  const startedAt = Date.now();
  const { response, body, arrivals } = await raw(emulator, "/fal.run/any");
  // Two pauses; timers may be a millisecond early.
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(115);
  expect(response!.headers["transfer-encoding"]).toBe("chunked");
  expect(body.toString()).toBe("aaabbbccc");
  expect(arrivals).toBe(3);
});

test("hugeBytes: 500 MB pass through little memory, at the pace of the reader", async () => {
  const emulator = await start();
  const size = 500 * 1024 * 1024;
  emulator.script({ hugeBytes: size });
  const before = process.memoryUsage().rss;
  let length = 0;
  let peak = 0;
  const response = await call(emulator, "https://v3.fal.media/files/huge");
  expect(response.headers.get("content-length")).toBe(String(size));
  for await (const chunk of response.body!) {
    if (length === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    length += (chunk as Uint8Array).length;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  expect(length).toBe(size);
  expect(peak - before).toBeLessThan(250 * 1024 * 1024);
});

test("an answer that HTTP cannot carry says so", async () => {
  const emulator = await start();
  emulator.script({ body: "x", headers: [["trailer", "x-sum"]] });
  const response = await call(emulator, echo);
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({
    detail: expect.stringContaining("Trailer"),
    error_type: "internal_error",
  });
});

test("redirect", async () => {
  const emulator = await start();
  emulator.script({ redirect: "https://example.com/" });
  const response = await call(emulator, echo);
  expect([response.status, response.headers.get("location")]).toEqual([
    302,
    "https://example.com/",
  ]);
});

test("requests: what was sent, byte for byte, whoever refused it", async () => {
  const emulator = await start();
  const body = Buffer.from([0, 255, 1, 254, 13, 10]);
  await call(emulator, "https://fal.run/a%2Fb//c/../d?x=%20&x", {
    method: "POST",
    body,
    headers: { "X-Mixed": "Case", authorization: "nothing good" },
  });
  const [request] = emulator.requests;
  expect(request).toMatchObject({
    method: "POST",
    host: "fal.run",
    // fetch() itself folds the dots away.
    path: "/a%2Fb//d?x=%20&x",
    url: "https://fal.run/a%2Fb//d?x=%20&x",
    bodyLength: 6,
    bodyComplete: true,
    bodyHash: createHash("sha256").update(body).digest("hex"),
  });
  expect([...request!.body]).toEqual([...body]);
  expect(request!.headers["x-mixed"]).toBe("Case");
});

test("requests: the raw path is kept, dots and all", async () => {
  const emulator = await start();
  const { port } = new URL(emulator.url);
  const path = "/queue.fal.run/a/../../b/%2e%2e/c";
  await new Promise<void>((resolve) =>
    httpRequest({ host: "127.0.0.1", port, path }, (response) => {
      response.resume().on("end", resolve);
    }).end(),
  );
  expect(emulator.requests[0]!.path).toBe("/a/../../b/%2e%2e/c");
});

test.each([
  ["a run", "https://fal.run/test/gate"],
  ["a stream", "https://fal.run/test/gate/stream"],
])("a caller who leaves %s is noticed, and the model stops", async (_name, url) => {
  const emulator = await start({ concurrency: 1 });
  const leave = new AbortController();
  const gone = call(emulator, url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ gate: closedGate().name }),
    signal: leave.signal,
  }).then((response) => response.text());
  await until(() => emulator.requests[0]?.bodyComplete === true);
  leave.abort();
  await expect(gone).rejects.toThrow();
  const [request] = emulator.requests;
  await request!.closed;
  expect(request!.aborted).toBe(true);
  expect(request!.abortedAt).toBeGreaterThanOrEqual(request!.at);
  // The slot of the account is free again: the model was stopped, not left running.
  await until(async () => (await post(emulator, "https://fal.run/test/slow")).status === 200);
});

test("record: false keeps nothing; a number keeps about that many", async () => {
  const blind = await start({ record: false });
  await post(blind, echo);
  expect(blind.requests).toEqual([]);
  const short = await start({ record: 10 });
  for (let i = 0; i < 25; i++) await call(short, `${echo}?i=${i}`);
  expect(short.requests.length).toBeLessThanOrEqual(10);
  expect(short.requests.at(-1)!.path).toBe("/fal-ai/echo?i=24");
});
