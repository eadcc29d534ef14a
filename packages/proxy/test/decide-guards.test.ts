/** What a guard sees and can do, on the wire, on both fronts: the call, the reply, the end. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { End, Guard, ProxyConfig, ProxyEvent } from "@fal-ai/server-proxy";
import { refuse } from "@fal-ai/server-proxy";
import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

let emulator: Emulator;
const servers: Server[] = [];

beforeAll(async () => {
  emulator = await createEmulator();
});
beforeEach(() => emulator.reset());
afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections();
  await emulator.close();
});

type Ask = (path: string, init?: RequestInit) => Promise<Response>;
const at = (path: string): string => `https://${path}`;

async function nodeFront(config: ProxyConfig): Promise<Ask> {
  const server = createServer(createRequestListener(config)).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((listening) => server.once("listening", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/fal/proxy`;
  return (path, init) =>
    fetch(url, { ...init, headers: { "x-fal-target-url": at(path), ...init?.headers } });
}

async function webFront(config: ProxyConfig): Promise<Ask> {
  const handle = createFetchHandler(config);
  return (path, init) =>
    handle(
      new Request("http://app.example/api/fal/proxy", {
        ...init,
        headers: { "x-fal-target-url": at(path), ...init?.headers },
      }),
    );
}

describe.each([
  ["node", nodeFront],
  ["web", webFront],
])("on the %s front", (_name, open) => {
  const events: ProxyEvent[] = [];
  const ends: End[] = [];
  const start = (...guards: Guard[]): Promise<Ask> => {
    events.length = ends.length = 0;
    return open({
      guards,
      resolveFalAuth: async () => emulator.key,
      upstream: emulator.url,
      onEvent: (event) => events.push(event),
    });
  };
  const ended: Guard = (call) => call.onEnd((end) => void ends.push(end));
  const settled = async (): Promise<void> => {
    for (let tries = 0; ends.length === 0 && tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it("reads the input, and the bytes that fal receives stay the same", async () => {
    const body = '{ "prompt": "a cat",  "seed": 12345678901234567890 }';
    let prompt: unknown;
    const ask = await start(async (call) => {
      prompt = ((await call.json()) as { prompt: string }).prompt;
    });
    await ask("fal.run/fal-ai/echo", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect(prompt).toBe("a cat");
    expect(new TextDecoder().decode(emulator.requests[0]?.body)).toBe(body);
  });

  it("sees the reply before the caller does, and the caller gets fal's bytes", async () => {
    const text = '{ "request_id" : "abc",   "status": "IN_QUEUE" }';
    emulator.script({ path: /echo/, headers: [["content-type", "application/json"]], body: text });
    let seen: unknown;
    const ask = await start((call) => {
      call.onReply(async (reply) => {
        seen = [reply.status, reply.header("Content-Type"), await reply.json(), await reply.json()];
      });
    });
    const response = await ask("queue.fal.run/fal-ai/echo", { method: "POST", body: "{}" });
    expect(await response.text()).toBe(text);
    const parsed = JSON.parse(text) as unknown;
    expect(seen).toEqual([200, "application/json", parsed, parsed]);
  });

  it("can replace the reply, and hears of the end after it", async () => {
    const order: string[] = [];
    const ask = await start(ended, (call) => {
      call.onReply(async (reply) => {
        await reply.json();
        order.push("reply");
        return refuse("not_found", "There is no such request.");
      });
      call.onEnd(
        (end) => void order.push(`end ${end.outcome} ${end.callerStatus} of ${end.status}`),
      );
    });
    const response = await ask("fal.run/fal-ai/echo", { method: "POST", body: "{}" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
    expect(order).toEqual(["reply", "end refused 404 of 200"]);
    expect(ends).toMatchObject([{ outcome: "refused", sent: true }]);
  });

  it("passes a reply on that is too large to show", async () => {
    emulator.script({
      path: /echo/,
      headers: [["content-type", "application/json"]],
      hugeBytes: 3_000_000,
    });
    let shown: unknown = "not asked";
    const ask = await start(ended, (call) =>
      call.onReply(async (reply) => {
        shown = await reply.json();
      }),
    );
    const response = await ask("fal.run/fal-ai/echo", { method: "POST", body: "{}" });
    expect((await response.arrayBuffer()).byteLength).toBe(3_000_000);
    expect(shown).toBeUndefined();
    await settled();
    expect(ends).toMatchObject([{ outcome: "completed", status: 200, bytes: 3_000_000 }]);
  });

  it("is told exactly once how a call ended, and so is onEvent", async () => {
    const ask = await start(ended);
    const response = await ask("fal.run/fal-ai/echo", {
      method: "POST",
      body: '{"secret":"input"}',
    });
    const { byteLength } = await response.arrayBuffer();
    await settled();
    expect(ends).toEqual([
      {
        outcome: "completed",
        status: 200,
        billableUnits: expect.any(String),
        callerStatus: 200,
        sent: true,
        viaBackup: false,
        bytes: byteLength,
      },
    ]);
    expect(events).toMatchObject([
      {
        type: "ended",
        operation: "run",
        endpoint: "fal-ai/echo",
        billableUnits: expect.any(String),
      },
    ]);
    expect(JSON.stringify(events)).not.toMatch(new RegExp(`${emulator.key}|secret`));
  });

  it("is told that a paid call was sent and its answer lost", async () => {
    emulator.script({ path: /echo/, resetAtByte: 0 });
    const ask = await start(ended);
    const response = await ask("fal.run/fal-ai/echo", { method: "POST", body: "{}" });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "upstream_unknown" });
    await settled();
    expect(ends).toMatchObject([
      { outcome: "upstream_failed", sent: true, status: undefined, callerStatus: 500 },
    ]);
  });

  it("is told that the caller left", async () => {
    emulator.script({ path: /echo/, hugeBytes: 200_000_000 });
    const ask = await start(ended);
    const stop = new AbortController();
    const response = await ask("fal.run/fal-ai/echo", {
      method: "POST",
      body: "{}",
      signal: stop.signal,
    });
    await response.body?.getReader().read();
    stop.abort();
    await settled();
    expect(ends).toMatchObject([{ outcome: "client_gone", sent: true }]);
  });
});
