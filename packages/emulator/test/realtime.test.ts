// Realtime sockets: with a plain WebSocket for the frames, and with fal's own client for the protocol as it is used.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { createFalClient } from "@fal-ai/client";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { Model, ModelContext } from "../src/model.ts";
import { attachRealtime, type RealtimeOptions } from "../src/realtime.ts";

const echo: Model = {
  id: "fal-ai/echo",
  run: async (input) => ({ body: input }),
  async *realtime(input, context) {
    if (input.fail === true) throw new Error("it broke");
    if (typeof input.hold === "number") await context.wait(input.hold);
    yield { ...input, bytes: new Uint8Array([1, 2, 3]) };
    if (input.twice === true) yield { second: true };
  },
};
const plain: Model = { id: "fal-ai/plain", run: async () => ({ body: {} }) };

const context = (signal: AbortSignal): ModelContext => ({
  requestId: "r",
  signal,
  log: () => undefined,
  wait: (ms) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(new Error("gone"));
      });
    }),
  store: () => "http://127.0.0.1/files/x",
  load: async () => undefined,
});

const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
  vi.unstubAllGlobals();
});

async function serve(options: Partial<RealtimeOptions> = {}): Promise<string> {
  const server: Server = createServer();
  const realtime = attachRealtime(server, {
    find: (id) => [echo, plain].find((model) => model.id === id),
    tokens: { verify: (token, app) => token === `token for ${app}` },
    authorize: (header) => header === "Key good:key",
    context,
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    realtime.close();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Conversation {
  socket: WebSocket;
  /** Text frames parsed, binary frames decoded. */
  received: Array<{ binary: boolean; message: unknown }>;
  closed: Promise<number>;
}

async function open(url: string, headers: Record<string, string> = {}): Promise<Conversation> {
  const socket = new WebSocket(url, { headers });
  const received: Conversation["received"] = [];
  socket.on("message", (data: Buffer, binary: boolean) => {
    received.push({
      binary,
      message: binary ? decode(new Uint8Array(data)) : JSON.parse(data.toString()),
    });
  });
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  cleanups.push(() => socket.terminate());
  return { socket, received, closed };
}

const path = "/fal.run/fal-ai/echo/realtime";
const key = { authorization: "Key good:key" };
const token = `?fal_jwt_token=${encodeURIComponent("token for fal-ai/echo")}`;
const unauthorized = { binary: false, message: { status: "error", error: "Unauthorized" } };

test("a binary message is answered in msgpack, then the timings come as text", async () => {
  const { socket, received } = await open((await serve()) + path, key);
  socket.send(encode({ prompt: "smörgås", twice: true }));
  await expect.poll(() => received.length).toBe(3);
  expect(received).toEqual([
    { binary: true, message: { prompt: "smörgås", twice: true, bytes: new Uint8Array([1, 2, 3]) } },
    { binary: true, message: { second: true } },
    {
      binary: false,
      message: { type: "x-fal-message", action: "timings", timing: expect.any(Number) },
    },
  ]);
});

test("a text message is answered in JSON, bytes as base64", async () => {
  const { socket, received } = await open((await serve()) + path, key);
  socket.send(JSON.stringify({ prompt: "hej" }));
  await expect.poll(() => received.length).toBe(2);
  expect(received[0]).toEqual({ binary: false, message: { prompt: "hej", bytes: "AQID" } });
});

test("a token opens the app that it was made for, and no other", async () => {
  const url = await serve();
  const good = await open(url + path + token);
  good.socket.send(encode({ a: 1 }));
  await expect.poll(() => good.received.length).toBe(2);

  const bad = await open(
    `${url + path}?fal_jwt_token=${encodeURIComponent("token for other/app")}`,
  );
  expect(await bad.closed).toBe(1008);
  expect(bad.received).toEqual([unauthorized]);
});

test("no credential and a wrong key are told in the socket", async () => {
  const url = await serve();
  for (const headers of [{}, { authorization: "Key bad:key" }]) {
    const { received, closed } = await open(url + path, headers);
    expect(await closed).toBe(1008);
    expect(received).toEqual([unauthorized]);
  }
});

test("the Host header names the fal host too, and the handshake is told", async () => {
  const seen: string[] = [];
  const url = await serve({ onHandshake: (_request, falUrl) => void seen.push(falUrl.href) });
  const { socket, received } = await open(`${url}/fal-ai/echo/realtime${token}&max_buffering=2`, {
    host: "fal.run",
  });
  socket.send(encode({ a: 1 }));
  await expect.poll(() => received.length).toBe(2);
  expect(seen).toEqual([`https://fal.run/fal-ai/echo/realtime${token}&max_buffering=2`]);
});

test.each([
  "/fal.run/fal-ai/plain/realtime",
  "/fal.run/no/such/realtime",
  "/other.host/x",
  "//",
  "/",
])("the handshake of %s is refused with 404", async (wrong) => {
  await expect(open((await serve()) + wrong, key)).rejects.toThrow("404");
});

test("a failing model, a message that is no object and broken frames end in an error frame", async () => {
  const url = await serve();
  const cases: Array<[string | Uint8Array, string]> = [
    [encode({ fail: true }), "it broke"],
    [encode([1]), "A message must be an object"],
    ["{", ""],
  ];
  for (const [message, reason] of cases) {
    const { socket, received, closed } = await open(url + path, key);
    socket.send(message);
    expect(await closed).toBe(1000);
    expect(received[0]).toEqual({
      binary: false,
      message: {
        type: "x-fal-error",
        error: "INTERNAL_ERROR",
        reason: expect.stringContaining(reason),
      },
    });
  }
});

test("an idle socket is told TIMEOUT and closed, but not while a model works", async () => {
  const { socket, received, closed } = await open((await serve({ idleMs: 60 })) + path, key);
  socket.send(JSON.stringify({ hold: 200 }));
  expect(await closed).toBe(1000);
  expect(received.map(({ message }) => message)).toEqual([
    { hold: 200, bytes: "AQID" },
    expect.objectContaining({ action: "timings" }),
    { type: "x-fal-error", error: "TIMEOUT", reason: expect.any(String) },
  ]);
});

test("with max_buffering the oldest waiting messages are dropped", async () => {
  const { socket, received } = await open(`${await serve()}${path}?max_buffering=2`, key);
  socket.send(JSON.stringify({ n: 0, hold: 100 }));
  for (const n of [1, 2, 3, 4]) socket.send(JSON.stringify({ n }));
  await expect.poll(() => received.length).toBe(6);
  const results = received.map(({ message }) => (message as { n?: number }).n);
  expect(results.filter((n) => n !== undefined)).toEqual([0, 3, 4]);
});

test("a caller who leaves aborts the model", async () => {
  const aborted = vi.fn();
  const url = await serve({
    context: (signal) => {
      signal.addEventListener("abort", aborted);
      return context(signal);
    },
  });
  const { socket } = await open(url + path, key);
  socket.send(encode({ hold: 60_000 }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(aborted).not.toHaveBeenCalled();
  socket.terminate();
  await expect.poll(() => aborted.mock.calls.length).toBe(1);
});

/** fal's client always dials wss://fal.run; this takes its sockets to the emulator instead. */
function redirectSockets(url: string): void {
  vi.stubGlobal(
    "WebSocket",
    class extends WebSocket {
      constructor(address: string) {
        super(address.replace("wss://", `${url}/`));
      }
    },
  );
}

test("fal's own client connects, sends, receives and closes", async () => {
  redirectSockets(await serve());
  const results: unknown[] = [];
  const errors: unknown[] = [];
  const connection = createFalClient().realtime.connect("fal-ai/echo", {
    connectionKey: "one",
    throttleInterval: 0,
    maxBuffering: 4,
    tokenProvider: async (app) => `token for ${app.replace("/realtime", "")}`,
    onResult: (result) => results.push(result),
    onError: (error) => errors.push(error),
  });
  connection.send({ prompt: "first" });
  await expect.poll(() => results).toMatchObject([{ prompt: "first" }]);
  connection.send({ prompt: "second" });
  await expect.poll(() => results).toMatchObject([{ prompt: "first" }, { prompt: "second" }]);
  connection.close();
  expect(errors).toEqual([]);
});

test("fal's own client hears of a bad token and of a failing model", async () => {
  redirectSockets(await serve());
  for (const [token, message] of [
    ["stale", "Unauthorized"],
    ["token for fal-ai/echo", "INTERNAL_ERROR: it broke"],
  ] as const) {
    const errors: Array<{ message: string }> = [];
    const connection = createFalClient().realtime.connect("fal-ai/echo", {
      connectionKey: token,
      tokenProvider: async () => token,
      onResult: () => expect.unreachable(),
      onError: (error) => errors.push(error),
    });
    connection.send({ fail: true });
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    expect(errors[0]!.message).toContain(message);
    connection.close();
  }
});
