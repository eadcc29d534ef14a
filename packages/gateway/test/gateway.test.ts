/** The server behind the page: what it serves, to whom, and what it refuses. */
import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Emulator } from "fal-emulator";
import { createFalClient } from "@fal-ai/client";
import { createGateway, PROXY_PATH, type Gateway } from "fal-gateway";

let gateway: Gateway;
let emulator: Emulator;

beforeAll(async () => {
  gateway = await createGateway({ port: 0, allowedHosts: ["gateway.example"] });
  emulator = gateway.emulator as Emulator;
});
afterAll(() => gateway.close(0));

const get = (path: string, init?: RequestInit) => fetch(gateway.url + path, init);

describe("the page", () => {
  test("is not stored, may run its own script only, and cannot be framed", async () => {
    const page = await get("/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-store");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/img-src 'self' data: blob: .*https:\/\/\*\.fal\.media/);
    expect(policy).toContain(emulator.url);
    expect(policy).not.toContain("unsafe");
  });

  test("loads from files that a browser keeps, and asks again with an ETag", async () => {
    const html = await (await get("/")).text();
    const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(paths).toHaveLength(2);
    for (const path of paths as string[]) {
      const file = await get(path);
      expect(file.headers.get("cache-control")).toContain("immutable");
      expect(file.headers.get("content-type")).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      expect(file.headers.get("x-content-type-options")).toBe("nosniff");
      const etag = file.headers.get("etag") ?? "";
      const again = await get(path, { headers: { "if-none-match": `"other", W/${etag}` } });
      expect(again.status).toBe(304);
    }
  });

  test("answers HEAD without a body and refuses other methods", async () => {
    const head = await get("/", { method: "HEAD" });
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(100);
    expect(await head.text()).toBe("");
    const post = await get("/", { method: "POST" });
    expect(post.status).toBe(405);
    expect(post.headers.get("allow")).toBe("GET, HEAD");
  });

  test.each(["/../package.json", "/..%2fcli.js", "/assets/", "/cli.js", "/index.html/", "//"])(
    "%s is nothing",
    async (path) => {
      expect(await raw({ path })).toMatchObject({ status: 404 });
    },
  );

  test("learns what answers, and no key", async () => {
    const facts = await (await get("/playground.json")).text();
    expect(JSON.parse(facts)).toMatchObject({ proxyUrl: PROXY_PATH, upstream: "emulator" });
    expect(facts).toContain("fal-ai/flux/schnell");
    for (const part of emulator.key.split(":")) expect(facts).not.toContain(part);
  });
});

test("says that it is well", async () => {
  const health = await get("/healthz?verbose");
  expect(await health.json()).toEqual({ status: "ok" });
});

describe("the proxy", () => {
  test("serves fal's client", async () => {
    const proxyUrl = { url: gateway.url + PROXY_PATH, when: "always" as const };
    const client = createFalClient({ proxyUrl });
    const { data } = await client.run("fal-ai/echo", { input: { prompt: "hello" } });
    expect(JSON.stringify(data)).toContain("hello");
  });

  test("uses the operator's key, never the caller's", async () => {
    await post("https://fal.run/fal-ai/echo", { authorization: "Key mine:own" });
    expect(emulator.requests.at(-1)?.headers["authorization"]).toBe(`Key ${emulator.key}`);
  });

  test("does not let a browser choose where results are sent", async () => {
    const before = emulator.requests.length;
    const target = "https://queue.fal.run/fal-ai/echo?fal_webhook=https://evil.example/";
    expect((await post(target)).status).toBeGreaterThanOrEqual(400);
    expect(emulator.requests).toHaveLength(before);
  });

  test("does not answer pages of other origins", async () => {
    const preflight = await get(PROXY_PATH, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("host names", () => {
  test.each([
    ["evil.example", 403],
    ["gateway.example", 200],
    ["localhost", 200],
  ])("%s: %i", async (host, status) => {
    for (const path of ["/", "/healthz", "/playground.json"]) {
      expect(await raw({ path, headers: { host } })).toMatchObject({ status });
    }
  });

  test("a foreign one spends nothing", async () => {
    const before = emulator.requests.length;
    const headers = { host: "evil.example", "x-fal-target-url": "https://fal.run/fal-ai/echo" };
    expect(await raw({ path: PROXY_PATH, method: "POST", headers })).toMatchObject({ status: 403 });
    expect(emulator.requests).toHaveLength(before);
  });
});

describe("starting and closing", () => {
  test("a taken port is an error, and leaves nothing running", async () => {
    const port = Number(new URL(gateway.url).port);
    await expect(createGateway({ port })).rejects.toMatchObject({ code: "EADDRINUSE", port });
  });

  test("a stand-in needs a key that it accepts", async () => {
    await expect(createGateway({ port: 0, upstream: emulator.url })).rejects.toThrow(/FAL_KEY/);
  });

  test("a wrong option of the proxy is named", async () => {
    const proxy = { maxBodyBytes: -1 };
    await expect(createGateway({ port: 0, proxy })).rejects.toThrow(/maxBodyBytes/);
  });

  test("lets a running request end, and takes no more", async () => {
    const other = await createGateway({ port: 0 });
    const answer = fetch(other.url + PROXY_PATH, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-fal-target-url": "https://fal.run/fal-ai/slow",
      },
      body: JSON.stringify({ seconds: 0.6 }),
    });
    while (other.emulator?.requests.length === 0) await new Promise((go) => setTimeout(go, 10));
    const closed = other.close();
    expect(await (await answer).json()).toEqual({ seconds: 0.6 });
    await closed;
    await expect(fetch(`${other.url}/healthz`)).rejects.toThrow();
  });
});

function post(target: string, headers: Record<string, string> = {}): Promise<Response> {
  return get(PROXY_PATH, {
    method: "POST",
    headers: { "x-fal-target-url": target, "content-type": "application/json", ...headers },
    body: '{"prompt":"x"}',
  });
}

/** A request as it is written here: fetch would tidy the path and set the host itself. */
function raw(options: {
  path: string;
  method?: string;
  headers?: Record<string, string>;
}): Promise<{ status: number | undefined }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const call = request({ hostname, port, ...options }, (response) => {
      response.resume().on("end", () => resolve({ status: response.statusCode }));
    });
    call.on("error", reject).end();
  });
}

describe("D10: behind a load balancer", () => {
  /** The first line that a raw request gets, and when its connection ended, in ms; undefined: it is open. */
  async function waiting(url: string, bytes: string, ms: number): Promise<number | undefined> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const began = Date.now();
    let ended: number | undefined;
    socket.on("close", () => (ended = Date.now() - began)).on("error", () => {});
    socket.resume().write(bytes);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const seen = ended;
    socket.destroy();
    return seen;
  }
  const whole = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

  test("an idle connection outlives that of every balancer: 10 minutes and more", async () => {
    expect(await waiting(gateway.url, whole, 7000)).toBeUndefined();
    const head = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
      socket.once("data", (bytes) => {
        resolve(String(bytes));
        socket.destroy();
      });
      socket.write(whole);
    });
    expect(Number(/keep-alive: timeout=(\d+)/i.exec(head)?.[1])).toBeGreaterThan(600);
  }, 15_000);

  test.each([
    ["an idle connection", { keepAliveTimeout: 100 }, whole],
    ["a request that never arrives whole", { requestTimeout: 300 }, "POST / HTTP/1.1\r\n"],
  ])("the limit of %s is an option", async (_, limit, bytes) => {
    const short = await createGateway({ port: 0, ...limit });
    expect(await waiting(short.url, bytes, 3000)).toBeLessThan(3000);
    await short.close(0);
  });
});
