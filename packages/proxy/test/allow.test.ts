/** The two lists: which URLs and endpoints they let through, and which lists are refused at creation. */
import { describe, expect, it } from "vitest";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import {
  compileAllowRules,
  createUrlMatcher,
  DEFAULT_ALLOWED_URL_PATTERNS,
  endpointRefusal,
} from "../src/allow.ts";
import { isAllowedEndpoint, isAllowedUrl } from "../src/index.ts";
import { isRefusal } from "../src/refusal.ts";
import { parseTarget, type Target } from "../src/target.ts";

const target = (method: string, url: string): Target => {
  const parsed = parseTarget(method, `https://${url}`);
  if (isRefusal(parsed)) throw new Error(`${url}: ${parsed.message}`);
  return parsed;
};

/** What the lists say about a target: `yes`, or the code of the refusal. */
const verdict = (urls: string[], endpoints: string[], url: string, method = "POST"): string => {
  const allow = compileAllowRules(urls, endpoints);
  const asked = target(method, url);
  return (allow.url(asked) ?? allow.endpoint(asked))?.code ?? "yes";
};

const onUrl = (urls: string[], url: string): string => verdict(urls, [], url);
const onEndpoint = (endpoints: string[], url: string, method?: string): string =>
  verdict(DEFAULT_ALLOWED_URL_PATTERNS, endpoints, url, method);

describe("D17: service hosts", () => {
  const on = (serviceHosts: string[], url: string, method = "POST"): string => {
    const allow = compileAllowRules(DEFAULT_ALLOWED_URL_PATTERNS, ["x/y"], serviceHosts);
    const asked = target(method, url);
    return (allow.url(asked) ?? allow.endpoint(asked))?.code ?? "yes";
  };
  it.each([
    ["wma.fal.run/ice", "wma.fal.run"],
    ["wma.fal.run/session", "wma.fal.run"],
    ["wma.fal.run/session/heartbeat", "wma.fal.run"],
    ["rest.fal.ai/tokens/", "rest.fal.ai"],
    ["rest.fal.ai/tokens/realtime", "rest.fal.ai"],
    ["rest.alpha.fal.ai/tokens/", "rest.alpha.fal.ai"],
  ])("%s may be called where its host is listed, and only there", (url, host) => {
    expect(on([host], url)).toBe("yes");
    expect(on([], url)).toBe("target_not_allowed");
    expect(on(["fal.run", "api.fal.ai"], url)).toBe("target_not_allowed");
  });

  it.each([
    ["wma.fal.run/other", "wma.fal.run"],
    ["wma.fal.run/session/x", "wma.fal.run"],
    ["rest.fal.ai/storage/files/acl", "rest.fal.ai"],
    ["rest.fal.ai/tokens/other", "rest.fal.ai"],
    ["api.fal.ai/v1/keys", "api.fal.ai"],
    ["api.fal.ai/v1/account/billing", "api.fal.ai"],
  ])("%s is not opened by its host", (url, host) => {
    expect(on([host], url)).toBe("target_not_allowed");
  });

  it.each([["evil.example"], ["https://wma.fal.run"], ["wma.fal.run/**"], ["*.fal.run"]])(
    "%s is refused at creation",
    (host) => {
      expect(() => createFetchHandler({ serviceHosts: [host] })).toThrow(
        "serviceHosts must be names of fal's hosts",
      );
    },
  );

  it("an endpoint's own /ice belongs to the endpoint (D5)", () => {
    expect(on([], "fal.run/x/y/ice")).toBe("yes");
    expect(on([], "fal.run/x/z/ice")).toBe("endpoint_not_allowed");
  });
});

describe("URL patterns", () => {
  it.each([
    "fal.run/a/b",
    "queue.fal.run/a/b/c?fal_webhook=x",
    "rest.fal.ai/storage/upload/initiate",
    "rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3",
    "rest.fal.ai/storage/upload/initiate?storage_type=gcs&x=a/b",
    "rest.fal.ai/storage/upload/initiate-multipart?storage_type=fal-cdn-v3",
    // Its old name, as Swift, Dart and older JavaScript clients call it.
    "rest.alpha.fal.ai/storage/upload/initiate",
    "rest.alpha.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3",
    "rest.alpha.fal.ai/storage/upload/initiate-multipart",
  ])("let %s through by default", (url) => {
    expect(onUrl(DEFAULT_ALLOWED_URL_PATTERNS, url)).toBe("yes");
    expect(isAllowedUrl(url)).toBe(true);
  });

  it.each([
    "rest.fal.ai/storage/upload/complete-multipart?storage_type=fal-cdn-v3",
    "rest.fal.ai/storage/upload/initiate/x",
    "rest.fal.ai/tokens/",
    "rest.alpha.fal.ai/tokens/",
    "rest.beta.fal.ai/storage/upload/initiate",
    "wma.fal.run/session",
    "api.fal.ai/v1/models",
    "x.fal.run/a/b",
    "falrun.com/a/b",
    "evil.example/a/b",
  ])("do not let %s through by default", (url) => {
    expect(onUrl(DEFAULT_ALLOWED_URL_PATTERNS, url)).toBe("target_not_allowed");
    expect(isAllowedUrl(url)).toBe(false);
  });

  it.each([
    "?img=https://a.b/c/../d.png",
    "?img=https://a.b/./d.png&x=..",
    "?/..",
    "?a?b",
    "?x=//",
    "?",
    "",
  ])("over the path alone let every query through: %s", (query) => {
    for (const pattern of ["fal.run/**", "fal.run/*/b", "fal.run/a/b", "*.run/{a,x}/?"]) {
      expect(onUrl([pattern], `fal.run/a/b${query}`), pattern).toBe("yes");
    }
    expect(onUrl(["fal.run/*/c"], `fal.run/a/b${query}`)).toBe("target_not_allowed");
  });

  // The path is judged as a path: nothing that stands in the query makes up for it.
  it.each([
    ["fal.run/**/free", "fal.run/owner/dear?/free"],
    ["fal.run/owner/free", "fal.run/owner?/free"],
    ["fal.run/*/*/free", "fal.run/owner/dear?/free"],
    ["fal.run/owner/app?/**", "fal.run/owner/app?/x"],
    ["fal.run/owner/app[^x]", "fal.run/owner/app?"],
    ["fal.run/**/free\\?*", "fal.run/owner/dear?/free?x"],
    ["fal.run/*/free\\?*", "fal.run/owner?/free?x"],
    ["fal.run/owner/?ree\\?*", "fal.run/owner/?ree?x"],
  ])("%s does not let %s through", (pattern, url) => {
    expect(onUrl([pattern], url)).toBe("target_not_allowed");
    expect(isAllowedUrl(url, [pattern])).toBe(false);
  });

  it.each<[pattern: string, url: string, allowed: boolean]>([
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload?type=a", true],
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload?type=b", false],
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload?type=a&x=1", false],
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload?x=1&type=a", false],
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload", false],
    ["rest.fal.ai/upload\\?type=a", "rest.fal.ai/upload/?type=a", false],
    ["rest.fal.ai/upload\\?*", "rest.fal.ai/upload?type=a", true],
    ["rest.fal.ai/upload\\?*", "rest.fal.ai/upload", false],
    ["rest.fal.ai/upload{,\\?type=*}", "rest.fal.ai/upload", true],
    ["rest.fal.ai/upload{,\\?type=*}", "rest.fal.ai/upload?type=b", true],
    ["rest.fal.ai/upload{,\\?type=*}", "rest.fal.ai/upload?x=b", false],
    ["rest.fal.ai/*\\?type=a", "rest.fal.ai/upload?type=a", true],
    ["rest.fal.ai/**\\?type=a", "rest.fal.ai/upload?type=a", true],
    ["rest.fal.ai/upload\\?a=1\\?b", "rest.fal.ai/upload?a=1?b", true],
  ])("%s, a pattern with a query, over %s: %s", (pattern, url, allowed) => {
    expect(onUrl([pattern], url)).toBe(allowed ? "yes" : "target_not_allowed");
    // One that has none beside it stands for itself.
    expect(onUrl([pattern, "rest.fal.ai/upload"], "rest.fal.ai/upload?z")).toBe("yes");
    expect(onUrl([pattern, "rest.fal.ai/other"], url)).toBe(allowed ? "yes" : "target_not_allowed");
  });

  it("of the published default mean what they meant", () => {
    const published = [
      "fal.run/**",
      "queue.fal.run/**",
      "rest.fal.ai/storage/upload/initiate\\?storage_type=fal-cdn-v3",
      "rest.fal.ai/storage/upload/complete-multipart\\?storage_type=fal-cdn-v3",
    ];
    const asked = [
      "fal.run/a/b",
      "queue.fal.run/a/b",
      "fal.run/a/b?x=1",
      "rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3",
      "rest.fal.ai/storage/upload/complete-multipart?storage_type=fal-cdn-v3",
    ];
    const others = [
      "rest.fal.ai/storage/upload/initiate",
      "rest.fal.ai/storage/upload/initiate?storage_type=gcs",
      "rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3&x=1",
      "rest.fal.ai/x",
    ];
    for (const allowed of [
      (url: string) => isAllowedUrl(url, published),
      createUrlMatcher(published),
    ]) {
      expect(asked.filter((url) => !allowed(url))).toEqual([]);
      expect(others.filter(allowed)).toEqual([]);
    }
  });

  it("let the key leave for fal's domains only", () => {
    const hosts = [
      "fal.run",
      "x.fal.ai",
      "fal.dev",
      "v3.fal.media",
      "falrun.com",
      "queue.falrun.com",
    ];
    const others = [
      "notfal.run",
      "fal.run.evil.example",
      "fal.ru",
      "falXrun.com",
      "fal.com",
      "xfal.ai",
    ];
    expect(hosts.filter((host) => onUrl(["**"], `${host}/a/b`) !== "yes")).toEqual([]);
    expect(others.filter((host) => onUrl(["**"], `${host}/a/b`) === "yes")).toEqual([]);
  });

  it.each<[patterns: string[], allowed: boolean]>([
    [["**"], false],
    [["*.fal.ai/**"], false],
    [["{api,rest}.fal.ai/**"], false],
    [["api*/**"], false],
    [["api.fal.ai/**"], true],
    [["api.fal.ai/v1/models"], true],
    // What names it says which of it: a wildcard beside it opens no more.
    [["api.fal.ai/v1/usage", "*.fal.ai/**"], false],
    [["api.fal.ai/v1/usage", "**"], false],
  ])("%j open the platform API only by its name", (patterns, allowed) => {
    expect(verdict(patterns, [], "api.fal.ai/v1/models", "GET")).toBe(
      allowed ? "yes" : "target_not_allowed",
    );
  });

  it("read a bare question mark as the query's as well, as people write it", () => {
    const urls = ["rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3", "fal.run/a/?"];
    const upload = "rest.fal.ai/storage/upload/initiate";
    expect(onUrl(urls, `${upload}?storage_type=fal-cdn-v3`)).toBe("yes");
    expect(onUrl(urls, `${upload}?storage_type=gcs`)).toBe("target_not_allowed");
    expect(onUrl(urls, upload)).toBe("target_not_allowed");
    expect(onUrl(urls, "fal.run/a/b?x=1")).toBe("yes");
    expect(onUrl(urls, "fal.run/a/bc")).toBe("target_not_allowed");
  });

  it("say which pattern is missing", () => {
    const { url } = compileAllowRules([], []);
    expect(url(target("POST", "fal.run/a/b?secret=1"))).toMatchObject({
      status: 400,
      code: "target_not_allowed",
      message: "The proxy may not call this URL.",
      hint: "Add a pattern for fal.run/a/b to allowedUrlPatterns (fal's own hosts only).",
    });
  });
});

describe("endpoint patterns", () => {
  it.each<[what: string, list: string[], method: string, url: string, allowed: boolean]>([
    ["an id", ["a/b"], "POST", "fal.run/a/b", true],
    ["its stream", ["a/b"], "GET", "fal.run/a/b/stream", true],
    ["its signalling", ["a/b"], "POST", "fal.run/a/b/ice", true],
    ["its signalling, with a slash at the end", ["a/b"], "POST", "fal.run/a/b/ice/", true],
    ["its signalling, of a longer id", ["a/b/c"], "POST", "fal.run/a/b/c/ice", true],
    ["signalling of another", ["a/b"], "POST", "fal.run/a/c/ice", false],
    ["signalling below", ["a/b"], "POST", "fal.run/a/b/c/ice", false],
    ["signalling by the queue", ["a/b"], "POST", "queue.fal.run/a/b/ice", false],
    ["signalling in depth", ["a/b"], "POST", "fal.run/a/b/ice/x", false],
    ["signalling listed as such", ["a/b/ice"], "POST", "fal.run/a/b/ice", true],
    ["… and nothing else", ["a/b/ice"], "POST", "fal.run/a/b", false],
    ["a stream listed as such", ["a/b/stream"], "POST", "fal.run/a/b/stream", true],
    ["an app called ice", ["a/*"], "POST", "fal.run/a/ice", true],
    ["an app called ice, of another owner", ["b/*", "a"], "POST", "fal.run/a/ice", false],
    ["the submit", ["a/b"], "POST", "queue.fal.run/a/b", true],
    ["another case", ["a/b"], "POST", "fal.run/A/b", false],
    ["status, when the app is listed", ["a/b"], "GET", "queue.fal.run/a/b/requests/1/status", true],
    ["status, something inside", ["a/b/c"], "GET", "queue.fal.run/a/b/requests/1/status", true],
    ["status, everything inside", ["a/b/**"], "GET", "queue.fal.run/a/b/requests/1/status", true],
    ["status, choices inside", ["a/{b/c,d}"], "GET", "queue.fal.run/a/b/requests/1", true],
    ["status, a wildcard app", ["a/b*/c"], "GET", "queue.fal.run/a/bb/requests/1", true],
    ["status, a wildcard owner", ["*/b/c"], "GET", "queue.fal.run/a/b/requests/1", true],
    ["status, any owner", ["**/c"], "GET", "queue.fal.run/a/b/requests/1", true],
    ["status of an app that begins alike", ["a/bc"], "GET", "queue.fal.run/a/b/requests/1", false],
    ["status of a longer app", ["a/b"], "GET", "queue.fal.run/a/bc/requests/1", false],
    ["status of the owner's others", ["a/b/c"], "GET", "queue.fal.run/a/c/requests/1", false],
    ["cancel of another app", ["a/b/**"], "PUT", "queue.fal.run/a/c/requests/1/cancel", false],
    [
      "status of a workflow",
      ["workflows/a/b"],
      "GET",
      "queue.fal.run/workflows/a/b/requests/1",
      true,
    ],
    ["… of another", ["workflows/a/b"], "GET", "queue.fal.run/workflows/a/c/requests/1", false],
    ["an upload", ["a/b"], "POST", "rest.fal.ai/storage/upload/initiate", true],
  ])("%s", (_what, list, method, url, allowed) => {
    expect(onEndpoint(list, url, method)).toBe(allowed ? "yes" : "endpoint_not_allowed");
  });

  it("judge the URL first", () => {
    expect(verdict(["queue.fal.run/**"], ["a/b"], "fal.run/a/c")).toBe("target_not_allowed");
  });

  it("say which id is missing", () => {
    const { endpoint } = compileAllowRules(["**"], ["a/b"]);
    const hint = (method: string, url: string): unknown => endpoint(target(method, url))?.hint;
    expect(hint("POST", "fal.run/a/c/stream")).toBe('Add "a/c" to allowedEndpoints.');
    expect(hint("GET", "queue.fal.run/a/c/requests/1")).toBe('Add "a/c" to allowedEndpoints.');
    expect(endpointRefusal()).toMatchObject({
      status: 400,
      code: "endpoint_not_allowed",
      message: "The proxy may not call this endpoint.",
      hint: 'Add "its full id" to allowedEndpoints.',
    });
  });

  it("of none allow all", () => {
    expect(compileAllowRules(["**"], []).limited).toBe(false);
    expect(compileAllowRules(["**"], ["a/b"]).limited).toBe(true);
    expect(onEndpoint([], "fal.run/x/y")).toBe("yes");
    expect(isAllowedEndpoint("x/y", [])).toBe(true);
    expect(isAllowedEndpoint("x/y", ["x/*"])).toBe(true);
    expect(isAllowedEndpoint("x/y", ["y/*"])).toBe(false);
  });
});

describe("names in bodies", () => {
  const LIST = ["conformance/exact", "fal-ai/flux/dev", "open/**", "*/shared", "workflows/me/flow"];
  it.each<[list: string[], name: string, allowed: boolean]>([
    [LIST, "conformance/exact", true],
    [LIST, "conformance/exact/realtime", true],
    [LIST, "conformance/exact/stream", true],
    [LIST, "conformance/exact/other", false],
    [LIST, "conformance/other", false],
    [LIST, "conformance/exact/realtime/realtime", false],
    [LIST, "fal-ai/flux/dev/realtime", true],
    [LIST, "fal-ai/flux", false],
    [LIST, "fal-ai/flux/realtime", false],
    [LIST, "open/anything", true],
    [LIST, "open/v1.5/x_y-z", true],
    [LIST, "workflows/me/flow", true],
    [LIST, "workflows/me/flow/realtime", true],
    [LIST, "workflows/me/other", false],
    [["a/b/realtime"], "a/b/realtime", true],
    [["a/b/realtime"], "a/b", false],

    // A bare name is everybody's app of that name: an entry must end in it.
    [LIST, "exact", true],
    [LIST, "flow", true],
    [LIST, "shared", true],
    [LIST, "flux", false],
    [LIST, "dev", false],
    [LIST, "anything", false],
    [LIST, "open", false],
    [LIST, "conformance", false],
    [["**"], "my-private-app", false],
    [["*"], "my-private-app", false],
    [["fal-ai/**"], "my-private-app", false],
    [["fal-ai/*"], "my-private-app", false],
    [["fal-ai/my-*"], "my-private-app", false],
    [["fal-ai/{my-private-app,x}"], "my-private-app", false],
    [["my-private-app"], "my-private-app", false],
    [["**/my-private-app"], "my-private-app", true],
    [["workflows/app"], "app", false],
    [["comfy/me/app"], "app", true],
    [["comfy/me/app/x"], "x", false],
    // It has no suffix: this could be an owner and an app, so it must be listed as such.
    [LIST, "exact/realtime", false],
    [LIST, "exact/stream", false],
    [["**"], "exact/realtime", false],
    [["exact/*"], "exact/realtime", false],
    [["exact/realtime"], "exact/realtime", true],
    [["other/realtime"], "exact/realtime", false],
    [["exact/realtime"], "realtime", true],
    [["workflows/me/**"], "workflows/me/realtime", false],
    [["workflows/me/realtime"], "workflows/me/realtime", true],
  ])("%j: %s, %s", (list, name, allowed) => {
    expect(compileAllowRules(["**"], list).app(name)).toBe(allowed);
  });

  it.each(
    [
      ["*", "**", "a/*", "a/**", "a/b?", "a/{b,c}", "a/[b]", "a/b*"],
      ["", "/", "a/", "/a/b", "a//b", "a/b/", "a/b/realtime/", "//a/b"],
      [".", "..", "a/.", "a/..", "a/../b", "./a/b", "a/b/..", "a/.b", "a/b.", "a/b..c"],
      ["a%2fb", "a/b%00", "a/%62", "a\\b", "a/b\\", "a/b;c", "a/b#c", "a/b:c", "a@b/c", "a/b,c"],
      ["a/b c", " a/b", "a/b ", "a/b\n", "a/b\t", "a\u0000/b", "a/b\u007f"],
      ["a/\u00e9", "a/b\u200b", "\uff41/b", "a\u2215b", "a/\u0431"],
      ["https://fal.run/a/b", "fal.run:443/a/b", "//fal.run/a/b", "a/b?x=1", "a/b&x"],
    ].flat(),
  )("%j is no name, whatever the list", (name) => {
    expect(compileAllowRules(["**"], ["**", "a/b", "*/*"]).app(name)).toBe(false);
  });
});

describe("wrong lists", () => {
  const onlyAllows =
    'a list only allows, so leave this out and list the rest, such as "fal-ai/flux/**".';
  it.each<[what: string, config: object, message: string]>([
    [
      "a negation in allowedEndpoints",
      { allowedEndpoints: ["fal-ai/**", "!fal-ai/veo3/**"] },
      `fal proxy: allowedEndpoints cannot have "!fal-ai/veo3/**": ${onlyAllows}`,
    ],
    [
      "a negation in allowedUrlPatterns",
      { allowedUrlPatterns: ["fal.run/**", "!fal.run/fal-ai/veo3/**"] },
      `fal proxy: allowedUrlPatterns cannot have "!fal.run/fal-ai/veo3/**": ${onlyAllows}`,
    ],
    [
      "a negation over queries",
      { allowedUrlPatterns: ["!fal.run/a\\?b"] },
      `fal proxy: allowedUrlPatterns cannot have "!fal.run/a\\\\?b": ${onlyAllows}`,
    ],
    [
      "an extended glob",
      { allowedEndpoints: ["fal-ai/@(flux|sdxl)"] },
      'fal proxy: allowedEndpoints cannot have "fal-ai/@(flux|sdxl)": choices are {a,b}, ',
    ],
    [
      "a range",
      { allowedUrlPatterns: ["fal.run/{1..3}/**"] },
      'fal proxy: allowedUrlPatterns cannot have "fal.run/{1..3}/**": braces hold choices, {a,b}, ',
    ],
    [
      "a text",
      { allowedEndpoints: "fal-ai/**" },
      "allowedEndpoints must be globs over the endpoint id",
    ],
    ["an empty entry", { allowedEndpoints: [""] }, "allowedEndpoints must be globs"],
    ["no text", { allowedEndpoints: [7] }, "allowedEndpoints must be globs"],
    ["white space", { allowedEndpoints: ["a/b "] }, "allowedEndpoints must be globs"],
    ["two in one", { allowedEndpoints: ["a/b, c/d"] }, "allowedEndpoints must be globs"],
    ["a slash in front", { allowedEndpoints: ["/a/b"] }, "without a host"],
    ["a URL", { allowedEndpoints: ["https://fal.run/a/b"] }, "without a host"],
    ["a socket", { allowedEndpoints: ["wss://fal.run/a/b"] }, "without a host"],
    ["a host", { allowedEndpoints: ["fal.run/a/b"] }, "without a host"],
    ["the queue", { allowedEndpoints: ["queue.fal.run/a/b"] }, "without a host"],
    ["every host", { allowedEndpoints: ["*.fal.run/a/b"] }, "without a host"],
    ["another host of fal", { allowedEndpoints: ["rest.fal.ai/tokens/**"] }, "without a host"],
    ["a URL as URL pattern", { allowedUrlPatterns: ["https://fal.run/**"] }, "without its scheme"],
    ["only its slashes", { allowedUrlPatterns: ["//fal.run/**"] }, "without its scheme"],
    ["a path", { allowedUrlPatterns: ["/fal.run/**"] }, "without its scheme"],
    ["an empty URL pattern", { allowedUrlPatterns: [""] }, "allowedUrlPatterns must be globs"],
    ["white space in one", { allowedUrlPatterns: ["fal.run /**"] }, "allowedUrlPatterns must be"],
    ["a text as URL pattern", { allowedUrlPatterns: "fal.run/**" }, "allowedUrlPatterns must be"],
    ["an unknown webhook rule", { webhooks: "denied" }, 'webhooks must be "forward", "deny" or'],
    [
      "a URL for a webhook's host",
      { webhooks: { hosts: ["https://a.example"] } },
      "webhooks must be",
    ],
    ["a path behind it", { webhooks: { hosts: ["a.example/hook"] } }, "webhooks must be"],
    ["a wildcard", { webhooks: { hosts: ["*.example"] } }, "webhooks must be"],
    ["upper case", { webhooks: { hosts: ["A.example"] } }, "webhooks must be"],
    [
      "the port that URLs leave out",
      { webhooks: { hosts: ["a.example:443"] } },
      "webhooks must be",
    ],
    ["a user", { webhooks: { hosts: ["me@a.example"] } }, "webhooks must be"],
    ["an empty host", { webhooks: { hosts: [""] } }, "webhooks must be"],
    ["no text for a host", { webhooks: { hosts: [7] } }, "webhooks must be"],
    ["no list of hosts", { webhooks: { hosts: "a.example" } }, "webhooks must be"],
    [
      "an international host as it looks",
      { webhooks: { hosts: ["\u00fc.example"] } },
      "webhooks must be",
    ],
  ])("%s", (_what, config, message) => {
    expect(() => createFetchHandler(config as never)).toThrow(TypeError);
    expect(() => createFetchHandler(config as never)).toThrow(message);
  });

  it.each([
    [{ allowedEndpoints: ["fal-ai/flux/**", "workflows/me/*", "fal-aix/y", "falxrun/y"] }],
    [{ allowedUrlPatterns: ["fal.run/**", "*.fal.ai/{a,b}\\?x=//"] }],
    [{ webhooks: { hosts: [] } }],
    [{ webhooks: { hosts: ["a.example", "a.example:8443", "[::1]:8443", "xn--tda.example"] } }],
    [{ webhooks: "forward" }],
    [{ webhooks: "deny" }],
  ])("%j is none", (config) => {
    expect(() => createFetchHandler(config as never)).not.toThrow();
  });
});
