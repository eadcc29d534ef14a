/** What a target URL is taken for: the table of operations, and what is no target at all. */
import { describe, expect, it, vi } from "vitest";
import { isRefusal } from "../src/refusal.ts";
import { parseTarget, type Target } from "../src/target.ts";

const target = (method: string, url: string): Target => {
  const parsed = parseTarget(method, url);
  if (isRefusal(parsed)) throw new Error(`${url}: ${parsed.message}`);
  return parsed;
};

type Row = [method: string, url: string, operation: string, names: Partial<Target>];

const rid = "764cabcf-b745-4b3e-ae38-1200304cf45b";
const rows: Row[] = [
  [
    "POST",
    "https://fal.run/fal-ai/flux/dev",
    "run",
    { endpoint: "fal-ai/flux/dev", app: "fal-ai/flux" },
  ],
  ["GET", "https://fal.run/fal-ai/flux?a=1", "run", { endpoint: "fal-ai/flux", search: "?a=1" }],
  ["POST", "https://fal.run/fal-ai/flux/dev/", "run", { endpoint: "fal-ai/flux/dev" }],
  ["POST", "https://fal.run/fal-ai/any-llm/stream", "stream", { endpoint: "fal-ai/any-llm" }],
  ["POST", "https://fal.run/fal-ai/stream", "run", { endpoint: "fal-ai/stream" }],
  [
    "POST",
    "https://fal.run/workflows/me/flow",
    "run",
    { endpoint: "workflows/me/flow", app: "workflows/me/flow" },
  ],
  ["POST", "https://fal.run/comfy/me/flow/stream", "stream", { endpoint: "comfy/me/flow" }],
  ["PUT", "https://fal.run/fal-ai/flux", "other", { endpoint: "fal-ai/flux" }],
  ["POST", "https://fal.run/flux", "other", { endpoint: "flux", app: undefined }],
  [
    "POST",
    "https://queue.fal.run/fal-ai/flux/dev?fal_webhook=x",
    "submit",
    { endpoint: "fal-ai/flux/dev" },
  ],
  ["GET", "https://queue.fal.run/fal-ai/flux/dev", "other", {}],
  [
    "GET",
    `https://queue.fal.run/fal-ai/flux/requests/${rid}/status?logs=1`,
    "status",
    { app: "fal-ai/flux", requestId: rid, endpoint: undefined },
  ],
  [
    "GET",
    `https://queue.fal.run/fal-ai/flux/dev/requests/${rid}/status`,
    "status",
    { app: "fal-ai/flux", requestId: rid },
  ],
  [
    "GET",
    `https://queue.fal.run/fal-ai/flux/requests/${rid}/status/stream`,
    "statusStream",
    { requestId: rid },
  ],
  ["GET", `https://queue.fal.run/fal-ai/flux/requests/${rid}`, "result", { requestId: rid }],
  [
    "GET",
    `https://queue.fal.run/fal-ai/flux/requests/${rid}/response`,
    "result",
    { requestId: rid },
  ],
  [
    "GET",
    `https://queue.fal.run/workflows/me/flow/requests/${rid}/`,
    "result",
    { app: "workflows/me/flow" },
  ],
  ["PUT", `https://queue.fal.run/fal-ai/flux/requests/${rid}/cancel`, "cancel", { requestId: rid }],
  [
    "POST",
    `https://queue.fal.run/fal-ai/flux/requests/${rid}/cancel`,
    "other",
    { requestId: undefined },
  ],
  ["PUT", `https://queue.fal.run/fal-ai/flux/requests/${rid}`, "other", {}],
  ["GET", "https://queue.fal.run/fal-ai/flux/requests", "other", {}],
  [
    "POST",
    "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3",
    "upload",
    { app: undefined },
  ],
  ["POST", "https://rest.fal.ai/storage/upload/initiate-multipart", "upload", {}],
  ["POST", "https://rest.alpha.fal.ai/storage/upload/initiate", "upload", {}],
  ["POST", "https://rest.fal.ai/storage/upload/complete-multipart", "other", {}],
  ["POST", "https://rest.fal.ai/tokens/", "token", {}],
  ["POST", "https://rest.fal.ai/tokens/realtime", "token", {}],
  ["GET", "https://rest.fal.ai/tokens/", "other", {}],
  ["POST", "https://rest.alpha.fal.ai/tokens", "token", {}],
  ["POST", "https://rest.fal.ai/tokens/other", "other", { endpoint: "tokens/other" }],
  ["POST", "https://wma.fal.run/ice", "signal", { endpoint: undefined, app: undefined }],
  ["POST", "https://wma.fal.run/session", "signal", {}],
  ["POST", "https://wma.fal.run/session/heartbeat", "signal", {}],
  ["POST", "https://wma.fal.run/session/other", "other", { endpoint: "session/other" }],
  ["GET", "https://wma.fal.run/ice", "other", {}],
  // An endpoint's own signalling is part of it, as its stream is.
  [
    "POST",
    "https://fal.run/owner/world/ice",
    "signal",
    { endpoint: "owner/world", app: "owner/world" },
  ],
  ["GET", "https://fal.run/owner/world/fast/ice?a=1", "signal", { endpoint: "owner/world/fast" }],
  ["POST", "https://fal.run/owner/ice", "run", { endpoint: "owner/ice" }],
  ["POST", "https://fal.run/workflows/me/ice", "run", { endpoint: "workflows/me/ice" }],
  ["PUT", "https://fal.run/owner/world/ice", "other", { endpoint: "owner/world/ice" }],
  ["POST", "https://queue.fal.run/owner/world/ice", "submit", { endpoint: "owner/world/ice" }],
  ["POST", "https://falrun.com/fal-ai/flux", "run", { endpoint: "fal-ai/flux" }],
  ["POST", "https://example.com/fal-ai/flux", "other", { endpoint: "fal-ai/flux" }],
];

describe("operations", () => {
  it.each(rows)("%s %s is %s", (method, url, operation, names) => {
    expect(target(method, url)).toMatchObject({ operation, ...names });
  });

  it("knows what costs nothing", () => {
    const costs = rows.map(([method, url, operation]) => [operation, target(method, url).paid]);
    expect(Object.fromEntries(costs)).toEqual({
      run: true,
      stream: true,
      submit: true,
      token: true,
      signal: true,
      other: true,
      status: false,
      statusStream: false,
      result: false,
      cancel: false,
      upload: false,
    });
  });

  it.each(["GET", "PUT", "DELETE"])("starts no upload by %s", (method) => {
    for (const host of ["rest.fal.ai", "rest.alpha.fal.ai"]) {
      expect(parseTarget(method, `https://${host}/storage/upload/initiate`)).toMatchObject({
        code: "method_not_allowed",
        headers: { allow: "POST" },
      });
    }
  });

  it.each<[string, boolean]>([
    ["https://fal.run/fal-ai/flux", true],
    ["https://queue.fal.run/fal-ai/flux", true],
    ["https://rest.fal.ai/tokens/realtime", true],
    ["https://api.fal.ai/v1/models/pricing", true],
    ["https://rest.fal.ai/storage/upload/initiate?x=paid", false],
  ])("a POST to %s costs or grants something: %s", (url, paid) => {
    expect(target("POST", url).paid).toBe(paid);
  });

  it("takes a URL without a path for its root", () => {
    expect(target("POST", "https://fal.run")).toMatchObject({
      url: "https://fal.run/",
      path: "/",
      operation: "other",
    });
  });

  it("answers the same for the same text, whatever was asked in between, and nobody can change it", () => {
    const url = "https://fal.run/fal-ai/flux/kept?seed=1";
    const first = target("POST", url);
    expect(() => Object.assign(first, { paid: false })).toThrow(TypeError);
    for (let seed = 0; seed < 600; seed += 1) {
      expect(target("POST", `https://fal.run/fal-ai/flux?seed=${seed}`).search).toBe(
        `?seed=${seed}`,
      );
    }
    expect(target("POST", url)).toEqual(first);
    expect(target("GET", url)).toMatchObject({ operation: "run" });
    expect(target("PUT", url)).toMatchObject({ operation: "other" });
  });

  it("rebuilds the URL from its parts", () => {
    expect(target("POST", "HTTPS://FAL.RUN/fal-ai/flux?x=%20'#frag").url).toBe(
      "https://fal.run/fal-ai/flux?x=%20%27",
    );
  });
});

describe("the length of a target", () => {
  const long = (length: number): string => "https://fal.run/a/b?".padEnd(length, "x");

  it("is at most 8,192 characters", () => {
    expect(parseTarget("POST", long(8192))).toMatchObject({ operation: "run" });
    expect(parseTarget("POST", long(8193))).toEqual(
      expect.objectContaining({
        status: 400,
        code: "invalid_target",
        message: "The x-fal-target-url header is longer than 8192 characters.",
      }),
    );
  });

  it("is judged before anything else about it, so that nothing reads what is too long", () => {
    expect(parseTarget("POST", "\u0000".repeat(8193))).toMatchObject({
      message: expect.stringContaining("is longer than 8192 characters"),
    });
    expect(parseTarget("TRACE", long(8193))).toMatchObject({ code: "method_not_allowed" });
  });
});

describe("memory", () => {
  const url = (name: string | number): string => `https://fal.run/memory/${name}`;

  it("keeps a target, frozen, for the next request", () => {
    const first = parseTarget("POST", url("kept"));
    expect(parseTarget("POST", url("kept"))).toBe(first);
    expect(parseTarget("GET", url("kept"))).not.toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    expect(Object.isFrozen(parseTarget("POST", `${url("long")}?${"x".repeat(4000)}`))).toBe(true);
  });

  it("keeps 256 at most", async () => {
    vi.resetModules();
    const fresh = await import("../src/target.ts");
    const first = fresh.parseTarget("POST", url(0));
    for (let index = 1; index < 256; index += 1) fresh.parseTarget("POST", url(index));
    expect(fresh.parseTarget("POST", url(0))).toBe(first);
    fresh.parseTarget("POST", url(256));
    expect(fresh.parseTarget("POST", url(0))).not.toBe(first);
  });

  it("keeps no long ones and no refusals", () => {
    const around = (length: number): string => `${url("x")}?`.padEnd(length, "x");
    // With its method and a space, 1,024 characters.
    expect(parseTarget("POST", around(1019))).toBe(parseTarget("POST", around(1019)));
    expect(parseTarget("POST", around(1020))).not.toBe(parseTarget("POST", around(1020)));
    expect(parseTarget("POST", "https://fal.run//x")).not.toBe(
      parseTarget("POST", "https://fal.run//x"),
    );
  });
});

describe("hostile lengths", () => {
  // Thousands of targets of the greatest length: a form whose time grew with the square of it would
  // not get through.
  it("are read in one go", { timeout: 60_000 }, () => {
    const units = [
      "a",
      "a/",
      "/",
      "/requests/",
      "requests/a/",
      "/stream",
      "/status",
      "/ice",
      "workflows/",
    ];
    const more = [
      "storage/upload/initiate",
      "%20",
      "%2",
      "%",
      ";",
      ".",
      "..",
      "/.",
      "@",
      ":",
      "?",
      "#",
    ];
    const hosts = ["fal.run", "queue.fal.run", "rest.fal.ai", "wma.fal.run", "a".repeat(200), ""];
    let read = 0;
    for (const unit of [...units, ...more]) {
      for (const host of hosts) {
        for (const method of ["GET", "POST", "PUT", "DELETE"]) {
          for (let index = 0; index < 5; index += 1) {
            const raw = `https://${host}/${"x".repeat(index)}`;
            parseTarget(method, raw + unit.repeat((8192 - raw.length) / unit.length));
            read += 1;
          }
        }
      }
    }
    expect(read).toBe(21 * 6 * 4 * 5);
  });
});

const said = {
  missing: /^The x-fal-target-url header is missing/,
  form: /must be one https:\/\/ URL/,
  host: /must name its host plainly/,
  path: /must have a plain path/,
};

describe("refused targets, and what is said of them", () => {
  it.each<[string, string | undefined, keyof typeof said]>([
    ["nothing", undefined, "missing"],
    ["an empty text", "", "missing"],
    ["a plain scheme", "http://fal.run/fal-ai/flux", "form"],
    ["a scheme that ends alike", "xhttps://fal.run/fal-ai/flux", "form"],
    ["no scheme", "fal.run/fal-ai/flux", "form"],
    ["a relative reference", "//fal.run/fal-ai/flux", "form"],
    ["missing slashes", "https:fal.run/fal-ai/flux", "form"],
    ["too many slashes", "https:///fal.run/fal-ai/flux", "form"],
    ["a user", "https://me@fal.run/fal-ai/flux", "host"],
    ["a user that looks like fal", "https://fal.run@evil.example/fal-ai/flux", "host"],
    ["a port", "https://fal.run:8443/fal-ai/flux", "host"],
    ["the default port", "https://fal.run:443/fal-ai/flux", "host"],
    ["a port that is none", "https://fal.run:99999/fal-ai/flux", "form"],
    ["an encoded host", "https://%66al.run/fal-ai/flux", "host"],
    ["a full-width host", "https://ｆal.run/fal-ai/flux", "form"],
    ["dot segments", "https://fal.run/fal-ai/../evil/app", "path"],
    ["a single dot", "https://fal.run/fal-ai/./flux", "path"],
    ["encoded dot segments", "https://fal.run/fal-ai/%2e%2E/evil/app", "path"],
    ["a mixed dot segment", "https://fal.run/fal-ai/.%2e/evil/app", "path"],
    ["dots that begin a name", "https://fal.run/fal-ai/..flux", "path"],
    ["an encoded slash", "https://fal.run/fal-ai%2fflux", "path"],
    ["an encoded slash after dots", "https://fal.run/fal-ai/..%2f..%2fevil", "path"],
    ["a doubly encoded dot", "https://fal.run/fal-ai/%252e%252e/evil", "path"],
    ["a path parameter", "https://fal.run/fal-ai/flux;v=1", "path"],
    ["an encoded letter", "https://queue.fal.run/fal-ai/flux/request%73/id", "path"],
    ["a broken escape", "https://fal.run/fal-ai/%zz", "path"],
    ["a half escape", "https://fal.run/fal-ai/%2", "path"],
    ["half an escape of a byte that may be escaped", "https://fal.run/fal-ai/%8", "path"],
    ["an escape that ends in no digit", "https://fal.run/fal-ai/%8g", "path"],
    ["an empty segment", "https://fal.run//fal-ai/flux", "path"],
    ["an empty segment inside", "https://fal.run/fal-ai//flux", "path"],
    ["a backslash", "https://fal.run\\@evil.example/fal-ai/flux", "form"],
    ["a space", "https://fal.run/fal-ai/flux dev", "form"],
    ["two joined headers", "https://fal.run/fal-ai/flux, https://fal.run/fal-ai/other", "form"],
    ["a control character", "https://fal.run/fal-ai/flux\u0001", "form"],
    ["no host", "https://", "form"],
    ["a query right behind the host", "https://fal.run?@evil.example/", "form"],
    ["a fragment right behind the host", "https://fal.run#@evil.example/", "form"],
    ["an empty port", "https://fal.run:/fal-ai/flux", "host"],
    ["an empty user", "https://@fal.run/fal-ai/flux", "host"],
    ["DEL", "https://fal.run/fal-ai/flux\u007f", "form"],
  ])("%s", (_what, raw, why) => {
    expect(parseTarget("POST", raw)).toMatchObject({
      kind: "refusal",
      status: 400,
      code: "invalid_target",
      message: expect.stringMatching(said[why]),
    });
  });

  // RFC 3986 §2.3: an encoded unreserved character is another spelling of the same URL. The other
  // ASCII bytes that stay out could be read as structure once they are decoded.
  it("allows an escape only where the byte must be escaped and means nothing else", () => {
    const allowed = [..." !\"#$&'()*+,:<=>?@[]^`{|}"].map((character) => character.charCodeAt(0));
    for (let byte = 0; byte < 256; byte += 1) {
      const escape = byte.toString(16).padStart(2, "0");
      for (const written of [escape, escape.toUpperCase()]) {
        const parsed = parseTarget("POST", `https://fal.run/fal-ai/a%${written}b`);
        const passes = byte >= 0x80 || allowed.includes(byte);
        expect([written, isRefusal(parsed)]).toEqual([written, !passes]);
      }
    }
  });
});

describe("refused methods", () => {
  it.each([
    ["PATCH", "https://fal.run/fal-ai/flux", "GET, POST, PUT, DELETE"],
    ["post", "https://fal.run/fal-ai/flux", "GET, POST, PUT, DELETE"],
    ["GET", "https://rest.fal.ai/storage/upload/initiate", "POST"],
    ["PUT", "https://rest.fal.ai/storage/upload/initiate-multipart/", "POST"],
  ])("%s %s: only %s", (method, url, allow) => {
    expect(parseTarget(method, url)).toMatchObject({
      kind: "refusal",
      status: 405,
      code: "method_not_allowed",
      headers: { allow },
      message: expect.stringContaining(`${allow}, not ${method}`),
    });
  });
});
