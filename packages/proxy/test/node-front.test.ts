/** The Node front beside its hosts: when its promise settles, and what it asks of response objects. */
import { once } from "node:events";
import { createServer as createHttp2, connect } from "node:http2";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createHandler } from "../src/adapters/express.ts";
import { createRequestListener } from "../src/adapters/node.ts";
import type { ProxyEvent } from "../src/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNodeFront, type NodeContext, type NodeResponse } from "../src/node.ts";
import { RUN } from "./support/fronts.ts";
import { json, raw, startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
const servers: Array<{ close(): unknown }> = [];
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => {
  for (const server of servers) server.close();
  fal.close();
});

const config = () => ({ resolveFalAuth: () => "id:secret", upstream: fal.url });
const ask = (url: string, body = "{}"): Promise<Response> =>
  fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-fal-target-url": `https://${RUN}` },
  });

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/fal/proxy`;
}

it.each([
  ["a listener", () => createRequestListener(config())],
  ["an Express handler", () => createHandler(config())],
])(
  "the promise of %s settles when the answer is over, not when it was asked for",
  async (_what, make) => {
    const handle = make();
    const settled: boolean[] = [];
    const url = await listen(
      createServer(async (request, response) => {
        await handle(request, response);
        settled.push(response.writableEnded);
      }),
    );
    let finish = (): void => {};
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      finish = () => void response.end();
    };
    const reply = await ask(url);
    const reader = reply.body!.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(settled).toEqual([]);
    finish();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(settled).toEqual([true]);
    fal.answer = json({ ok: true });
    await (await ask(url)).text();
    await (await fetch(url)).text();
    expect(settled).toEqual([true, true, true]);
  },
);

describe("a response object that is no http.ServerResponse", () => {
  /** As serverless platforms make them: `write` answers nothing, and little else is there. */
  function serverless() {
    const written: string[] = [];
    let head: [number, Record<string, unknown>] | undefined;
    let done = (): void => {};
    const over = new Promise<void>((resolve) => (done = resolve));
    const response: NodeResponse = {
      writeHead: (status, headers) => void (head = [status, { ...headers }]),
      write: (chunk) => void written.push(Buffer.from(chunk).toString()),
      end(chunk) {
        if (chunk) written.push(Buffer.from(chunk as Uint8Array).toString());
        done();
      },
      on: () => {},
    };
    return { response, over, head: () => head, text: () => written.join("") };
  }
  const request = (extra: object = {}) => ({
    method: "GET",
    headers: { "x-fal-target-url": `https://${RUN}` },
    on: () => {},
    async *[Symbol.asyncIterator]() {},
    ...extra,
  });

  it("whose write answers nothing gets the whole reply", async () => {
    const big = { text: "x".repeat(1_000_000) };
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(big));
    };
    const { response, over, head, text } = serverless();
    await createNodeFront("test", config())(request(), response);
    await over;
    expect(head()?.[0]).toBe(200);
    expect(JSON.parse(text())).toEqual(big);
  });

  it("receives a refusal", async () => {
    const { response, over, head, text } = serverless();
    await createNodeFront("test", config())(request({ headers: {} }), response);
    await over;
    expect(head()?.[0]).toBe(400);
    expect(JSON.parse(text())).toMatchObject({ code: "invalid_target" });
  });

  it("that throws at everything makes no rejection, and a fault is told", async () => {
    const events: ProxyEvent[] = [];
    const throws = (): never => {
      throw new Error("gone");
    };
    const response = {
      writeHead: throws,
      write: throws,
      end: throws,
      on: () => {},
      destroy: throws,
    };
    const front = createNodeFront("test", { ...config(), onEvent: (event) => events.push(event) });
    fal.answer = json({ ok: true });
    await front(request(), response);
    await front(request({ headers: {} }), response);
    expect(events.filter((event) => event.type === "fault").length).toBeGreaterThanOrEqual(2);
    expect(events.filter((event) => event.type === "ended")).toMatchObject([{ outcome: "fault" }]);
  });
});

it("an answer that something in front has made impossible is cut, so that nobody waits for it", async () => {
  const handle = createRequestListener({ ...config(), onEvent: () => {} });
  const url = await listen(
    createServer((request, response) => {
      response.statusMessage = "made for\na browser";
      void handle(request, response);
    }),
  );
  fal.answer = json({ ok: true });
  await expect(ask(url)).rejects.toThrow("fetch failed");
  // A refusal as well as a reply.
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

describe("what a framework knows besides", () => {
  const front = (context: (events: unknown[]) => NodeContext, seen: unknown[] = []) => {
    const handle = createNodeFront("test", {
      ...config(),
      guards: [async (call) => void seen.push([call.native, call.ip, call.env, await call.json()])],
    });
    return listen(
      createServer((request, response) => void handle(request, response, context(seen))),
    );
  };

  it("its context, its address and its bindings reach hooks", async () => {
    fal.answer = json({ ok: true });
    const native = { framework: true };
    const env = { FAL_KEY: "bound" };
    const seen: unknown[] = [];
    const url = await front(() => ({ native, ip: "203.0.113.9", env }), seen);
    await (await ask(url)).text();
    expect(seen).toEqual([[native, "203.0.113.9", env, {}]]);
  });

  it("the body that its parser has made is sent", async () => {
    const handle = createNodeFront("test", config());
    const url = await listen(
      createServer(async (request, response) => {
        const text = Buffer.concat(await request.toArray()).toString();
        await handle(request, response, { body: JSON.parse(text) });
      }),
    );
    fal.received.length = 0;
    await (await ask(url, '{ "a" : 1 }')).text();
    expect(fal.received[0]?.body).toBe('{"a":1}');
  });

  it("headers of its own reply are carried over, but for those of a body", async () => {
    fal.answer = json({ ok: true });
    const url = await front(() => ({
      headers: {
        "X-App": "1",
        vary: "origin",
        "set-cookie": ["a=1", "b=2"],
        "content-length": 7,
        "content-type": "text/plain",
        "x-nothing": undefined,
      },
    }));
    const { headers } = await ask(url);
    expect(headers.get("x-app")).toBe("1");
    expect(headers.get("vary")).toBe("origin, x-fal-target-url");
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("x-nothing")).toBeNull();
  });
});

describe("over HTTP/2", () => {
  async function session() {
    const server = createHttp2(createRequestListener(config())).listen(0, "127.0.0.1");
    await once(server, "listening");
    const caller = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    servers.push({ close: () => (caller.destroy(), server.close()) });
    return () => {
      const stream = caller.request({ ":path": "/", "x-fal-target-url": `https://${RUN}` });
      stream.on("error", () => {});
      return stream;
    };
  }

  it("a reply that fal cuts is a stream error, with a length and without one", async () => {
    const open = await session();
    for (const head of ["content-length: 50", "transfer-encoding: chunked"]) {
      const body = head.startsWith("t") ? "5\r\nhello\r\n" : "hello";
      fal.answer = raw(`HTTP/1.1 200 OK\ncontent-type: text/plain\n${head}\n\n${body}`);
      const stream = open();
      stream.resume();
      await new Promise((resolve) => stream.on("close", resolve));
      expect([head, stream.rstCode]).toEqual([head, 2]);
    }
  });

  it("repeated and connection-specific fields of fal make no trouble", async () => {
    const open = await session();
    fal.answer = raw(
      "HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-type: text/html\nconnection: x-hop\nx-hop: 1\nkeep-alive: timeout=5\nretry-after: 1\nretry-after: 2\ncontent-length: 2\n\nok",
    );
    const stream = open();
    const [headers] = await once(stream, "response");
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect([headers[":status"], headers["content-type"], headers["retry-after"], text]).toEqual([
      200,
      "text/plain",
      "1",
      "ok",
    ]);
  });
});
