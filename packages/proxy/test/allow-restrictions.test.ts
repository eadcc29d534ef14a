/** The rules about webhooks and about apps that a body names, without a socket; over the wire they are in allow-wire.test.ts. */
import { describe, expect, it } from "vitest";
import { compileAllowRules } from "../src/allow.ts";
import type { OpenCall } from "../src/open-call.ts";
import type { WebhookRule } from "../src/options.ts";
import { isRefusal } from "../src/refusal.ts";
import { appsRefusal, webhookRefusal } from "../src/restrictions.ts";
import { parseTarget, type Target } from "../src/target.ts";

function target(url: string, method = "POST"): Target {
  const parsed = parseTarget(method, `https://${url}`);
  if (isRefusal(parsed)) throw new Error(`${url}: ${parsed.message}`);
  return parsed;
}

/** What the rules look at of a call. Reading a body that is `undefined` fails. */
function callOf(url: string, options: object, body?: unknown): OpenCall {
  const json = async (): Promise<unknown> => {
    if (body === undefined) throw new Error("this body is not read");
    return body;
  };
  return { target: target(url), config: options, json } as unknown as OpenCall;
}

describe("webhooks", () => {
  const refusal = (webhooks: WebhookRule, query: string): ReturnType<typeof webhookRefusal> =>
    webhookRefusal(callOf(`queue.fal.run/a/b${query}`, { webhooks }));
  const listed: WebhookRule = { hosts: ["hooks.example", "ports.example:8443"] };
  const to = (url: string): string => `fal_webhook=${encodeURIComponent(url)}`;
  const good = to("https://hooks.example/fal?x=1");

  it.each<[rule: WebhookRule, query: string, passes: boolean]>([
    ["forward", `?${to("https://evil.example/")}`, true],
    ["forward", "?fal_webhook=x", true],
    ["deny", "", true],
    ["deny", "?fal_max_queue_length=3&webhook=x&x=fal_webhook", true],
    ["deny", `?${good}`, false],
    ["deny", "?fal_webhook=", false],
    ["deny", "?fal_webhook", false],
    ["deny", "?a;fal_webhook=x", false],
    ["deny", "?Fal_Webhook=x", false],
    ["deny", "?fal_webhook[0]=x", false],
    ["deny", "?_fal_webhook=x", false],
    [listed, "", true],
    [listed, `?${good}`, true],
    [listed, `?${good}&${good}`, true],
    [listed, `?a=1;${good}`, true],
    [listed, `?${to("https://ports.example:8443/")}`, true],
    [listed, `?${to("https://ports.example/")}`, false],
    [listed, `?${to("https://hooks.example:8443/")}`, false],
    [listed, `?${to("http://hooks.example/")}`, false],
    [listed, `?${to("https://evil.example/")}`, false],
    [listed, `?${good}&${to("https://evil.example/")}`, false],
    [listed, `?${to("https://evil.example/")}&${good}`, false],
    [listed, "?fal_webhook=https://hooks.example;@evil.example/", false],
    [listed, "?fal_webhook=https://hooks.example/;x", false],
    [listed, `?a=1;${to("https://evil.example/")}`, false],
    [{ hosts: [] }, `?${good}`, false],
  ])("%j: %s passes, %s", (rule, query, passes) => {
    expect(refusal(rule, query)?.code).toBe(passes ? undefined : "input_not_allowed");
  });

  it("are refused as an input", () => {
    const msg = "This proxy does not let callers choose where results are sent.";
    expect(refusal("deny", `?${good}`)).toMatchObject({
      status: 422,
      code: "input_not_allowed",
      message: msg,
      detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
      hint: "The option webhooks lists the allowed hosts.",
    });
  });
});

describe("apps", () => {
  const refusal = (url: string, body?: unknown, list = ["a/b", "c/**"]): Promise<unknown> =>
    appsRefusal(callOf(url, { allow: compileAllowRules(["**"], list) }, body));
  const TOKENS = ["rest.fal.ai/tokens", "rest.fal.ai/tokens/realtime", "rest.alpha.fal.ai/tokens/"];
  const SESSIONS = ["wma.fal.run/session", "wma.fal.run/ice"];

  it.each([
    { allowed_apps: ["a/b"] },
    { allowed_apps: ["a/b/realtime", "c/d", "b"], token_expiration: 120 },
    { app: "a/b" },
    { app_id: "c/d/stream" },
    { allowed_apps: ["a/b"], app: "c/d", app_id: "b" },
    { allowed_apps: [], app: "a/b" },
  ])("that are listed pass: %j", async (body) => {
    for (const url of [...TOKENS, ...SESSIONS]) expect(await refusal(url, body)).toBeUndefined();
  });

  it.each([
    { allowed_apps: ["a/c"] },
    { allowed_apps: ["a/b", "a/c"] },
    { allowed_apps: ["a/c", "a/b"] },
    { allowed_apps: ["a/b"], app: "a/c" },
    { allowed_apps: ["a/b"], app_id: "a/c" },
    { allowed_apps: ["a/b", 1] },
    { allowed_apps: ["a/b", null] },
    { allowed_apps: ["a/b", ["a/b"]] },
    { allowed_apps: [] },
    { allowed_apps: "a/b" },
    { allowed_apps: { 0: "a/b" }, app: "a/b" },
    { allowed_apps: null, app: "a/b" },
    { app: null, app_id: "a/b" },
    { app: ["a/b"] },
    {},
    null,
    [],
    ["a/b"],
    "a/b",
    7,
  ])("that are not listed, or none, are refused: %j", async (body) => {
    for (const url of [...TOKENS, ...SESSIONS]) {
      expect(await refusal(url, body)).toMatchObject({
        status: 400,
        code: "endpoint_not_allowed",
        hint: 'Add "its full id" to allowedEndpoints.',
      });
    }
  });

  it("are looked for only where there is a list, and only in bodies that name some", async () => {
    const elsewhere = [
      "fal.run/a/b",
      "fal.run/a/b/ice",
      "queue.fal.run/a/b",
      "rest.fal.ai/storage/upload/initiate",
      "wma.fal.run/session/heartbeat",
      "wma.fal.run/session/heartbeat/",
    ];
    for (const url of elsewhere) expect(await refusal(url)).toBeUndefined();
    for (const url of [...TOKENS, ...SESSIONS]) {
      expect(await refusal(url, undefined, [])).toBeUndefined();
      await expect(refusal(url)).rejects.toThrow("this body is not read");
    }
  });
});
