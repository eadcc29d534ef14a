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

  it("takes a host alone for its root", () => {
    expect(target("GET", "https://fal.run")).toMatchObject({
      operation: "other",
      url: "https://fal.run/",
      path: "/",
      search: "",
    });
  });

  it("rebuilds the URL from its parts", () => {
    expect(target("POST", "HTTPS://FAL.RUN/fal-ai/flux?x=%20'#frag").url).toBe(
      "https://fal.run/fal-ai/flux?x=%20%27",
    );
  });
});

describe("escapes in a path", () => {
  it("are those of characters that must be escaped", () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    const escape = (byte: number): string => `%${byte.toString(16).padStart(2, "0")}`;
    const needed = (byte: number): boolean =>
      byte >= 0x20 &&
      byte !== 0x7f &&
      !/[\w.~-]/.test(byte < 128 ? String.fromCharCode(byte) : "") &&
      // What some server decodes once more than the rules did.
      !"/\\%;".includes(String.fromCharCode(byte));
    const passes = (byte: number, spelt: string): boolean =>
      !isRefusal(parseTarget("POST", `https://fal.run/owner/${byte}${spelt}`));
    for (const form of [escape, (byte: number): string => escape(byte).toUpperCase()]) {
      expect(bytes.filter((byte) => passes(byte, form(byte)))).toEqual(bytes.filter(needed));
    }
  });
});

describe("what a refusal says", () => {
  it.each<[method: string, url: string | undefined, says: string]>([
    ["PATCH", "https://fal.run/a/b", "The method must be GET, POST, PUT, DELETE, not PATCH."],
    ["POST", undefined, "header is missing: it must hold the fal URL"],
    ["POST", "http://fal.run/a/b", "must be one https:// URL; percent-encode spaces"],
    ["POST", "https://fal.run/a b", "must be one https:// URL; percent-encode spaces"],
    [
      "POST",
      "https://me@fal.run/a/b",
      "must name its host plainly, without user, password or port",
    ],
    [
      "POST",
      "https://fal.run:444/a/b",
      "must name its host plainly, without user, password or port",
    ],
    ["POST", "https://fal.run/a//b", "must have a plain path: no dot segments, none empty"],
  ])("%s %s", (method, url, says) => {
    expect(parseTarget(method, url)).toMatchObject({ message: expect.stringContaining(says) });
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
  // Ten thousand targets of the greatest length: a form whose time grew with the square of it would
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
          for (let index = 0; index < 20; index += 1) {
            const raw = `https://${host}/${"x".repeat(index)}`;
            parseTarget(method, raw + unit.repeat((8192 - raw.length) / unit.length));
            read += 1;
          }
        }
      }
    }
    expect(read).toBe(21 * 6 * 4 * 20);
  });
});

describe("refused targets", () => {
  it.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a plain scheme", "http://fal.run/fal-ai/flux"],
    ["a longer scheme", "xhttps://fal.run/fal-ai/flux"],
    ["no scheme", "fal.run/fal-ai/flux"],
    ["a relative reference", "//fal.run/fal-ai/flux"],
    ["missing slashes", "https:fal.run/fal-ai/flux"],
    ["too many slashes", "https:///fal.run/fal-ai/flux"],
    ["a user", "https://me@fal.run/fal-ai/flux"],
    ["a user that looks like fal", "https://fal.run@evil.example/fal-ai/flux"],
    ["a port", "https://fal.run:8443/fal-ai/flux"],
    ["the default port", "https://fal.run:443/fal-ai/flux"],
    ["an encoded host", "https://%66al.run/fal-ai/flux"],
    ["a full-width host", "https://ｆal.run/fal-ai/flux"],
    ["dot segments", "https://fal.run/fal-ai/../evil/app"],
    ["encoded dot segments", "https://fal.run/fal-ai/%2e%2E/evil/app"],
    ["a mixed dot segment", "https://fal.run/fal-ai/.%2e/evil/app"],
    ["an encoded slash", "https://fal.run/fal-ai%2fflux"],
    ["an encoded slash after dots", "https://fal.run/fal-ai/..%2f..%2fevil"],
    ["a doubly encoded dot", "https://fal.run/fal-ai/%252e%252e/evil"],
    ["a path parameter", "https://fal.run/fal-ai/..;/evil"],
    ["an encoded letter", "https://queue.fal.run/fal-ai/flux/request%73/id"],
    ["a broken escape", "https://fal.run/fal-ai/%zz"],
    ["a half escape", "https://fal.run/fal-ai/%2"],
    ["an empty segment", "https://fal.run//fal-ai/flux"],
    ["a backslash", "https://fal.run\\@evil.example/fal-ai/flux"],
    ["a space", "https://fal.run/fal-ai/flux dev"],
    ["two joined headers", "https://fal.run/fal-ai/flux, https://fal.run/fal-ai/other"],
    ["a control character", "https://fal.run/fal-ai/flux\u0001"],
    ["no host", "https://"],
    ["a query right behind the host", "https://fal.run?@evil.example/"],
    ["a fragment right behind the host", "https://fal.run#@evil.example/"],
    ["an empty port", "https://fal.run:/fal-ai/flux"],
    ["an empty user", "https://@fal.run/fal-ai/flux"],
    ["a dot segment", "https://fal.run/./fal-ai/flux"],
    ["DEL", "https://fal.run/fal-ai/flux\u007f"],
    ["an escape where none may be", "https://fal.run/fal-ai/flux%5c"],
  ])("%s", (_what, raw) => {
    const parsed = parseTarget("POST", raw);
    expect(parsed).toMatchObject({ kind: "refusal", status: 400, code: "invalid_target" });
  });
});
