/** What a target URL is taken for: the table of operations, and what is no target at all. */
import { describe, expect, it } from "vitest";
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
  ["POST", "https://wma.fal.run/session/heartbeat", "signal", {}],
  ["POST", "https://falrun.com/fal-ai/flux", "run", { endpoint: "fal-ai/flux" }],
  ["POST", "https://example.com/fal-ai/flux", "other", { endpoint: "fal-ai/flux" }],
];

describe("operations", () => {
  it.each(rows)("%s %s is %s", (method, url, operation, names) => {
    expect(target(method, url)).toMatchObject({ operation, ...names });
  });

  it("knows what costs nothing", () => {
    const free = rows.filter(([method, url]) => !target(method, url).paid).map((row) => row[2]);
    expect([...new Set(free)].sort()).toEqual([
      "cancel",
      "result",
      "status",
      "statusStream",
      "upload",
    ]);
  });

  it("rebuilds the URL from its parts", () => {
    expect(target("POST", "HTTPS://FAL.RUN/fal-ai/flux?x=%20'#frag").url).toBe(
      "https://fal.run/fal-ai/flux?x=%20%27",
    );
  });
});

describe("refused targets", () => {
  it.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a plain scheme", "http://fal.run/fal-ai/flux"],
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
  ])("%s", (_what, raw) => {
    const parsed = parseTarget("POST", raw);
    expect(parsed).toMatchObject({ kind: "refusal", status: 400, code: "invalid_target" });
  });
});
