/** What a guard is shown of a request is what fal runs, or the request is refused. */
import type { Guard } from "../src/index.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hasRepeatedKeys } from "../src/json.ts";
import { fronts, RUN, SUBMIT, type Front } from "./support/fronts.ts";
import { startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => fal.close());

const typed = (type: string, body = '{"a":1}'): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});
const JSON_TYPE = "application/json";
const UPLOAD = "rest.fal.ai/storage/upload/initiate";

describe.each(fronts)("on the %s front", (_name, open) => {
  let front: Front;
  let seen: unknown;
  const reads: Guard = async (call) => void (seen = await call.inputs());
  beforeEach(async () => {
    fal.received.length = 0;
    seen = "nothing";
    front = await open({
      resolveFalAuth: () => "id:secret",
      upstream: fal.url,
      guards: [reads],
      inspectBytes: 20_000_000,
    });
  });
  afterEach(() => front.close());

  it.each<[string, RequestInit, string]>([
    ["an input in the query of a run by POST", typed(JSON_TYPE), `${RUN}?resolution=480p`],
    ["an input in the query of a submit", typed(JSON_TYPE), `${SUBMIT}?seed=1`],
    ["an input in the query of a POST without a body", { method: "POST" }, `${RUN}?seed=1`],
    ["two inputs that a semicolon parts", { method: "GET" }, `${RUN}?prompt=a;num_images=9`],
    ["a form", typed("application/x-www-form-urlencoded"), RUN],
    ["a form of parts", typed("multipart/form-data; boundary=a"), RUN],
    ["UTF-7", typed(`${JSON_TYPE}; charset=utf-7`, '{"a":"+ACIALAAi-num_images"}'), RUN],
    ["UTF-16", typed(`${JSON_TYPE}; Charset="UTF-16LE"`), RUN],
    ["a charset whose name goes on", typed(`${JSON_TYPE}; charset=utf-8-mac`), RUN],
  ])("%s is refused with a 422", async (_what, init, path) => {
    const reply = await front.ask(path, init);
    expect([reply.status, await reply.json()]).toMatchObject([422, { code: "input_not_allowed" }]);
    expect(seen).toBe("nothing");
    expect(fal.received).toEqual([]);
  });

  it.each<[string, RequestInit, string, object]>([
    ["fal's own parameters", typed(JSON_TYPE), `${SUBMIT}?fal_webhook=https://a.b/c`, { a: 1 }],
    [
      "the query of an upload's start",
      typed(JSON_TYPE),
      `${UPLOAD}?storage_type=fal-cdn-v3`,
      { a: 1, storage_type: "fal-cdn-v3" },
    ],
    ["an encoded semicolon", { method: "GET" }, `${RUN}?prompt=a%3Bb`, { prompt: "a;b" }],
    ["a charset that is JSON's", typed(`${JSON_TYPE};charset="UTF-8"; a=b`), RUN, { a: 1 }],
    ["a type of JSON's family", typed("application/vnd.a+json; charset=utf-8"), RUN, { a: 1 }],
    ["text", typed("text/plain;charset=UTF-8"), RUN, { a: 1 }],
  ])("%s passes", async (_what, init, path, inputs) => {
    expect((await front.ask(path, init)).status).toBe(200);
    expect(seen).toEqual(inputs);
  });

  it("a text of 16 MB is read, where the app wants that much read", async () => {
    const image = "x".repeat(16_000_000);
    expect((await front.ask(RUN, typed(JSON_TYPE, JSON.stringify({ image })))).status).toBe(200);
    expect(seen).toEqual({ image });
  });
});

it.each([
  ['{"a":1,"a":2}', true],
  ['{"a":1,"\\u0061":2}', true],
  ['{"\\\\":1,"\\u005c":2}', true],
  ['{"a\\"b":{"a":1},"a":{"a\\"b":[{"a":1},{"a":2}]},"":"a\\\\"}', false],
  ['[{"a":[{},{"b":{}}],"b":"}{\\"a\\":"},{"a":"\\\\\\"{"},"a",{"a":[]}]', false],
  ['[[{"x":[[]],"y":[{"x":1}],"x":0}]]', true],
  ['"a"', false],
])("whether a key stands twice: %s", (text, repeats) => {
  expect(hasRepeatedKeys(text)).toBe(repeats);
});
