/** What apps put in front of the proxy on Express, and the forms in which they mount it. */
import { once } from "node:events";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createHandler, route } from "@fal-ai/server-proxy/express";
import cors from "cors";
import express5 from "express";
import express4 from "express4";
import { createEmulator, type Emulator, type RecordedRequest } from "fal-emulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

// Both majors have what these tests use; their types only differ elsewhere.
const majors = [
  ["express 5", express5, `${route}/*splat`],
  ["express 4", express4 as unknown as typeof express5, `${route}/*`],
] as const;

let fal: Emulator;
const servers: Server[] = [];

beforeAll(async () => {
  fal = await createEmulator();
  fal.script({
    path: /^\/middleware\//,
    headers: [
      ["content-type", "application/json"],
      ["vary", "accept"],
    ],
    body: '{"made":true}',
  });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => fal.close());

describe.each(majors)("%s", (_name, express, everythingBelow) => {
  const proxy = () => createHandler({ upstream: fal.url, resolveFalAuth: async () => fal.key });
  type Handler = ReturnType<typeof express.json>;

  async function listen(app: ReturnType<typeof express>): Promise<string> {
    const server = app.listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const behind = (...middleware: Handler[]): Promise<string> => {
    const app = express();
    for (const one of middleware) app.use(one);
    return listen(app.use(route, proxy()));
  };

  const json = '{ "prompt": "a cat", "seed": 1.0 }';
  const picture = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 255]);

  test.each([
    [
      "express.json()",
      () => express.json(),
      "application/json",
      json,
      '{"prompt":"a cat","seed":1}',
    ],
    [
      "express.json() and a gzip body",
      () => express.json(),
      "application/json",
      gzipSync(json),
      '{"prompt":"a cat","seed":1}',
    ],
    ["express.json() and text", () => express.json(), "text/markdown", "a cat", "a cat"],
    ["express.json() and bytes", () => express.json(), "image/png", picture, picture],
    ["express.raw()", () => express.raw({ type: "*/*" }), "application/json", json, json],
    ["express.raw() and bytes", () => express.raw({ type: "*/*" }), "image/png", picture, picture],
    ["express.text()", () => express.text({ type: "*/*" }), "application/json", json, json],
    [
      "express.urlencoded()",
      () => express.urlencoded({ extended: true }),
      "application/json",
      json,
      json,
    ],
  ] as const)("%s: the body arrives", async (_title, middleware, type, sent, wanted) => {
    const headers: Record<string, string> = { "content-type": type };
    if (Buffer.isBuffer(sent)) headers["content-encoding"] = "gzip";
    const { status, call } = await post(await behind(middleware()), { headers, body: sent });
    expect(status).toBe(200);
    expect(Buffer.from(call?.body ?? []).equals(Buffer.from(wanted))).toBe(true);
    expect(call?.headers["content-type"]).toBe(type);
    expect(call?.headers["content-encoding"]).toBeUndefined();
    expect(Number(call?.headers["content-length"])).toBe(Buffer.byteLength(wanted));
  });

  test("a form that express.urlencoded() has read is refused, not sent empty", async () => {
    const url = await behind(express.urlencoded({ extended: true }));
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { status, text, call } = await post(url, { headers, body: "a=1&a=2" });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(text)).toMatchObject({ code: "body_unavailable" });
    expect(call).toBeUndefined();
  });

  test("cors() says who may read, once, and vary names what both depend on", async () => {
    const url = await behind(cors({ origin: "https://app.example", credentials: true }) as Handler);
    const { headers } = await post(url, { headers: { origin: "https://app.example" } });
    expect(headers["access-control-allow-origin"]).toBe("https://app.example");
    expect(headers["access-control-allow-credentials"]).toBe("true");
    const vary = String(headers["vary"]).toLowerCase().split(/,\s*/).sort();
    expect(vary).toEqual(["origin", "x-fal-target-url"]);
  });

  test("a preflight is the business of cors()", async () => {
    const url = await behind(cors({ origin: "https://app.example" }) as Handler);
    const reply = await fetch(url + route, {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-fal-target-url",
      },
    });
    expect(reply.status).toBe(204);
    expect(reply.headers.get("access-control-allow-headers")).toBe("x-fal-target-url");
  });

  test("headers that the app has set stay", async () => {
    const url = await behind((_request, response, next) => {
      response.setHeader("x-app", "1");
      next();
    });
    const { headers } = await post(url);
    expect(headers["x-app"]).toBe("1");
  });

  describe("mounted with", () => {
    const forms = {
      "app.use(route)": () => express().use(route, proxy()),
      "app.all of both paths": () => express().all([route, everythingBelow], proxy()),
      "app.all of each path": () => express().all(route, proxy()).all(everythingBelow, proxy()),
      "app.all and a parser": () =>
        express().all([route, everythingBelow], express.json(), proxy()),
      "a router": () => {
        const router = express.Router();
        router.use("/fal/proxy", proxy());
        return express().use("/api", router);
      },
    };
    test.each(Object.entries(forms))(
      "%s it answers its path and those below",
      async (_form, app) => {
        const url = await listen(app());
        for (const path of ["", "/", "/fal-ai/flux/dev", "?x=1"]) {
          const { status, call } = await post(url, { path: route + path });
          expect([path, status, call?.url]).toEqual([path, 200, "https://fal.run/middleware/test"]);
        }
        const { status } = await post(url, { path: "/api/fal/other" });
        expect(status).toBe(404);
      },
    );
  });
});

interface Post {
  path?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** One POST with its bytes as they are, and what fal received of it. */
async function post(url: string, { path = route, headers = {}, body = "{}" }: Post = {}) {
  const before = fal.requests.length;
  const call = request(url + path, {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-fal-target-url": "https://fal.run/middleware/test",
      ...headers,
    },
  });
  call.end(body);
  const [reply] = await once(call, "response");
  let text = "";
  for await (const chunk of reply) text += chunk;
  const received: RecordedRequest | undefined = fal.requests[before];
  return {
    status: reply.statusCode as number,
    headers: reply.headers as Record<string, string | undefined>,
    text,
    call: received,
  };
}
