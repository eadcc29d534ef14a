/** Whose key pays; and keys as operators really paste them: repaired, or refused without repeating them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { resolveConfig } from "../src/config.ts";
import { credentialFor, keyFromEnv, toAuthorization } from "../src/credentials.ts";
import type { Incoming } from "../src/incoming.ts";
import { OpenCall } from "../src/open-call.ts";
import type { ProxyConfig } from "../src/options.ts";

const VARIABLES = ["FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"];

// The developer's own must not decide.
beforeEach(() => VARIABLES.forEach((name) => vi.stubEnv(name, undefined)));
afterEach(() => vi.unstubAllEnvs());

describe("toAuthorization", () => {
  it.each([
    ["id:secret", "Key id:secret"],
    ["  id:secret\n", "Key id:secret"],
    ['"id:secret"', "Key id:secret"],
    ["'id:secret'", "Key id:secret"],
    ["Key id:secret", "Key id:secret"],
    ["key id:secret", "Key id:secret"],
    ["Key   id:secret", "Key id:secret"],
    ["Key\tid:secret", "Key id:secret"],
    ["Key Key id:secret", "Key id:secret"],
    ['"Key id:secret"', "Key id:secret"],
    ['Key "id:secret"', "Key id:secret"],
    ["keyring:secret", "Key keyring:secret"],
    ["undefined:null", "Key undefined:null"],
    ["Bearer eyJ.a.b", "Bearer eyJ.a.b"],
    ["bearer eyJ.a.b", "Bearer eyJ.a.b"],
    ["!:~", "Key !:~"],
  ])("%j becomes %j", (given, wanted) => {
    expect(toAuthorization(given, "It holds")).toBe(wanted);
  });

  it.each([
    [""],
    ["   "],
    ['""'],
    ["Key"],
    ["Key "],
    ["Bearer"],
    ["undefined"],
    ["null"],
    ["Key undefined"],
    [undefined],
    [null],
    [7],
    [["id:secret"]],
  ])("%j is no key", (given) => {
    expect(toAuthorization(given, "It holds")).toMatchObject({
      code: "no_credentials",
      status: 500,
      hint: expect.stringMatching(/^It holds nothing: .*<id>:<secret>/),
    });
  });

  it.each(["id:sec ret\r\nx: y", "id:sec\tret", "id:sec\u007fret", "id:s\u00ebcret"])(
    "%j is a broken key, and is not repeated",
    (given) => {
      const refusal = toAuthorization(given, "It holds");
      expect(refusal).toMatchObject({
        code: "no_credentials",
        message: expect.stringContaining("FAL_KEY"),
        hint: expect.stringMatching(/^It holds a value with spaces or non-ASCII/),
      });
      expect(JSON.stringify(refusal)).not.toMatch(/id:s/);
    },
  );
});

describe("the key in the environment", () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ["one variable", { FAL_KEY: "a:b" }, "a:b"],
    ["a pair", { FAL_KEY_ID: "i", FAL_KEY_SECRET: "s" }, "i:s"],
    ["both", { FAL_KEY: "a:b", FAL_KEY_ID: "i", FAL_KEY_SECRET: "s" }, "a:b"],
    ["a pair beside an empty one", { FAL_KEY: "", FAL_KEY_ID: "i", FAL_KEY_SECRET: "s" }, "i:s"],
    ["half a pair", { FAL_KEY_ID: "i" }, undefined],
    ["the other half", { FAL_KEY_SECRET: "s" }, undefined],
    ["nothing", {}, undefined],
  ])("%s", async (_what, env, wanted) => {
    expect(await keyFromEnv(env)).toBe(wanted);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(await keyFromEnv()).toBe(wanted);
  });
});

describe("where a runtime keeps the key elsewhere", () => {
  it("D8: a secret that must be asked for is waited for (Cloudflare's Secrets Store)", async () => {
    const store = { get: async () => "a:b" };
    expect(await keyFromEnv({ FAL_KEY: store })).toBe("a:b");
    expect(await keyFromEnv({ FAL_KEY_ID: "i", FAL_KEY_SECRET: { get: async () => "s" } })).toBe(
      "i:s",
    );
    vi.stubEnv("FAL_KEY", "c:d");
    expect(await keyFromEnv({ FAL_KEY: { get: async () => null } })).toBe("c:d");
  });

  it("D8: one whose store fails is no key, and no other is taken in its place", async () => {
    vi.stubEnv("FAL_KEY", "c:d");
    const store = { get: () => Promise.reject(new Error("the store is down")) };
    await expect(keyFromEnv({ FAL_KEY: store })).rejects.toThrow("down");
  });
});

describe("who pays", () => {
  const pays = (config: ProxyConfig, rest: Partial<Incoming> = {}) =>
    credentialFor(
      new OpenCall({
        config: resolveConfig(config),
        id: "test",
        method: "POST",
        header: () => undefined,
        headers: () => [],
        body: undefined,
        ip: undefined,
        native: undefined,
        env: { FAL_KEY: "from:env" },
        keepsCoding: true,
        waitUntil: undefined,
        background: new Set(),
        adapterKey: undefined,
        ...rest,
      }),
    );
  const resolver: ProxyConfig = { resolveFalAuth: async () => "from:resolver" };
  const adapterKey = async (): Promise<string> => "from:adapter";
  const own = (value: string): Pick<Incoming, "header"> => ({
    header: (name) => (name === "authorization" ? value : undefined),
  });

  it.each<[string, ProxyConfig, Partial<Incoming>, string]>([
    ["the environment", {}, {}, "Key from:env"],
    ["the adapter before it", {}, { adapterKey }, "Key from:adapter"],
    ["not an adapter without one", {}, { adapterKey: async () => undefined }, "Key from:env"],
    ["not an adapter with an empty one", {}, { adapterKey: async () => "" }, "Key from:env"],
    ["resolveFalAuth before both", resolver, { adapterKey }, "Key from:resolver"],
    [
      "the caller before all, with what was sent",
      resolver,
      { adapterKey, ...own("key  a:b") },
      "key  a:b",
    ],
    ["not the caller's session", resolver, own("Bearer Key a:b"), "Key from:resolver"],
    [
      "not a caller whom isAuthenticated judges",
      { isAuthenticated: () => true },
      own("Key a:b"),
      "Key from:env",
    ],
  ])("%s", async (_what, config, rest, wanted) => {
    expect(await pays(config, rest)).toBe(wanted);
  });

  it.each<[string, ProxyConfig, Partial<Incoming>, RegExp]>([
    ["resolveFalAuth", { resolveFalAuth: async () => undefined }, {}, /^resolveFalAuth returned/],
    ["the adapter", {}, { adapterKey: async () => "a b" }, /^The adapter's key option gave a/],
    ["the environment", {}, { env: {} }, /^The environment variable FAL_KEY holds nothing/],
  ])(
    "a refusal names where the key should have come from: %s",
    async (_what, config, rest, hint) => {
      expect(await pays(config, rest)).toMatchObject({
        code: "no_credentials",
        hint: expect.stringMatching(hint),
      });
    },
  );
});
