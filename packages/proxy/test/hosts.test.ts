/** What hosts do to bodies on their way, and that the caller still gets, and fal still sees, the whole truth. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { createEmulator, type Emulator, type ScriptRule } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createHandler } from "../src/adapters/express.ts";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import { createPageRouterHandler, createRouteHandler } from "../src/adapters/nextjs.ts";
import { createRequestListener } from "../src/adapters/node.ts";
import { createProxy } from "../src/adapters/remix.ts";
import { createRequestHandler } from "../src/adapters/svelte.ts";
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

describe("a host that puts everything into one argument", () => {
  it("Cloudflare Pages: onRequest has the key in its bindings, and a waitUntil of its own", async () => {
    const waited: unknown[] = [];
    let native: unknown;
    const onRequest = createFetchHandler({
      guards: [
        (call) => {
          native = call.native;
          call.onEnd(async () => {});
        },
      ],
    });
    const context = {
      request: ask(),
      env: { FAL_KEY: fal.key, FAL_PROXY_UPSTREAM: fal.url },
      waitUntil: (work: Promise<unknown>) => void waited.push(work),
    };
    const response = await onRequest(context);
    expect(response.status).toBe(200);
    await response.text();
    await onRequest.drain();
    expect(native).toBe(context);
    expect(waited).toHaveLength(1);
    expect(fal.requests).toHaveLength(1);
  });

  it("Astro: a context whose request is all that is used", async () => {
    const response = await createFetchHandler(config())({ request: ask() });
    expect([response.status, await response.json()]).toMatchObject([200, {}]);
  });
});

describe("a handler that is given something else says so, and does not reject", () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  afterAll(() => printed.mockRestore());
  const give = (handler: unknown) => (given: unknown) =>
    (handler as (given: unknown) => Promise<Response>)(given);

  it.each<[string, (given: unknown) => Promise<Response>, unknown]>([
    ["fetch", give(createFetchHandler()), undefined],
    ["fetch", give(createFetchHandler()), null],
    ["fetch", give(createFetchHandler()), { request: { method: "POST", headers: {} } }],
    ["nextjs", give(createRouteHandler().POST), { method: "POST", headers: {} }],
    ["svelte", give(createRequestHandler().POST), {}],
    ["remix", give(createProxy().action), {}],
  ])("%s", async (adapter, handler, given) => {
    printed.mockClear();
    const response = await handler(given);
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { code: "internal_error" },
    ]);
    expect(String(printed.mock.lastCall)).toContain(`Its ${adapter} handler takes a Request`);
    expect(fal.requests).toEqual([]);
  });
});

it("a Node handler that is given no response has nobody to answer, and says what to use", async () => {
  const handlers = [createRequestListener(), createHandler(), createPageRouterHandler()];
  for (const handler of handlers as ((...given: unknown[]) => unknown)[]) {
    await expect(handler(ask())).rejects.toThrow("was given a Request: use the adapter");
    await expect(handler()).rejects.toThrow("takes Node's request and response");
  }
});
