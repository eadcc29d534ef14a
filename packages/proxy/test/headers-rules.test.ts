/** The rules of `headers.ts` one by one, at their edges; `headers.test.ts` sees them on the wire. */
import { describe, expect, test } from "vitest";
import { resolveConfig } from "../src/config.ts";
import {
  answerHeaders,
  forwardHeaders,
  mayBeListed,
  mayBeRelayed,
  mergeVary,
  relayHeaders,
  saysNothing,
  withoutCoding,
} from "../src/headers.ts";
import type { OpenCall } from "../src/open-call.ts";
import type { ProxyConfig } from "../src/options.ts";

const KEY = "5f0c-id:0123456789abcdef";

/** As much of a call as the rules read. */
function call(options: ProxyConfig = {}, more: object = {}): OpenCall & { mentioned: string[] } {
  const mentioned: string[] = [];
  const config = { ...resolveConfig(options), mention: (name: string) => mentioned.push(name) };
  return {
    config,
    mentioned,
    id: "express",
    keepsCoding: true,
    credential: `Key ${KEY}`,
    target: { url: "https://queue.fal.run/fal-ai/a" },
    header: () => undefined,
    ...more,
  } as never;
}
const asking = (headers: Record<string, string>, more: object = {}) => ({
  headers: () => Object.entries(headers),
  ...more,
});
const forward = (headers: Record<string, string>, more: object = {}) =>
  forwardHeaders(call({}, asking(headers, more)), `Key ${KEY}`);
const relay = (list: [string, string][], options: ProxyConfig = {}, more: object = {}) => ({
  ...relayHeaders(call(options, more), list),
});

describe("to fal", () => {
  const always = {
    authorization: `Key ${KEY}`,
    "x-fal-client-proxy": "@fal-ai/server-proxy/express",
  };

  test("nothing but what is listed, the key, and who sends it", () => {
    expect(forward({ accept: "a/b", cookie: "c", "x-other": "d" })).toEqual({
      ...always,
      accept: "a/b",
    });
  });

  test("a field that Connection names stays, in any case, between any spaces and commas", () => {
    const sent = { accept: "a/b", "user-agent": "me", "x-fal-tags": "t", "accept-language": "de" };
    expect(forward({ ...sent, connection: "Keep-Alive , ACCEPT,User-Agent  x-fal-tags" })).toEqual({
      ...always,
      "accept-language": "de",
    });
    expect(forward({ ...sent, upgrade: "accept" })).toEqual({ ...always, ...sent });
  });

  test("only a dropped header of fal's, at the start of a name, is mentioned", () => {
    const asked = call(
      {},
      asking({
        "x-fal-new": "1",
        "x-app-fal-new": "1",
        "my-x-fal-new": "1",
        "x-other": "1",
        "x-fal-target-url": "https://fal.run",
        "x-fal-tags": "passes",
        connection: "close",
      }),
    );
    forwardHeaders(asked, "Key k");
    expect(asked.mentioned).toEqual(["x-fal-new", "x-app-fal-new"]);
  });

  test.each([
    ["gzip, deflate, br, zstd", "gzip, deflate, br"],
    ["zstd;q=1.0,gzip ;q=0.5", "gzip ;q=0.5"],
    ["x-gzip", "x-gzip"],
    ["IDENTITY", "IDENTITY"],
    ["my-gzip", undefined],
    ["brotli", undefined],
    ["zstd", undefined],
    ["", undefined],
  ])("of the codings %j those that can be read: %j", (sent, passed) => {
    expect(forward({ "accept-encoding": sent })["accept-encoding"]).toBe(passed);
  });

  test("none is asked for where they cannot be kept, or by a caller who named none", () => {
    const deaf = { keepsCoding: false };
    expect(forward({ "accept-encoding": "gzip" }, deaf)).not.toHaveProperty("accept-encoding");
    expect(forward({})).not.toHaveProperty("accept-encoding");
  });

  test("a body of no type, or of fetch's for a text, is JSON; without a body none is named", () => {
    const body = { body: "{}" };
    for (const type of ["text/plain", " text/plain ; charset=UTF-8", ""]) {
      expect(forward({ "content-type": type }, body)["content-type"]).toBe("application/json");
    }
    expect(forward({}, body)["content-type"]).toBe("application/json");
    expect(forward({ "content-type": "image/png" }, body)["content-type"]).toBe("image/png");
    expect(forward({})).not.toHaveProperty("content-type");
    expect(["text/plainer", "x text/plain", "text/plain x"].filter(saysNothing)).toEqual([]);
  });
});

describe("from fal", () => {
  test("what may be joined is joined; of everything else the first counts", () => {
    const lists = [
      "accept-ranges",
      "content-encoding",
      "content-language",
      "ratelimit",
      "ratelimit-policy",
    ];
    const single = ["content-type", "retry-after", "x-fal-request-id", "content-length"];
    const twice = [...lists, ...single].flatMap((name): [string, string][] => [
      [name, "1"],
      [name, "2"],
    ]);
    expect(relay(twice)).toEqual({
      ...Object.fromEntries(lists.map((name) => [name, "1, 2"])),
      ...Object.fromEntries(single.map((name) => [name, "1"])),
    });
  });

  test("a stream is not to be collected on the way, and nothing else says so", () => {
    const typed = (type: string) => relay([["content-type", type]])["x-accel-buffering"];
    expect(["text/event-stream", "Text/Event-Stream; charset=utf-8"].map(typed)).toEqual([
      "no",
      "no",
    ]);
    expect(["text/html", "x-text/event-stream", "text/event-streams"].map(typed)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(relay([["retry-after", "1"]])).toEqual({ "retry-after": "1" });
  });

  test.each([
    ["the whole key", KEY, `Key ${KEY}`, true],
    ["its secret half", "0123456789abcdef", `Key ${KEY}`, true],
    ["its secret half, encoded", "a%20secret%2Fof%20mine", "Key id:a secret/of mine", true],
    ["its id", "5f0c-id", `Key ${KEY}`, false],
    ["a half of eight characters", "12345678", "Key id:12345678", true],
    ["a half of seven, by chance", "1234567", "Key id:1234567", false],
    ["a short key, whole", "id:1234567", "Key id:1234567", true],
    ["a key behind several spaces", "0123456789", "Key   0123456789", true],
    ["anything, without a key", "0123456789", undefined, false],
    ["anything, with a key that is no credential", "bare", "bare", false],
  ])("%s is found in a header: %s of %s is dropped: %s", (_, text, credential, dropped) => {
    const value = `before ${text} after`;
    expect(relay([["x-fal-note", value]], {}, { credential })).toEqual(
      dropped ? {} : { "x-fal-note": value },
    );
  });

  test("a body whose coding was undone has neither its coding's name nor its coded length", () => {
    const list: [string, string][] = [
      ["content-type", "a/b"],
      ["content-encoding", "gzip"],
      ["content-length", "3"],
      ["retry-after", "1"],
    ];
    expect(withoutCoding(list).map(([name]) => name)).toEqual(["content-type", "retry-after"]);
  });
});

describe("around every answer", () => {
  test("a cache is told what an answer depends on", () => {
    expect(answerHeaders(call())["vary"]).toBe("x-fal-target-url");
    expect(answerHeaders(call({ cors: { origins: ["https://a.example"] } }))["vary"]).toBe(
      "x-fal-target-url, origin",
    );
  });

  test.each([
    ["", "a", "a"],
    ["a", "A", "a"],
    ["Accept , b,c", "ACCEPT,C ,d", "Accept, b, c, d"],
    [",a,", "b", "a, b"],
    ["a b", "c", "a b, c"],
  ])("vary %j and %j are %j", (first, second, both) => {
    expect(mergeVary(first, second)).toBe(both);
  });
});

test("what an option may name is matched whole", () => {
  expect(
    ["my-host", "connection-id", "tea", "x-upgrade", "hosting"].filter(mayBeListed),
  ).toHaveLength(5);
  expect(["host", "connection", "te", "upgrade", "proxy-any"].filter(mayBeListed)).toEqual([]);
  expect(["my-vary", "vary-by", "x-cache-control"].filter(mayBeRelayed)).toHaveLength(3);
  expect(["vary", "cache-control", "access-control-any"].filter(mayBeRelayed)).toEqual([]);
});
