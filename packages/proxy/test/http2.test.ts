/** The Node listener behind HTTP/2, where neither framing headers nor reason phrases exist. */
import { once } from "node:events";
import { connect, createServer, type ClientHttp2Session, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, expect, test } from "vitest";

let fal: Emulator;
let server: Http2Server;
let caller: ClientHttp2Session;

beforeAll(async () => {
  fal = await createEmulator();
  const listener = createRequestListener({
    upstream: fal.url,
    resolveFalAuth: async () => fal.key,
  });
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  caller = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(async () => {
  caller.close();
  server.close();
  await fal.close();
});

const open = (target: string, body: string) => {
  const stream = caller.request({
    ":method": "POST",
    ":path": "/api/fal/proxy",
    "content-type": "application/json",
    "x-fal-target-url": target,
  });
  stream.end(body);
  return stream;
};

test("relays a call whose length nobody declared, and fal's reply to it", async () => {
  fal.script({
    path: "/http2/echo",
    status: 422,
    headers: [["x-fal-request-id", "r-1"]],
    body: "no",
  });
  const stream = open("https://fal.run/http2/echo", '{"prompt":"a cat"}');
  const [headers] = await once(stream, "response");
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  expect([headers[":status"], headers["x-fal-request-id"], text]).toEqual([422, "r-1", "no"]);
  expect(new TextDecoder().decode(fal.requests.at(-1)?.body)).toBe('{"prompt":"a cat"}');
});

test("streams, and stops fal when the caller resets the stream", async () => {
  fal.script({
    path: "/http2/events/stream",
    headers: [["content-type", "text/event-stream"]],
    body: "data: 1\n\n".repeat(1000),
    chunks: { size: 9, everyMs: 20 },
  });
  const stream = open("https://fal.run/http2/events/stream", "{}");
  const [first] = await once(stream, "data");
  expect(String(first)).toMatch(/^data: 1\n\n/);
  stream.close();
  const call = fal.requests.at(-1);
  await call?.closed;
  expect(call?.aborted).toBe(true);
});
