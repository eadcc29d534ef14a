/** `handleRequest` passes on what it can send unchanged, and refuses the rest (D16). */
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { handleRequest, type ProxyConfig, type RequestBody } from "../src/index.ts";
import { RUN } from "./support/fronts.ts";
import { startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => void (fal.received.length = 0));
afterAll(() => fal.close());

const config = (more: object = {}): ProxyConfig => ({
  upstream: fal.url,
  resolveFalAuth: () => "id:secret",
  ...more,
});

async function handle(body: unknown, options: ProxyConfig = config()): Promise<[number, any]> {
  const headers: Record<string, string> = {
    "x-fal-target-url": `https://${RUN}`,
    "content-type": "application/octet-stream",
  };
  const response = await handleRequest<Response>(
    {
      id: "custom",
      method: "POST",
      getHeaders: () => headers,
      getHeader: (name) => headers[name.toLowerCase()],
      sendHeader: () => {},
      getRequestBody: () => Promise.resolve(body as RequestBody),
      respondWith: (status, data) => Response.json(data, { status }),
      sendResponse: (reply) => Promise.resolve(reply),
    },
    options,
  );
  return [response.status, await response.json()];
}

describe("D16: a body", () => {
  const text = "grüezi 🐈".repeat(20_000);
  const bytes = new TextEncoder().encode(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
  }

  test.each<[string, unknown]>([
    ["text", text],
    ["bytes", bytes],
    ["a Buffer", Buffer.from(bytes)],
    ["an ArrayBuffer", bytes.buffer],
    ["a part of a buffer", new Uint8Array([0, ...bytes, 0]).subarray(1, -1)],
    ["a view", new DataView(bytes.buffer)],
    ["a Blob", new Blob([bytes])],
    ["a web stream", new Blob([bytes]).stream()],
    ["a Node stream", Readable.from(pieces())],
    ["an iterable", pieces()],
  ])("as %s arrives unchanged", async (_kind, body) => {
    expect((await handle(body))[0]).toBe(200);
    expect(fal.received).toHaveLength(1);
    expect(fal.received[0]?.body).toBe(text);
  });

  test("of bytes that are no text arrives unchanged", async () => {
    await handle(Uint8Array.of(0, 255, 254, 128));
    expect(Number(fal.received[0]?.headers["content-length"])).toBe(4);
  });

  test.each<[string, unknown]>([
    ["a plain object", { prompt: "a cat" }],
    ["a number", 7],
    ["a form", new FormData()],
    ["a list", [1]],
    ["a stream of objects", Readable.from([{ prompt: "a cat" }])],
  ])("as %s is refused, and nothing is bought", async (_kind, body) => {
    const [status, answer] = await handle(body);
    expect([status, answer.code]).toEqual([500, "body_unavailable"]);
    expect(answer.message).toContain("JSON is written with JSON.stringify");
    expect(fal.received).toEqual([]);
  });

  test.each([undefined, null, ""])("of %o is none", async (body) => {
    expect((await handle(body))[0]).toBe(200);
    expect(fal.received[0]?.body).toBe("");
  });

  test("that is larger than it may be is refused, streamed or not", async () => {
    for (const body of [bytes, pieces()]) {
      expect(await handle(body, config({ maxBodyBytes: 1000 }))).toMatchObject([
        413,
        { code: "body_too_large" },
      ]);
    }
  });
});

describe("D17: options of fal's next release", () => {
  test("are taken, by handleRequest as well", async () => {
    const options = config({ serviceHosts: ["wma.fal.run"], forwardRequestHeaders: ["x-mine"] });
    expect((await handle("{}", options))[0]).toBe(200);
  });

  test("a misspelt one is told the nearest name", async () => {
    await expect(handle("{}", config({ serviceHost: [] }))).rejects.toThrow(
      'there is no option "serviceHost". Did you mean "serviceHosts"?',
    );
    await expect(handle("{}", config({ zzz: 1 }))).rejects.toThrow(
      'there is no option "zzz". The options are',
    );
  });
});
