/** The decision, without a socket: the order of its steps, the two allowlists, who pays. */
import { describe, expect, it } from "vitest";
import { bufferedBody } from "../src/body.ts";
import { resolveConfig } from "../src/config.ts";
import { decide, type Decision } from "../src/decide.ts";
import type { ProxyConfig } from "../src/options.ts";
import { OpenCall } from "../src/open-call.ts";

interface Ask {
  method?: string;
  target?: string;
  headers?: Record<string, string>;
  body?: string;
  env?: Record<string, string>;
}

const FLUX = "https://fal.run/fal-ai/flux/dev";
const rid = "764cabcf-b745-4b3e-ae38-1200304cf45b";

function ask(config: ProxyConfig, asked: Ask = {}): Promise<Decision> {
  const given = { "x-fal-target-url": asked.target ?? FLUX, ...asked.headers };
  const headers = new Map(Object.entries(given));
  const call = new OpenCall({
    config: resolveConfig(config),
    id: "test",
    method: asked.method ?? "POST",
    header: (name) => headers.get(name),
    headers: () => headers,
    body:
      asked.body === undefined
        ? undefined
        : bufferedBody(new TextEncoder().encode(asked.body), 1000),
    ip: "203.0.113.9",
    native: undefined,
    env: asked.env ?? { FAL_KEY: "id:secret" },
    keepsCoding: true,
    waitUntil: undefined,
    background: new Set(),
    adapterKey: undefined,
  });
  return decide(call);
}

const code = async (config: ProxyConfig, asked?: Ask): Promise<string> => {
  const decision = await ask(config, asked);
  return decision.kind === "refusal" ? decision.code : decision.kind;
};

describe("allowed URLs", () => {
  it.each([
    ["POST", "https://queue.fal.run/fal-ai/flux", "plan"],
    ["POST", "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3", "plan"],
    [
      "POST",
      "https://rest.fal.ai/storage/upload/initiate-multipart?storage_type=fal-cdn-v3",
      "plan",
    ],
    ["POST", "https://rest.fal.ai/tokens/", "target_not_allowed"],
    ["GET", "https://api.fal.ai/v1/models", "target_not_allowed"],
    ["POST", "https://evil.example/fal-ai/flux", "target_not_allowed"],
  ])("by default, %s %s: %s", async (method, target, wanted) => {
    expect(await code({}, { method, target })).toBe(wanted);
  });

  it("never lets the key leave for a host that is not fal's", async () => {
    const config = { allowedUrlPatterns: ["**"] };
    expect(await code(config, { target: "https://evil.example/a/b" })).toBe("target_not_allowed");
    expect(await code(config, { target: "https://notfal.run/a/b" })).toBe("target_not_allowed");
    expect(await code(config, { target: "https://fal.dev/a/b" })).toBe("plan");
  });

  it("opens the platform API only by name", async () => {
    const target = "https://api.fal.ai/v1/models";
    expect(await code({ allowedUrlPatterns: ["*.fal.ai/**"] }, { method: "GET", target })).toBe(
      "target_not_allowed",
    );
    expect(await code({ allowedUrlPatterns: ["api.fal.ai/**"] }, { method: "GET", target })).toBe(
      "plan",
    );
  });
});

describe("allowed endpoints", () => {
  const queue = (app: string, rest = ""): string =>
    `https://queue.fal.run/${app}/requests/${rid}${rest}`;

  it.each<[string, string[], string, string, boolean]>([
    ["a listed endpoint", ["fal-ai/flux/dev"], "POST", FLUX, true],
    ["its run by GET", ["fal-ai/flux/dev"], "GET", `${FLUX}?prompt=x`, true],
    ["its stream", ["fal-ai/flux/dev"], "POST", `${FLUX}/stream`, true],
    [
      "a stream listed as such",
      ["fal-ai/any-llm/stream"],
      "POST",
      "https://fal.run/fal-ai/any-llm/stream",
      true,
    ],
    ["a longer id", ["fal-ai/flux/dev"], "POST", `${FLUX}/image-to-image`, false],
    [
      "an id that begins alike",
      ["fal-ai/flux/dev"],
      "POST",
      "https://fal.run/fal-ai/flux/dev2",
      false,
    ],
    [
      "another endpoint by GET",
      ["fal-ai/flux/dev"],
      "GET",
      "https://fal.run/fal-ai/veo3?prompt=x",
      false,
    ],
    ["everything below", ["fal-ai/flux/**"], "POST", `${FLUX}/image-to-image`, true],
    ["a trailing slash", ["fal-ai/flux/dev"], "POST", `${FLUX}/`, true],
    ["status of its app", ["fal-ai/flux/dev"], "GET", queue("fal-ai/flux", "/status"), true],
    [
      "status under the full id",
      ["fal-ai/flux/dev"],
      "GET",
      queue("fal-ai/flux/dev", "/status"),
      true,
    ],
    ["cancel in its app", ["fal-ai/flux/dev"], "PUT", queue("fal-ai/flux", "/cancel"), true],
    ["result of another app", ["fal-ai/flux/dev"], "GET", queue("fal-ai/veo3"), false],
    ["result, pattern over owners", ["**/dev"], "GET", queue("fal-ai/flux"), true],
    ["result, pattern with braces", ["fal-ai/{flux/dev,sdxl}"], "GET", queue("fal-ai/flux"), true],
    ["result, braces elsewhere", ["fal-ai/{flux/dev,sdxl}"], "GET", queue("fal-ai/veo3"), false],
    ["result, wildcard app", ["fal-ai/flu*/**"], "GET", queue("fal-ai/flux"), true],
    ["a workflow", ["workflows/me/flow"], "GET", queue("workflows/me/flow", "/status"), true],
    [
      "another workflow",
      ["workflows/me/flow"],
      "GET",
      queue("workflows/me/other", "/status"),
      false,
    ],
    [
      "a path of the queue that is no operation",
      ["fal-ai/flux/dev"],
      "GET",
      "https://queue.fal.run/fal-ai/veo3/requests",
      false,
    ],
    ["an upload", ["fal-ai/flux/dev"], "POST", "https://rest.fal.ai/storage/upload/initiate", true],
  ])("%s", async (_what, allowedEndpoints, method, target, allowed) => {
    expect(await code({ allowedEndpoints }, { method, target })).toBe(
      allowed ? "plan" : "endpoint_not_allowed",
    );
  });

  it("is one rule for all hosts", async () => {
    const config = { allowedUrlPatterns: ["fal.ai/**"], allowedEndpoints: ["my-app/one"] };
    expect(await code(config, { target: "https://fal.ai/my-app/one" })).toBe("plan");
    expect(await code(config, { target: "https://fal.ai/my-app/two" })).toBe(
      "endpoint_not_allowed",
    );
  });

  it.each([
    ['{"allowed_apps":["exact"],"token_expiration":120}', "plan"],
    ['{"allowed_apps":["fal-ai/flux/dev/realtime"],"duration":120}', "plan"],
    ['{"allowed_apps":["exact","veo3"]}', "endpoint_not_allowed"],
    ['{"allowed_apps":["exact"],"app":"fal-ai/veo3"}', "endpoint_not_allowed"],
    ['{"allowed_apps":[]}', "endpoint_not_allowed"],
    ['{"allowed_apps":"exact"}', "endpoint_not_allowed"],
    ['{"allowed_apps":["veo3"],"allowed_apps":["exact"]}', "input_not_allowed"],
    ['{ "allowed_apps" : [ "exact" ] }', "plan"],
    ['{"allowed_apps":["fal-ai\\/flux\\/dev"]}', "plan"],
    ['{"allowed_apps":[7]}', "endpoint_not_allowed"],
    ["{}", "endpoint_not_allowed"],
    ["not json", "input_not_allowed"],
  ])("judges the apps of a token: %s", async (body, wanted) => {
    const config = {
      allowedUrlPatterns: ["rest.fal.ai/tokens/**"],
      allowedEndpoints: ["fal-ai/flux/dev", "conformance/exact"],
    };
    const target = "https://rest.fal.ai/tokens/";
    expect(await code(config, { target, body })).toBe(wanted);
  });
});

describe("who pays", () => {
  const authorization = async (config: ProxyConfig, asked?: Ask): Promise<string> => {
    const decision = await ask(config, asked);
    if (decision.kind === "plan") return decision.headers["authorization"] as string;
    return decision.kind === "refusal" ? decision.code : "";
  };
  const own = { headers: { authorization: "Key theirs:secret" } };
  const session = { headers: { authorization: "Bearer app-session" } };

  it.each<[string, ProxyConfig, Ask, string]>([
    ["open, nothing sent", {}, {}, "Key id:secret"],
    ["open, an app session", {}, session, "Key id:secret"],
    ["open, a key of one's own", {}, own, "Key theirs:secret"],
    ["locked, nothing sent", { allowUnauthorizedRequests: false }, {}, "unauthenticated"],
    [
      "locked, an empty header",
      { allowUnauthorizedRequests: false },
      { headers: { authorization: "" } },
      "unauthenticated",
    ],
    [
      "locked, an invented session",
      { allowUnauthorizedRequests: false },
      session,
      "unauthenticated",
    ],
    ["locked, a key of one's own", { allowUnauthorizedRequests: false }, own, "Key theirs:secret"],
    [
      "locked, a key of one's own refused",
      { allowUnauthorizedRequests: false, callerKeys: "refuse" },
      own,
      "unauthenticated",
    ],
    ["open, a key of one's own refused", { callerKeys: "refuse" }, own, "Key id:secret"],
    ["the app says yes", { isAuthenticated: async () => true }, session, "Key id:secret"],
    ["the app says yes to a key", { isAuthenticated: async () => true }, own, "Key id:secret"],
    ["the app names a user", { isAuthenticated: () => ({ id: "u1" }) }, {}, "Key id:secret"],
    ["the app says no", { isAuthenticated: async () => false }, own, "unauthenticated"],
    [
      "the app says no, but serves strangers",
      { isAuthenticated: async () => false, allowUnauthorizedRequests: true },
      {},
      "Key id:secret",
    ],
    [
      "both, declared",
      { isAuthenticated: async () => true, callerKeys: "accept" },
      own,
      "Key theirs:secret",
    ],
    ["resolveFalAuth without a scheme", { resolveFalAuth: async () => "a:b" }, {}, "Key a:b"],
    ["resolveFalAuth with one", { resolveFalAuth: async () => "Key a:b" }, {}, "Key a:b"],
    [
      "resolveFalAuth with a login token",
      { resolveFalAuth: async () => "Bearer jwt" },
      {},
      "Bearer jwt",
    ],
    [
      "resolveFalAuth without an answer",
      { resolveFalAuth: async () => undefined },
      {},
      "no_credentials",
    ],
    ["a pair of variables", {}, { env: { FAL_KEY_ID: "i", FAL_KEY_SECRET: "s" } }, "Key i:s"],
    ["no key at all", {}, { env: {} }, "no_credentials"],
  ])("%s", async (_what, config, asked, wanted) => {
    expect(await authorization(config, asked)).toBe(wanted);
  });
});

describe("webhooks", () => {
  const submit = (query: string): Ask => ({ target: `https://queue.fal.run/fal-ai/flux?${query}` });
  const good = `fal_webhook=${encodeURIComponent("https://hooks.example/done")}`;
  const bad = `fal_webhook=${encodeURIComponent("https://evil.example/")}`;

  it.each<[string, ProxyConfig, string, string]>([
    ["forwarded by default", {}, bad, "plan"],
    ["denied", { webhooks: "deny" }, good, "input_not_allowed"],
    ["a listed host", { webhooks: { hosts: ["hooks.example"] } }, good, "plan"],
    ["another host", { webhooks: { hosts: ["hooks.example"] } }, bad, "input_not_allowed"],
    [
      "one of two",
      { webhooks: { hosts: ["hooks.example"] } },
      `${good}&${bad}`,
      "input_not_allowed",
    ],
    ["an encoded name", { webhooks: "deny" }, good.replace("_", "%5F"), "input_not_allowed"],
    [
      "plain http",
      { webhooks: { hosts: ["hooks.example"] } },
      good.replace("https", "http"),
      "input_not_allowed",
    ],
    ["none at all", { webhooks: "deny" }, "fal_max_queue_length=3", "plan"],
  ])("%s", async (_what, config, query, wanted) => {
    expect(await code(config, submit(query))).toBe(wanted);
  });
});

describe("guards", () => {
  it("run after authentication, in order, until one refuses", async () => {
    const seen: string[] = [];
    const { refuse } = await import("../src/refusal.ts");
    const config: ProxyConfig = {
      isAuthenticated: () => ({ id: "ada", plan: "free" }),
      guards: [
        (call) =>
          void seen.push(`${call.user?.id} ${call.target.operation} ${call.target.endpoint}`),
        (call) => {
          call.onEnd(
            (end) => void seen.push(`end: ${end.outcome} ${end.callerStatus} ${end.sent}`),
          );
          return refuse("budget_exhausted", "Your credits are used up.");
        },
        () => void seen.push("never"),
      ],
    };
    expect(await ask(config)).toMatchObject({ status: 402, code: "budget_exhausted" });
    expect(seen).toEqual(["ada run fal-ai/flux/dev", "end: refused 402 false"]);
  });

  it("turn into internal_error and a fault event when they throw", async () => {
    const events: unknown[] = [];
    const config: ProxyConfig = {
      guards: [() => Promise.reject(new Error("the store said no"))],
      onEvent: (event) => events.push(event),
    };
    expect(await ask(config)).toMatchObject({ status: 500, code: "internal_error" });
    expect(events).toMatchObject([
      { type: "fault", error: expect.stringMatching(/^Error: the store said no \(at /) },
      { type: "refused", code: "internal_error", operation: "run", endpoint: "fal-ai/flux/dev" },
    ]);
    expect(JSON.stringify(events)).not.toContain("secret");
  });
});

describe("the method", () => {
  it.each(["HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND"])(
    "%s is not allowed",
    async (method) => {
      const decision = await ask({}, { method });
      expect(decision).toMatchObject({ status: 405, headers: { allow: "GET, POST, PUT, DELETE" } });
    },
  );
});
