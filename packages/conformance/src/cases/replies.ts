/** Rules P-40 to P-42 and P-45: status and bytes of a reply, and that no cache keeps it. */
import { randomBytes } from "node:crypto";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { Case } from "../case.ts";
import type { Exchange, Rig } from "../rig.ts";
import { headerList, inTopic, lists, relayed, singleHeader, soon } from "../wants.ts";
import { validators } from "./hostile-replies.ts";
import { dropped } from "./reply-headers.ts";

async function statusesPass(rig: Rig, statuses: readonly number[]): Promise<void> {
  for (const status of statuses) {
    const body = `{"detail":"answer ${status}"}`;
    const exchange = await rig.call({ answer: { status, body } });
    relayed(exchange, status);
    exchange.want(exchange.reply.body.toString() === body, "the caller receives fal's body");
  }
}

/** The body as a client decodes it. */
function decoded(exchange: Exchange): Buffer | undefined {
  const { body } = exchange.reply;
  try {
    switch (singleHeader(exchange, "content-encoding")?.toLowerCase()) {
      case undefined:
      case "identity":
        return body;
      case "gzip":
        return gunzipSync(body);
      case "br":
        return brotliDecompressSync(body);
      case "deflate":
        return inflateSync(body);
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

export const replyCases: Case[] = inTopic("replies", [
  {
    id: "replies-status-success",
    title: "2xx arrive as they are",
    rule: "P-40",
    level: "MUST",
    hint: "202 means still waiting: copy the status.",
    run: (rig) => statusesPass(rig, [200, 201, 202]),
  },
  {
    id: "replies-status-client-errors",
    title: "4xx arrive as they are",
    rule: "P-40",
    level: "MUST",
    faults: ["R1"],
    hint: "Set the status before you write the body, in the streaming branch too.",
    run: (rig) => statusesPass(rig, [400, 401, 403, 404, 408, 409, 422, 429, 499]),
  },
  {
    id: "replies-status-server-errors",
    title: "5xx arrive as they are",
    rule: "P-40",
    level: "MUST",
    faults: ["R1"],
    hint: "The rule about retried statuses (P-57) is about the proxy's own answers; fal's pass.",
    run: (rig) => statusesPass(rig, [500, 502, 503, 504]),
  },
  {
    id: "replies-status-streamed",
    title: "the status of a streamed error arrives",
    rule: "P-40",
    level: "MUST",
    faults: ["R1"],
    hint: "Write the status before the first chunk.",
    run: async (rig) => {
      const exchange = await rig.call({
        target: "https://fal.run/conformance/{m}/stream",
        answer: { status: 422, body: '{"detail":[{"msg":"no"}]}', chunks: { size: 8, everyMs: 5 } },
      });
      relayed(exchange, 422);
    },
  },
  {
    id: "replies-no-content",
    title: "204 arrives without a body",
    rule: "P-40",
    level: "MUST",
    hint: "A 204 has neither body nor content type.",
    run: async (rig) => {
      const exchange = await rig.call({ method: "PUT", answer: { status: 204 } });
      relayed(exchange, 204);
    },
  },
  {
    id: "replies-redirect",
    title: "redirects are returned, not followed",
    rule: "P-41",
    level: "MUST",
    faults: ["R14"],
    hint: "Tell the HTTP client not to follow: redirect: manual, allow_redirects=False, CheckRedirect, FOLLOWLOCATION off.",
    run: async (rig) => {
      for (const status of [301, 302, 307, 308]) {
        const exchange = await rig.call({
          method: "GET",
          target: "https://fal.run/conformance/{m}/first",
          answer: { status, redirect: "https://fal.run/conformance/elsewhere", body: "" },
        });
        await soon();
        relayed(exchange, status);
        exchange.want(
          singleHeader(exchange, "location") === "https://fal.run/conformance/elsewhere",
          "the caller receives fal's location",
        );
      }
    },
  },
  {
    id: "replies-bytes",
    title: "binary bodies arrive unchanged",
    rule: "P-42",
    level: "MUST",
    faults: [],
    hint: "Do not decode the reply as text.",
    run: async (rig) => {
      const body = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0xc3, 0x28]), randomBytes(200_000)]);
      const headers: Array<[string, string]> = [["content-type", "image/png"]];
      const exchange = await rig.call({ answer: { status: 200, headers, body } });
      relayed(exchange);
      exchange.want(exchange.reply.body.equals(body), "the caller receives the same bytes");
    },
  },
  {
    id: "replies-empty",
    title: "an empty body arrives empty",
    rule: "P-42",
    level: "MUST",
    hint: "Do not parse or fill in what is not there.",
    run: async (rig) => {
      const exchange = await rig.call({ answer: { status: 200, body: "" } });
      relayed(exchange);
      exchange.want(
        exchange.reply.bodyLength === 0 && exchange.reply.complete,
        "the body is empty",
      );
    },
  },
  ...(["gzip", "br", "deflate"] as const).map(
    (encoding) =>
      ({
        id: `replies-${encoding}`,
        title: `a body in ${encoding} can be decoded`,
        rule: "P-42",
        level: "MUST",
        faults: ["R10"],
        hint: "Most HTTP clients decode by themselves: then drop content-encoding and content-length, or turn decoding off.",
        run: async (rig) => {
          const text = JSON.stringify({ text: "é".repeat(2000), encoding });
          const exchange = await rig.call({
            headers: [["accept-encoding", "gzip, deflate, br"]],
            answer: {
              status: 200,
              headers: [["content-type", "application/json"]],
              body: text,
              encoding,
            },
          });
          relayed(exchange);
          exchange.want(exchange.reply.complete, "the body arrives whole");
          exchange.want(
            decoded(exchange)?.toString() === text,
            "decoded as it says, the body is fal's",
          );
        },
      }) satisfies Omit<Case, "topic">,
  ),
  {
    id: "replies-no-store",
    title: "replies are not stored",
    rule: "P-45",
    level: "MUST",
    faults: ["R22"],
    hint: "Send cache-control: no-store in place of fal's: every target has the same URL here.",
    run: async (rig) => {
      const headers: Array<[string, string]> = [
        ["content-type", "application/json"],
        ["cache-control", "public, max-age=3600"],
      ];
      const target = "https://queue.fal.run/conformance/{m}/requests/r1";
      const exchange = await rig.call({
        method: "GET",
        target,
        answer: { status: 200, headers, body: "{}" },
      });
      relayed(exchange);
      const control = headerList(exchange.reply, "cache-control");
      exchange.want(control.includes("no-store"), "cache-control says no-store");
      exchange.want(!control.includes("public"), "fal's cache-control is not passed on");
    },
  },
  {
    id: "replies-vary",
    title: "replies vary by the target header",
    rule: "P-45",
    level: "MUST",
    faults: ["R22"],
    hint: "Send vary: x-fal-target-url.",
    run: async (rig) => {
      const exchange = await rig.call();
      relayed(exchange);
      exchange.want(lists(exchange, "vary", "x-fal-target-url"), "vary names x-fal-target-url");
    },
  },
  {
    id: "replies-no-store-refusal",
    title: "refusals are not stored either",
    rule: "P-45",
    level: "MUST",
    faults: ["R22"],
    hint: "A cached 400 outlives its cause: the same two headers on the proxy's own answers.",
    run: async (rig) => {
      const exchange = await rig.call({ method: "GET", target: "https://evil.example/{m}" });
      exchange.want(lists(exchange, "cache-control", "no-store"), "cache-control says no-store");
      exchange.want(lists(exchange, "vary", "x-fal-target-url"), "vary names x-fal-target-url");
    },
  },
  {
    id: "replies-validators",
    title: "fal's expires, age and etag are not passed on",
    rule: "P-45",
    level: "MUST",
    faults: ["R22"],
    hint: "They would let a cache answer one target with another's reply.",
    run: (rig) => dropped(rig, validators),
  },
  {
    id: "replies-nothing-after",
    title: "no later handler runs for an answered call",
    rule: "P-69",
    level: "MUST",
    faults: ["R13"],
    profile: "chain",
    alone: true,
    hint: "Do not call next() after answering.",
    run: async (rig) => {
      const exchange = await rig.call();
      relayed(exchange);
      const counter = await fetch(new URL("/conformance/next-calls", rig.url));
      exchange.want(
        (await counter.text()).trim() === "0",
        "the handler behind the proxy was not called",
      );
    },
  },
]);
