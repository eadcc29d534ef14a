/** What callers see of the lists: tokens and signalling by their bodies, webhooks, uploads, queries. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import { DEFAULT_ALLOWED_URL_PATTERNS } from "../src/allow.ts";
import type { ProxyConfig } from "../src/options.ts";

let fal: Emulator;

beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

interface Ask {
  method?: string;
  url: string;
  body?: string;
}

/** The code of the refusal, or the URL that fal was called by, without its scheme. */
async function ask(config: ProxyConfig, { method = "POST", url, body }: Ask): Promise<string> {
  const handle = createFetchHandler({
    ...config,
    resolveFalAuth: async () => fal.key,
    upstream: fal.url,
  });
  const response = await handle(
    new Request("http://app.example/api/fal/proxy", {
      method,
      headers: { "x-fal-target-url": `https://${url}`, "content-type": "application/json" },
      ...(method === "POST" && { body: body ?? "{}" }),
    }),
  );
  const text = await response.text();
  const [call, ...more] = fal.requests;
  expect(more).toEqual([]);
  if (call) return call.host + call.path;
  expect(response.status).toBeGreaterThanOrEqual(400);
  return (JSON.parse(text) as { code: string }).code;
}

describe("queries", () => {
  it.each([
    "fal.run/fal-ai/echo?img=https://a.b/c/../d.png",
    "fal.run/fal-ai/echo?img=https://a.b/./d.png&path=/../../etc",
    "queue.fal.run/fal-ai/echo?x=//a/./b/..",
  ])("that no pattern mentions are not judged: %s", async (url) => {
    expect(await ask({}, { url })).toBe(url);
    fal.reset();
    expect(await ask({ allowedEndpoints: ["fal-ai/echo"] }, { url })).toBe(url);
  });

  it("that a pattern mentions are the only ones", async () => {
    const config = {
      allowedUrlPatterns: ["rest.fal.ai/storage/upload/initiate\\?storage_type=fal-cdn-v3"],
    };
    const url = "rest.fal.ai/storage/upload/initiate?storage_type=";
    expect(await ask(config, { url: `${url}gcs` })).toBe("target_not_allowed");
    expect(await ask(config, { url: `${url}fal-cdn-v3` })).toBe(`${url}fal-cdn-v3`);
  });
});

describe("uploads", () => {
  it.each(["rest.fal.ai", "rest.alpha.fal.ai"])("start on %s, by POST", async (host) => {
    const config = { allowedEndpoints: ["fal-ai/echo"] };
    const url = `${host}/storage/upload/initiate`;
    expect(await ask(config, { url })).toBe(url);
    fal.reset();
    expect(await ask(config, { method: "GET", url })).toBe("method_not_allowed");
    expect(await ask(config, { method: "PUT", url })).toBe("method_not_allowed");
    expect(await ask(config, { url: `${host}/storage/auth/token` })).toBe("target_not_allowed");
  });
});

describe("an endpoint's own signalling", () => {
  it.each(["POST", "GET"])("comes with the endpoint, by %s", async (method) => {
    const url = "fal.run/owner/world/ice";
    expect(await ask({ allowedEndpoints: ["owner/world"] }, { method, url })).toBe(url);
    fal.reset();
    expect(await ask({ allowedEndpoints: ["owner/other"] }, { method, url })).toBe(
      "endpoint_not_allowed",
    );
  });
});

const tokens = {
  allowedUrlPatterns: [...DEFAULT_ALLOWED_URL_PATTERNS, "rest.fal.ai/tokens/**", "wma.fal.run/**"],
};

describe.each(["rest.fal.ai/tokens/", "rest.fal.ai/tokens/realtime", "wma.fal.run/session"])(
  "the apps of %s",
  (url) => {
    const passes = async (allowedEndpoints: string[], body: string): Promise<boolean> => {
      const answer = await ask({ ...tokens, allowedEndpoints }, { url, body });
      // What cannot be read beyond doubt is refused as such.
      if (!/^((endpoint|input)_not_allowed|body_too_large)$/.test(answer)) expect(answer).toBe(url);
      return answer === url;
    };
    const LIST = ["conformance/exact", "fal-ai/**"];

    it.each([
      '{"allowed_apps":["conformance/exact"]}',
      '{"allowed_apps":["conformance/exact/realtime","fal-ai/flux/dev"],"duration":120}',
      '{"allowed_apps":["exact"],"token_expiration":120}',
      '{"app":"conformance/exact/stream"}',
      '{"app_id":"fal-ai/flux"}',
      '{ "allowed_apps" : [ "fal-ai\\/flux" ] }\n',
      '{"allowed_apps":["c\\u006fnformance/exact"]}',
      '{"allowed_apps":["conformance/exact"],"app":"fal-ai/x","app_id":"conformance/exact"}',
    ])("listed: %s", async (body) => {
      expect(await passes(LIST, body)).toBe(true);
    });

    it.each([
      '{"allowed_apps":["my-private-app"]}',
      '{"allowed_apps":["*"]}',
      '{"allowed_apps":["fal-ai/*"]}',
      '{"allowed_apps":["conformance/exact","my-private-app"]}',
      '{"allowed_apps":["my-private-app","conformance/exact"]}',
      '{"allowed_apps":["conformance/exact"],"app":"my-private-app"}',
      '{"allowed_apps":["conformance/exact"],"app_id":"me/other"}',
      '{"allowed_apps":["my-private-app/realtime"]}',
      '{"allowed_apps":["exact/realtime"]}',
      '{"allowed_apps":["conformance/exact/../other"]}',
      '{"allowed_apps":["conformance/exact/"]}',
      '{"allowed_apps":["conformance%2fexact"]}',
      '{"allowed_apps":["conformance/exact "]}',
      '{"allowed_apps":[["conformance/exact"]]}',
      '{"allowed_apps":[null]}',
      '{"allowed_apps":[1,"conformance/exact"]}',
      '{"allowed_apps":[]}',
      '{"allowed_apps":null,"app":"conformance/exact"}',
      '{"allowed_apps":"conformance/exact"}',
      '{"allowed_apps":{"0":"conformance/exact"}}',
      '{"app":null,"app_id":"conformance/exact"}',
      '{"allowed_apps":["me/other"],"allowed_apps":["conformance/exact"]}',
      '{"app":"conformance/exact","a":{"b":1,"b":2}}',
      '["conformance/exact"]',
      '"conformance/exact"',
      "null",
      "{}",
      "{",
      "",
      `{"app":"conformance/exact","long":"${"x".repeat(70_000)}"}`,
    ])("not listed, or not beyond doubt: %s", async (body) => {
      expect(await passes(LIST, body)).toBe(false);
      expect(fal.requests).toEqual([]);
    });

    it("no bare name passes a list of wildcards", async () => {
      const body = '{"allowed_apps":["my-private-app"]}';
      for (const list of [["**"], ["*"], ["fal-ai/**"], ["*/*"]]) {
        expect(await passes(list, body)).toBe(false);
      }
    });
  },
);

describe("what names no app in its body", () => {
  it("is not read", async () => {
    const config = { ...tokens, allowedEndpoints: ["conformance/exact"] };
    for (const url of ["wma.fal.run/session/heartbeat", "fal.run/conformance/exact/ice"]) {
      expect(await ask(config, { url, body: "{" })).toBe(url);
      fal.reset();
    }
    expect(await ask(config, { url: "wma.fal.run/ice", body: "{" })).toBe("input_not_allowed");
  });

  it("nor is anything where all endpoints are allowed", async () => {
    const url = "rest.fal.ai/tokens/realtime";
    expect(await ask(tokens, { url, body: "{" })).toBe(url);
  });
});

describe("webhooks", () => {
  const listed: ProxyConfig = { webhooks: { hosts: ["hooks.example", "ports.example:8443"] } };
  const submit = (query: string): Ask => ({ url: `queue.fal.run/fal-ai/echo${query}` });
  const passes = async (config: ProxyConfig, query: string): Promise<boolean> => {
    const answer = await ask(config, submit(query));
    if (answer !== "input_not_allowed") expect(answer).toBe(submit(query).url);
    return answer !== "input_not_allowed";
  };

  it.each([
    "https://hooks.example",
    "https://hooks.example/",
    "https://hooks.example/fal/done?user=1&x=//y#z",
    "https://HOOKS.example/fal",
    "https://hooks.example/a%20b/%C3%BC",
    "https://ports.example:8443/fal",
  ])("to %s pass", async (webhook) => {
    const query = `?fal_webhook=${encodeURIComponent(webhook)}`;
    expect(await passes(listed, query)).toBe(true);
    fal.reset();
    expect(await passes({ webhooks: "deny" }, query)).toBe(false);
  });

  it.each([
    ["another host", "https://evil.example/"],
    ["plain http", "http://hooks.example/"],
    ["no scheme", "hooks.example/"],
    ["no scheme but its slashes", "//hooks.example/"],
    ["nothing", ""],
    ["a longer host", "https://hooks.example.evil.example/"],
    ["a host below", "https://x.hooks.example/"],
    ["a dot at its end", "https://hooks.example./"],
    ["a user", "https://hooks.example@evil.example/"],
    ["a user in front", "https://me@hooks.example/"],
    ["an empty user", "https://@hooks.example/"],
    ["a password", "https://hooks.example:x@evil.example/"],
    ["a port", "https://hooks.example:8443/"],
    ["the default port", "https://hooks.example:443/"],
    ["an empty port", "https://hooks.example:/"],
    ["no port, where one is listed", "https://ports.example/"],
    ["a port written differently", "https://ports.example:08443/"],
    // What the WHATWG parser repairs, another one reads as it stands.
    ["a backslash for the first slash", "https://hooks.example\\@evil.example/"],
    ["backslashes in front", "https:\\\\hooks.example/"],
    ["one slash in front", "https:/hooks.example/"],
    ["three slashes in front", "https:///hooks.example/"],
    ["a tab in the host", "https://hooks.exa\tmple/"],
    ["a line break in the scheme", "ht\ntps://hooks.example/"],
    ["a line break at the end", "https://hooks.example/\n"],
    ["white space in front", " https://hooks.example/"],
    ["a null", "https://hooks.example/\u0000"],
    ["a full-width host", "https://\uff48ooks.example/"],
    ["another full stop", "https://hooks\u3002example/"],
    ["a soft hyphen", "https://hooks\u00ad.example/"],
    ["an encoded host", "https://%68ooks.example/"],
    ["an encoded slash behind the host", "https://hooks.example%2f.evil.example/"],
    ["a fragment right behind the host", "https://hooks.example#@evil.example/"],
    ["a query right behind the host", "https://hooks.example?@evil.example/"],
    ["a semicolon right behind the host", "https://hooks.example;@evil.example/"],
    ["a semicolon in the path", "https://hooks.example/a;b"],
    ["dot segments", "https://hooks.example/a/../b"],
    ["encoded dots", "https://hooks.example/%2e%2e/b"],
    ["an encoded slash", "https://hooks.example/a%2fb"],
    ["an empty segment", "https://hooks.example//b"],
    ["non-ASCII", "https://hooks.example/\u00fc"],
    ["encoded twice", encodeURIComponent("https://hooks.example/")],
  ])("to %s are refused", async (_what, webhook) => {
    const good = `fal_webhook=${encodeURIComponent("https://hooks.example/")}`;
    const bad = `fal_webhook=${encodeURIComponent(webhook)}`;
    for (const query of [`?${bad}`, `?${good}&${bad}`, `?${bad}&${good}`, `?x=1&${bad}&y=2`]) {
      expect(await passes(listed, query), query).toBe(false);
    }
  });

  const evil = encodeURIComponent("https://evil.example/");
  it.each([
    `?fal_webhook=https://evil.example/`,
    `?fal_webhook=https://hooks.example;@evil.example/`,
    `?fal%5Fwebhook=${evil}`,
    `?%66al_webhook=${evil}`,
    `?FAL_WEBHOOK=${evil}`,
    `?fal_webhook[]=${evil}`,
    `?fal_webhook%00=${evil}`,
    `?+fal_webhook=${evil}`,
    `??fal_webhook=${evil}`,
    `?x=1;fal_webhook=${evil}`,
    `?x=1%3Bfal_webhook=1;fal_webhook=${evil}`,
    `?fal_webhook`,
  ])("are found in whatever way they are written: %s", async (query) => {
    expect(await passes(listed, query)).toBe(false);
    expect(await passes({ webhooks: "deny" }, query)).toBe(false);
  });

  it.each(["", "?fal_max_queue_length=10", "?webhook=https://evil.example/", "?x=fal_webhook"])(
    "that are none do not stop a submit: %s",
    async (query) => {
      expect(await passes({ webhooks: "deny" }, query)).toBe(true);
    },
  );

  it("pass as they are where they are not restricted", async () => {
    expect(await passes({}, `?fal_webhook=${evil}`)).toBe(true);
    fal.reset();
    expect(await passes({ webhooks: "forward" }, "?fal_webhook=x")).toBe(true);
  });

  it("are refused as an input, so that a form can show why", async () => {
    const handle = createFetchHandler({ webhooks: "deny", resolveFalAuth: async () => fal.key });
    const target = `https://queue.fal.run/fal-ai/echo?fal_webhook=${evil}`;
    const response = await handle(
      new Request("http://app.example/", {
        method: "POST",
        headers: { "x-fal-target-url": target },
      }),
    );
    const msg = "This proxy does not let callers choose where results are sent.";
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      message: expect.stringContaining(msg),
      detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
      code: "input_not_allowed",
    });
  });
});
