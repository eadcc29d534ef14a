/** What passes between caller and fal: the two lists, location, and what is written around every answer. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { ProxyConfig } from "../src/index.ts";
import { mayBeListed, mayBeRelayed } from "../src/headers.ts";
import { fronts, RUN, type Front } from "./support/fronts.ts";
import { json, startWildFal, type WildFal } from "./support/wild-fal.ts";

const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";
const SECRET = KEY.split(":")[1] as string;

/** Names that fal documents for its callers, or that its clients send (platform facts, 8.1). */
const TO_FAL = [
  "accept",
  "accept-language",
  "content-type",
  "user-agent",
  "x-app-fal-disable-fallback",
  "x-fal-disable-fallbacks",
  "x-fal-file-name",
  "x-fal-no-retry",
  "x-fal-object-lifecycle",
  "x-fal-object-lifecycle-preference",
  "x-fal-queue-priority",
  "x-fal-request-start-timeout",
  "x-fal-request-timeout",
  "x-fal-retry-config",
  "x-fal-runner-hint",
  "x-fal-store-io",
  "x-fal-tags",
  "x-fal-user-agent",
];

const NOT_TO_FAL = [
  "authorization",
  "cookie",
  "forwarded",
  "origin",
  "referer",
  "x-forwarded-for",
  "x-real-ip",
  "x-app-fal-can-disable-filter",
  "x-app-fal-other",
  "x-fal-caller-user-id",
  "x-fal-cdn-token",
  "x-fal-client-proxy",
  "x-fal-invented",
  "x-fal-request-id",
  "x-fal-runner-health-check",
  "x-fal-target-url",
  "x-fal-user-id",
  "x-custom",
  "idempotency-key",
];

const FROM_FAL = [
  "accept-ranges",
  "content-language",
  "content-range",
  "content-type",
  "ratelimit",
  "ratelimit-limit",
  "ratelimit-policy",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "x-fal-billable-units",
  "x-fal-error-type",
  "x-fal-needs-retry",
  "x-fal-not-yet-invented",
  "x-fal-request-id",
  "x-fal-request-timeout-type",
  "x-fal-served-from",
];

/** Names that would speak for the app's origin, its connection, its CDN or its web server. */
const NOT_FROM_FAL = `
  access-control-allow-origin accept-ch alt-svc alt-used cdn-cache-control cdn-loop
  cf-cache-status clear-site-data content-disposition content-location
  content-security-policy-report-only critical-ch cloudflare-cdn-cache-control
  cross-origin-embedder-policy cross-origin-opener-policy document-policy edge-control
  expect-ct fastly-debug from link netlify-cdn-cache-control netlify-vary nel
  origin-agent-cluster origin-trial permissions-policy pragma proxy-status public-key-pins
  refresh report-to reporting-endpoints server server-timing service-worker-allowed
  set-cookie set-cookie2 set-login sourcemap x-sourcemap speculation-rules
  strict-transport-security supports-loading-mode surrogate-control surrogate-key
  cache-tag edge-cache-tag timing-allow-origin tk use-as-dictionary
  vercel-cdn-cache-control via warning www-authenticate x-accel-expires x-accel-redirect
  x-cache x-content-duration x-frame-options x-litespeed-cache-control
  x-lighttpd-send-file x-middleware-next x-middleware-override-headers
  x-middleware-rewrite x-middleware-set-cookie x-nextjs-redirect
  x-permitted-cross-domain-policies x-pingback x-powered-by x-reproxy-url x-robots-tag
  x-sendfile x-vercel-cache x-xss-protection x-invented x-fal-cdn-token
  x-fal-session-token x-fal-api-key x-falsy not-x-fal-request-id last-modified expires
  etag age
`
  .trim()
  .split(/\s+/);

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => fal.close());

describe.each(fronts)("on the %s front", (_name, open) => {
  let front: Front;
  const start = async (config: ProxyConfig = {}): Promise<void> => {
    fal.received.length = 0;
    front = await open({ resolveFalAuth: () => KEY, upstream: fal.url, ...config });
  };
  afterEach(() => {
    front.close();
    fal.answer = json({ ok: true });
  });
  const post = (headers: Record<string, string> = {}): Promise<Response> =>
    front.ask(RUN, { method: "POST", body: "{}", headers });

  it.each(TO_FAL)("%s reaches fal", async (name) => {
    await start();
    await (await post({ [name]: "conformance" })).text();
    expect(fal.received[0]?.headers[name]).toBe("conformance");
  });

  it.each(NOT_TO_FAL.filter((name) => name !== "x-fal-target-url"))("%s does not", async (name) => {
    await start();
    await (await post({ [name]: "conformance" })).text();
    expect(fal.received[0]?.headers[name] ?? "").not.toContain("conformance");
    expect(fal.received[0]?.headers["x-fal-target-url"]).toBeUndefined();
  });

  it.each([
    ["gzip, deflate, br, zstd", "gzip, deflate, br"],
    ["zstd", undefined],
    ["zstd;q=1, gzip;q=0.5", "gzip;q=0.5"],
    ["br", "br"],
  ])("of the codings %s fal is asked for %s, which a guard can read", async (accepted, wanted) => {
    // The web front's upstream is the same here: undici.
    await start();
    await (await post({ "accept-encoding": accepted })).arrayBuffer();
    expect(fal.received[0]?.headers["accept-encoding"]?.trim()).toBe(wanted);
  });

  it("forwardRequestHeaders adds names, dropRequestHeaders leaves some out", async () => {
    await start({
      forwardRequestHeaders: ["X-Fal-Invented", "idempotency-key"],
      dropRequestHeaders: ["X-Fal-Queue-Priority", "accept"],
    });
    const names = [
      "x-fal-invented",
      "idempotency-key",
      "x-fal-queue-priority",
      "accept",
      "x-custom",
    ];
    await (await post(Object.fromEntries(names.map((name) => [name, "conformance"])))).text();
    const { headers } = fal.received[0]!;
    expect(names.map((name) => headers[name])).toEqual([
      "conformance",
      "conformance",
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each(FROM_FAL)("%s reaches the caller", async (name) => {
    await start();
    fal.answer = json({}, 200, { [name]: "conformance" });
    expect((await post()).headers.get(name)).toBe("conformance");
  });

  it.each(NOT_FROM_FAL)("%s of fal's does not", async (name) => {
    await start();
    fal.answer = json({}, 200, { [name]: "conformance" });
    expect((await post()).headers.get(name) ?? "").not.toContain("conformance");
  });

  it("forwardResponseHeaders adds names", async () => {
    await start({ forwardResponseHeaders: ["Content-Disposition"] });
    fal.answer = json({}, 200, { "content-disposition": "attachment", "x-other": "1" });
    const { headers } = await post();
    expect([headers.get("content-disposition"), headers.get("x-other")]).toEqual([
      "attachment",
      null,
    ]);
  });

  it.each([
    ["https://queue.fal.run/a/b/requests/r", "https://queue.fal.run/a/b/requests/r"],
    ["https://v3.fal.media/files/b/x.png", "https://v3.fal.media/files/b/x.png"],
    ["/fal-ai/other", "https://fal.run/fal-ai/other"],
    ["next?page=2", "https://fal.run/fal-ai/any/next?page=2"],
    ["/api/admin/delete", "https://fal.run/api/admin/delete"],
    ["//evil.example/x", null],
    ["https://evil.example/x", null],
    ["https://fal.run.evil.example/", null],
    ["https://notfal.run/", null],
    ["https://fal.run@evil.example/", null],
    ["https://user:pass@fal.run/", null],
    ["https://fal.run:8443/", null],
    ["http://fal.run/x", null],
    ["javascript:alert(1)", null],
    ["\\\\evil.example\\x", null],
    ["/\\evil.example", null],
    ["https://", null],
    [`https://fal.run/x?key=${SECRET}`, null],
  ])("a location of %s becomes %s", async (location, wanted) => {
    await start();
    fal.answer = json({}, 307, { location });
    const reply = await front.ask(RUN, { method: "POST", body: "{}", redirect: "manual" });
    expect([reply.status, reply.headers.get("location")]).toEqual([307, wanted]);
  });

  it.each([
    ["the whole key", KEY],
    ["its secret half", SECRET],
    ["it with its scheme", `Key ${KEY}`],
    ["it inside a text", `denied for ${KEY}, sorry`],
  ])("a header in which fal repeats %s is dropped", async (_what, value) => {
    await start();
    fal.answer = json({}, 401, { "x-fal-error-type": value, "x-fal-request-id": "r-1" });
    const reply = await post();
    expect(JSON.stringify([...reply.headers])).not.toContain(SECRET);
    expect(reply.headers.get("x-fal-request-id")).toBe("r-1");
  });

  it("nor is one whose name repeats the key", async () => {
    await start();
    fal.answer = json({}, 401, { [`x-fal-no-${SECRET}`]: "1", "x-fal-request-id": "r-1" });
    const reply = await post();
    expect(JSON.stringify([...reply.headers])).not.toContain(SECRET);
    expect(reply.headers.get("x-fal-request-id")).toBe("r-1");
  });

  it("a short key does not make other headers disappear", async () => {
    await start({ resolveFalAuth: () => "id:s" });
    fal.answer = json({}, 200, { "x-fal-request-id": "this is it" });
    expect((await post()).headers.get("x-fal-request-id")).toBe("this is it");
  });

  it("what is answered is not cached, sniffed, run or embedded", async () => {
    await start();
    fal.answer = (response) => {
      response.setHeader("content-security-policy", "script-src *");
      response.writeHead(200, { "content-type": "text/html", "cache-control": "public" });
      response.end("<script>alert(1)</script>");
    };
    for (const reply of [await post(), await front.ask("evil.example/", { method: "POST" })]) {
      expect(Object.fromEntries(reply.headers)).toMatchObject({
        "cache-control": "no-store, no-transform",
        vary: "x-fal-target-url",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
      });
    }
  });
});

it("the headers that fal's client and this proxy write are not mentioned", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const [, open] = fronts[1]!;
  const front = await open({ resolveFalAuth: () => KEY, upstream: fal.url });
  warn.mockClear();
  await front.ask(RUN, { headers: { "x-fal-client-proxy": "x" } });
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it("a dropped x-fal-* name is said once, in development, and no more than twenty of them", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { resolveConfig } = await import("../src/config.ts");
  const development = resolveConfig({});
  warn.mockClear();
  for (let count = 0; count < 30; count += 1) {
    for (const _twice of [1, 2]) development.mention(`x-fal-new-${count}`);
  }
  expect(warn).toHaveBeenCalledTimes(20);
  expect(warn.mock.calls[0]).toEqual([
    "fal proxy: the request header x-fal-new-0 is not sent to fal; the option forwardRequestHeaders adds it.",
  ]);
  vi.stubEnv("NODE_ENV", "production");
  warn.mockClear();
  resolveConfig({}).mention("x-fal-in-production");
  expect(warn).not.toHaveBeenCalled();
  vi.unstubAllEnvs();
  warn.mockRestore();
});

it.each([
  "access-control-allow-origin",
  "authorization",
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-fal-client-proxy",
  "x-fal-target-url",
  "a b",
  "a:b",
  "é",
  "",
])("%j cannot be listed by an option", (name) => {
  expect(mayBeListed(name)).toBe(false);
});

it.each(["x-fal-new", "idempotency-key", "content-disposition", "constructor", "texture"])(
  "%j can",
  (name) => {
    expect(mayBeListed(name)).toBe(true);
  },
);

it.each([
  "access-control-allow-origin",
  "cache-control",
  "content-security-policy",
  "cross-origin-resource-policy",
  "vary",
  "x-content-type-options",
  "connection",
])("%s of fal's cannot take the place of the proxy's own", (name) => {
  expect(mayBeRelayed(name)).toBe(false);
});

it("a further header of fal's can be let through", () => {
  expect(mayBeRelayed("content-disposition")).toBe(true);
});
