/** What reaches fal says of a body what is true of it, whoever has put another one in its place (D1, D15). */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import { createRouteHandler } from "../src/adapters/nextjs.ts";
import type { ProxyConfig } from "../src/index.ts";
import { fronts, RUN } from "./support/fronts.ts";
import { startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => void (fal.received.length = 0));
afterAll(() => fal.close());

const options = (more: ProxyConfig = {}): ProxyConfig => ({
  upstream: fal.url,
  resolveFalAuth: () => "id:secret",
  ...more,
});

/** A request as a server makes it, and the same with another body, as an app makes that. */
function edited(
  headers: Record<string, string>,
  sent: Uint8Array | string,
  body: BodyInit,
): Request {
  const length = String(Buffer.byteLength(sent));
  const request = new Request("http://app.example/api/fal/proxy", {
    method: "POST",
    headers: { "x-fal-target-url": `https://${RUN}`, "content-length": length, ...headers },
    body: sent as BodyInit,
  });
  return new Request(request, { body, duplex: "half" } as RequestInit);
}

const json = { "content-type": "application/json" };
const big = (bytes: number): string => JSON.stringify({ image: "x".repeat(bytes) });

/** A stream, as something in front makes that changes bytes on their way. */
const inPieces = (text: string): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async start(control) {
      for (let at = 0; at < text.length; at += 100_000) {
        control.enqueue(new TextEncoder().encode(text.slice(at, at + 100_000)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      control.close();
    },
  });

describe("D1: a body edited in front", () => {
  test.each<[string, string, string]>([
    ["shorter", '{"prompt":"a cat","seed":1}', '{"seed":2}'],
    ["longer", '{"seed":1}', '{"prompt":"a cat","seed":2}'],
    ["much shorter", big(500_000), '{"seed":2}'],
    ["much longer", '{"seed":1}', big(3_000_000)],
    ["shorter, both large", big(2_000_000), big(1_500_000)],
    ["where there was none", "", '{"seed":2}'],
  ])("%s: arrives whole, with its own length", async (_what, sent, body) => {
    for (const handle of [createFetchHandler(options()), createRouteHandler(options()).POST]) {
      fal.received.length = 0;
      const response = await handle(edited(json, sent, body));
      expect(response.status).toBe(200);
      const headers = { "content-length": String(body.length) };
      expect(fal.received).toMatchObject([{ body, headers }]);
    }
  });

  test("without a length, as a handler's own test makes it: the length that it has", async () => {
    const headers = { "x-fal-target-url": `https://${RUN}`, ...json };
    const body = big(300_000);
    const request = new Request("http://app.example/", { method: "POST", headers, body });
    await createFetchHandler(options())(request);
    expect(fal.received[0]?.headers["content-length"]).toBe(String(body.length));
  });

  test.each<[string, string]>([
    ["shorter", big(1_500_000)],
    ["longer", big(3_000_000)],
  ])(
    "streamed and %s than it says: refused for good, and the next call is served",
    async (_what, body) => {
      const handle = createFetchHandler(options());
      const response = await handle(edited(json, big(2_000_000), inPieces(body)));
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({
        code: "body_unavailable",
        message: expect.stringContaining("content-length"),
      });
      for (let call = 0; call < 3; call++) {
        expect((await handle(edited(json, "{}", "{}"))).status).toBe(200);
      }
    },
  );

  test.each(["gzip", "br", "deflate"])(
    "a coding that it no longer has is not sent: %s",
    async (coding) => {
      const headers = { ...json, "content-encoding": coding };
      await createFetchHandler(options())(edited(headers, gzipSync("{}"), '{"seed":2}'));
      expect(fal.received).toMatchObject([{ body: '{"seed":2}' }]);
      expect(fal.received[0]?.headers["content-encoding"]).toBeUndefined();
    },
  );

  test("a guard reads it without the coding that it no longer has", async () => {
    let seen: unknown;
    const handle = createFetchHandler(
      options({ guards: [async (call) => void (seen = await call.inputs())] }),
    );
    await handle(edited({ ...json, "content-encoding": "gzip" }, gzipSync("{}"), '{"seed":2}'));
    expect(seen).toEqual({ seed: 2 });
  });

  test("a coding that it has stays", async () => {
    const body = gzipSync('{"seed":2}');
    const headers = { ...json, "content-encoding": "gzip" };
    await createFetchHandler(options())(edited(headers, gzipSync("{}"), body));
    expect(fal.received[0]?.headers["content-encoding"]).toBe("gzip");
  });

  test("a form goes out under the boundary that it has", async () => {
    const form = new FormData();
    form.set("prompt", "a cat");
    const old = new Response(new FormData());
    const type = old.headers.get("content-type") as string;
    await createFetchHandler(options())(edited({ "content-type": type }, "old", form));
    const [call] = fal.received;
    const [, boundary = ""] = /boundary="?([^";]+)/.exec(call?.headers["content-type"] ?? "") ?? [];
    expect(call?.body.startsWith(`--${boundary}\r\n`)).toBe(true);
    expect(type).not.toContain(boundary);
  });
});

describe.each(fronts)("on the %s front", (_name, open) => {
  test.each([
    ["none", undefined],
    ["fetch's own of a text", "text/plain;charset=UTF-8"],
    ["the same in capitals", "Text/Plain"],
  ])("D15: a type that says nothing becomes JSON: %s", async (_what, type) => {
    const front = await open(options());
    // Bytes, for which fetch says no type.
    const body = new TextEncoder().encode('{"prompt":"a cat"}');
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    expect((await front.ask(RUN, { method: "POST", headers, body })).status).toBe(200);
    expect(fal.received[0]?.headers["content-type"]).toBe("application/json");
    front.close();
  });

  test.each([
    "text/html",
    "text/plain+x",
    "application/json; charset=utf-8",
    "audio/wav",
    "text/event-stream",
  ])("D15: any other passes as it came: %s", async (type) => {
    const front = await open(options());
    await front.ask(RUN, { method: "POST", headers: { "content-type": type }, body: "{}" });
    expect(fal.received[0]?.headers["content-type"]).toBe(type);
    front.close();
  });

  test("D15: where there is no body no type is invented", async () => {
    const front = await open(options());
    await front.ask(RUN, { method: "GET" });
    expect(fal.received[0]?.headers["content-type"]).toBeUndefined();
    front.close();
  });
});
