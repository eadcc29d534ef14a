/** What hosts do to bodies on their way, and that the caller still gets, and fal still sees, the whole truth. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { createEmulator, type Emulator, type ScriptRule } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import { createRouteHandler } from "../src/adapters/nextjs.ts";
import { createRequestListener } from "../src/adapters/node.ts";
import type { Guard } from "../src/call.ts";
import { handleRequest } from "../src/handle-request.ts";

const target = "https://fal.run/fal-ai/echo";
let fal: Emulator;

beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

const config = () => ({ resolveFalAuth: async () => fal.key, upstream: fal.url });

function ask(body: BodyInit = "{}", headers: Record<string, string> = {}): Request {
  const all = { "x-fal-target-url": target, "content-type": "application/json", ...headers };
  const init = { method: "POST", headers: all, body, duplex: "half" } as RequestInit;
  return new Request("http://app.example/api/fal/proxy", init);
}

describe.each(["gzip", "br", "deflate"] as const)(
  "a reply in %s that nobody asked for",
  (encoding) => {
    // Small, and too large to be read whole.
    const bodies = ['{"text":"ünïcode"}', JSON.stringify({ text: "ünïcode ".repeat(50_000) })];
    const encoded = (body: string): ScriptRule => ({ path: "/fal-ai/echo", body, encoding });

    it.each(bodies)("is plain where the host drops its header (Next)", async (body) => {
      fal.script(encoded(body));
      const response = await createRouteHandler(config()).POST(
        ask("{}", { "accept-encoding": "br" }),
      );
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(await response.text()).toBe(body);
      expect(fal.requests[0]?.headers["accept-encoding"]).toBeUndefined();
    });

    it.each(bodies)("is plain for a custom adapter", async (body) => {
      fal.script(encoded(body));
      const response = await handleRequest(
        {
          id: "custom",
          method: "POST",
          respondWith: (status, data) => new Response(JSON.stringify(data), { status }),
          getHeaders: () => ({ "x-fal-target-url": target, "accept-encoding": "br" }),
          getHeader: (name) => (name === "x-fal-target-url" ? target : undefined),
          sendHeader: () => {},
          getRequestBody: async () => "{}",
          sendResponse: async (reply) => reply,
        },
        config(),
      );
      expect(await response.text()).toBe(body);
    });

    it.each(bodies)("can be read by a guard, and passes as it came", async (body) => {
      fal.script(encoded(body));
      const seen: unknown[] = [];
      const guard: Guard = (call) => {
        call.onReply(async (reply) => void seen.push(await reply.json()));
      };
      const response = await createFetchHandler({ ...config(), guards: [guard] })(ask());
      expect(response.headers.get("content-encoding")).toBe(encoding);
      const decode = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync }[encoding];
      expect(decode(await response.arrayBuffer()).toString()).toBe(body);
      expect(seen).toEqual([JSON.parse(body)]);
    });
  },
);

describe("a body that the host cut off", () => {
  it.each([100, 200_000])("is refused with a 413: %d bytes too few", async (missing) => {
    const body = new Uint8Array(300_000 - missing);
    const declared = { "content-length": "300000", "content-type": "application/octet-stream" };
    const response = await createRouteHandler(config()).POST(
      ask(new Blob([body]).stream(), declared),
    );
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { code: "body_too_large" },
    ]);
    expect(fal.requests.filter(({ bodyComplete }) => bodyComplete)).toEqual([]);
  });
});

describe("a body that a parser has made text of", () => {
  /** A server whose parser reads every body as UTF-8, as Next's does with what is no JSON. */
  async function serve(): Promise<string> {
    const listener = createRequestListener(config());
    const server = createServer(async (request, response) => {
      const chunks: Uint8Array[] = await request.toArray();
      await listener(Object.assign(request, { body: Buffer.concat(chunks).toString() }), response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const post = async (body: Uint8Array<ArrayBuffer>): Promise<Response> => {
    const headers = { "x-fal-target-url": target, "content-type": "application/octet-stream" };
    return fetch(await serve(), { method: "POST", headers, body });
  };

  it("is sent when it was text", async () => {
    const text = new TextEncoder().encode("plain ünïcode");
    expect((await post(text)).status).toBe(200);
    // Cut-off requests of other tests may still be on their way.
    const sent = fal.requests.find(({ bodyComplete }) => bodyComplete);
    expect(Buffer.from(sent?.body ?? []).toString()).toBe("plain ünïcode");
  });

  it("is refused when it was not", async () => {
    const response = await post(Uint8Array.of(0, 255, 254, 128));
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { code: "body_unavailable" },
    ]);
    expect(fal.requests.filter(({ bodyComplete }) => bodyComplete)).toEqual([]);
  });
});
