/** Wrong options fail at creation, with a message that names the option and shows the right form. */
import { describe, expect, it, vi } from "vitest";
import { resolveConfig, resolveProxyConfig } from "../src/config.ts";
import { DEFAULT_ALLOWED_URL_PATTERNS } from "../src/allow.ts";

describe("wrong options", () => {
  it.each<[string, unknown, string]>([
    [
      "a text for a list",
      { allowedEndpoints: "fal-ai/flux" },
      'allowedEndpoints must be globs over the endpoint id, without a host: ["fal-ai/flux/**"], not this string.',
    ],
    ["a host in an endpoint", { allowedEndpoints: ["fal.run/fal-ai/flux"] }, "without a host"],
    ["a leading slash", { allowedEndpoints: ["/fal-ai/flux"] }, "without a host"],
    ["a scheme in a pattern", { allowedUrlPatterns: ["https://fal.run/**"] }, "without its scheme"],
    [
      "an unknown name",
      { allowedEndpoint: ["fal-ai/flux"] },
      'there is no option "allowedEndpoint". Did you mean "allowedEndpoints"? The options are allowedUrlPatterns,',
    ],
    [
      "what another function takes",
      { limits: { user: { calls: { day: 5 } } } },
      "limits is for defineProxy of @fal-ai/server-proxy/limits",
    ],
    [
      "a text for a flag",
      { allowUnauthorizedRequests: "false" },
      "allowUnauthorizedRequests must be true or false",
    ],
    ["a value for a function", { isAuthenticated: true }, "isAuthenticated must be a function"],
    ["a key for its function", { resolveFalAuth: "Key x" }, "resolveFalAuth must be a function"],
    ["a word for a number", { maxBodyBytes: "50mb" }, "maxBodyBytes must be a number of bytes"],
    ["zero bytes", { maxBodyBytes: 0 }, "maxBodyBytes must be"],
    ["a wrong time limit", { timeouts: { total: 5 } }, "timeouts must be numbers of ms"],
    ["a negative time limit", { timeouts: { idle: -1 } }, "timeouts must be numbers of ms"],
    ["any origin with credentials", { cors: { origins: "*", credentials: true } }, "cors must be"],
    // Everything that a header is made of is judged here: nothing can be answered once it is unfit.
    ["a line break in a header", { cacheControl: "no-store\r\nx: y" }, "cacheControl must be"],
    ["a header that is no ASCII", { cacheControl: "no-störe" }, "cacheControl must be"],
    ["a text for a list", { cors: { origins: ["https://a.b"], headers: "x-a" } }, "cors must be"],
    ["no name", { cors: { origins: ["https://a.b"], headers: ["x a"] } }, "cors must be"],
    // A text that says no is truthy.
    ["a text", { cors: { origins: ["https://a.b"], credentials: "false" } }, "cors must be"],
    ["a misspelt member", { cors: { origins: ["https://a.b"], header: [] } }, "cors must be"],
    ["no origins", { cors: { credentials: true } }, "cors must be"],
    ["a time beyond timers", { timeouts: { idle: 2 ** 31 } }, "none above 2147483647"],
    ["a header that the proxy writes", { forwardResponseHeaders: ["Vary"] }, "proxy writes itself"],
    ["an origin with a path", { cors: { origins: ["https://app.example/"] } }, "cors must be"],
    ["an unknown webhook rule", { webhooks: "allow" }, 'webhooks must be "forward", "deny"'],
    ["a guard that is none", { guards: ["limit"] }, "guards must be a list of functions"],
    ["another machine", { upstream: "http://10.0.0.1:4000" }, "it receives the key"],
    [
      "an upstream with a path",
      { upstream: "http://127.0.0.1:4000/fal" },
      "upstream must be the origin",
    ],
    ["no object", null, "the configuration must be an object"],
  ])("%s", (_what, config, message) => {
    expect(() => resolveConfig(config as never)).toThrow(TypeError);
    expect(() => resolveConfig(config as never)).toThrow(message);
  });
});

describe("right options", () => {
  it.each<[string, object]>([
    ["nothing", {}],
    [
      "undefined everywhere",
      { allowedEndpoints: undefined, isAuthenticated: undefined, timeouts: undefined },
    ],
    [
      "a published configuration",
      {
        allowedUrlPatterns: [
          "fal.run/**",
          "rest.fal.ai/storage/upload/initiate\\?storage_type=fal-cdn-v3",
        ],
        allowedEndpoints: ["fal-ai/flux/**"],
        allowUnauthorizedRequests: false,
      },
    ],
    ["loopback by each of its names", { upstream: "http://localhost:4000" }],
    ["IPv6 loopback", { upstream: "http://[::1]:4000" }],
    ["the longest time", { timeouts: { connect: undefined, idle: 2 ** 31 - 1 } }],
    [
      "all of cors",
      {
        cors: { origins: ["https://a.b"], credentials: true, headers: ["x-a"] },
        cacheControl: "a",
      },
    ],
    ["another machine, said so", { upstream: { url: "https://fal.test", remote: true } }],
  ])("%s", (_what, config) => {
    expect(() => resolveConfig(config)).not.toThrow();
  });

  it("fills in what the documentation promises", () => {
    expect(resolveProxyConfig({})).toEqual({
      allowedUrlPatterns: DEFAULT_ALLOWED_URL_PATTERNS,
      allowedEndpoints: [],
      allowUnauthorizedRequests: true,
    });
    const isAuthenticated = async (): Promise<boolean> => true;
    expect(resolveProxyConfig({ isAuthenticated }).allowUnauthorizedRequests).toBe(false);
  });

  it("warns about an open proxy once, and not about a closed one", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.resetModules();
    const fresh = await import("../src/config.ts");
    fresh.resolveConfig({ allowedEndpoints: ["a/b"], isAuthenticated: () => true });
    expect(warn).not.toHaveBeenCalled();
    fresh.resolveConfig({});
    fresh.resolveConfig({});
    expect(warn.mock.calls.flat().join("\n")).toMatch(/allowedEndpoints is empty[^]*your key pays/);
    expect(warn).toHaveBeenCalledTimes(2);
    warn.mockRestore();
  });
});
