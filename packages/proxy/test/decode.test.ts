/** Replies whose coding is undone here, because the host would lose its name. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRouteHandler } from "../src/adapters/nextjs.ts";
import { RUN } from "./support/fronts.ts";
import { startWildFal, type Answer, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
beforeAll(async () => {
  fal = await startWildFal();
});
afterAll(() => fal.close());

const coded =
  (coding: string, body: Uint8Array | "", length?: number): Answer =>
  (response) => {
    response.writeHead(200, {
      "content-encoding": coding,
      ...(length !== undefined && { "content-length": length }),
    });
    response.end(body);
  };

it.each<[string, Answer, string]>([
  ["a coded text", coded("gzip", gzipSync("hello")), "hello"],
  ["the coded form of nothing", coded("gzip", gzipSync("")), ""],
  ["nothing at all, by its length", coded("gzip", "", 0), ""],
  ["nothing at all, in chunks", coded("br", ""), ""],
])("%s is whole", async (_what, answer, wanted) => {
  const { GET } = createRouteHandler({ resolveFalAuth: () => "id:secret", upstream: fal.url });
  fal.answer = answer;
  const headers = { "x-fal-target-url": `https://${RUN}` };
  const reply = await GET(new Request("http://app.example/api/fal/proxy", { headers }));
  expect([reply.status, await reply.text()]).toEqual([200, wanted]);
  expect(reply.headers.get("content-encoding")).toBeNull();
});

it("a part of a coded text is not", async () => {
  const { GET } = createRouteHandler({ resolveFalAuth: () => "id:secret", upstream: fal.url });
  fal.answer = coded("gzip", gzipSync("hello").subarray(0, -6));
  const headers = { "x-fal-target-url": `https://${RUN}` };
  const reply = await GET(new Request("http://app.example/api/fal/proxy", { headers }));
  await expect(reply.text()).rejects.toThrow();
});
