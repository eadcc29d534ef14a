/** Rules P-43 and P-44: which of fal's headers the caller receives, and that no other comes through. */
import { randomBytes } from "node:crypto";
import type { Case } from "../case.ts";
import type { Rig } from "../rig.ts";
import { inTopic, relayed, singleHeader, withoutHeaders } from "../wants.ts";
import * as hostile from "./hostile-replies.ts";

type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** Fal sends these headers and the caller receives each of them. */
async function passes(rig: Rig, status: number, headers: Headers): Promise<void> {
  const exchange = await rig.call({
    answer: { status, headers: headers.map(([name, value]) => [name, value]), body: "{}" },
  });
  relayed(exchange, status);
  for (const [name, value] of headers) {
    exchange.want(singleHeader(exchange, name) === value, `the caller receives ${name}: ${value}`);
  }
}

/** As many as a reply may have: HTTP clients stop reading at 100 fields or at 16 KB. */
const fieldsOfOneReply = 30;

/** Not passed on: the same value under the same name, or the token of this call under any. */
export async function dropped(rig: Rig, given: Headers): Promise<void> {
  const token = `t${randomBytes(6).toString("hex")}`;
  const headers = given.map(([name, value]) => [name, value.replaceAll("{t}", token)] as const);
  for (let from = 0; from < headers.length; from += fieldsOfOneReply) {
    const some = headers.slice(from, from + fieldsOfOneReply);
    const exchange = await rig.call({
      answer: { status: 200, headers: some.map(([name, value]) => [name, value]), body: "{}" },
    });
    relayed(exchange);
    const sent = new Map(some);
    const found = exchange.reply.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name, value]) => sent.get(name) === value || value.includes(token))
      .map(([name]) => name);
    withoutHeaders(exchange, [...new Set(found)]);
  }
}

export const replyHeaderCases: Case[] = inTopic("replies", [
  {
    id: "replies-headers-kept",
    title: "content-type, retry-after and x-fal-* arrive, once each",
    rule: "P-43",
    level: "MUST",
    hint: "Copy these from fal's reply; a framework that adds its own content type makes two.",
    run: (rig) =>
      passes(rig, 504, [
        ["content-type", "application/vnd.conformance+json; charset=utf-8"],
        ["retry-after", "7"],
        ["x-fal-request-id", "11111111-2222-4333-8444-000000000000"],
        ["x-fal-billable-units", "1.50000000"],
        ["x-fal-error-type", "request_timeout"],
        ["x-fal-request-timeout-type", "user"],
        ["x-fal-not-yet-invented", "yes"],
      ]),
  },
  {
    id: "replies-headers-kept-others",
    title: "… and what describes a part, a language or a rate",
    rule: "P-43",
    level: "MUST",
    hint: "They are on the list of P-43: content-language, content-range, accept-ranges, RateLimit fields.",
    run: async (rig) => {
      await passes(rig, 206, [
        // With its charset: a framework adds one where there is none, which is not judged here.
        ["content-type", "application/json; charset=utf-8"],
        ["content-language", "de"],
        ["content-range", "bytes 0-1/10"],
        ["accept-ranges", "bytes"],
      ]);
      await passes(rig, 429, [
        ["ratelimit", '"burst";r=0;t=7'],
        ["ratelimit-policy", '"burst";q=10;w=60'],
        ["ratelimit-limit", "10"],
        ["ratelimit-remaining", "0"],
        ["ratelimit-reset", "7"],
      ]);
    },
  },
  {
    id: "replies-cdn-token",
    title: "a credential of fal's own is not passed on",
    rule: "P-44",
    level: "MUST",
    hint: "x-fal-cdn-token belongs to apps inside fal: the one x-fal-* header that stays here.",
    run: (rig) => dropped(rig, [["x-fal-cdn-token", "{t}"]]),
  },
  {
    id: "replies-set-cookie",
    title: "cookies of fal are not set on the app's origin",
    rule: "P-44",
    level: "MUST",
    faults: ["R15"],
    hint: "Drop set-cookie.",
    run: (rig) => dropped(rig, hostile.cookies),
  },
  {
    id: "replies-hop-by-hop",
    title: "hop-by-hop headers of fal are not passed on",
    rule: "P-44",
    level: "MUST",
    faults: ["R15", "R24"],
    hint: "connection, keep-alive, proxy-*, te, trailer and upgrade belong to one connection.",
    run: (rig) => dropped(rig, hostile.hopByHop),
  },
  {
    id: "replies-upstream-cors",
    title: "CORS headers of fal are not passed on",
    rule: "P-44",
    level: "MUST",
    faults: ["R15", "R24"],
    hint: "fal answers any origin; only the app may say who reads its replies.",
    run: (rig) => dropped(rig, hostile.cors),
  },
  {
    id: "replies-site-wide",
    title: "headers that speak for a whole site are not passed on",
    rule: "P-44",
    level: "MUST",
    faults: ["R24"],
    hint: "HSTS or Clear-Site-Data from fal would be taken as the app's own: copy by a list of what passes.",
    run: (rig) => dropped(rig, hostile.siteWide),
  },
  {
    id: "replies-caches",
    title: "headers for shared caches are not passed on, whoever their vendor is",
    rule: "P-44",
    level: "MUST",
    hint: "A CDN that obeys one hands this reply to the next caller: copy by a list of what passes.",
    run: (rig) => dropped(rig, hostile.caches),
  },
  {
    id: "replies-platforms",
    title: "headers that a server in front would obey are not passed on",
    rule: "P-44",
    level: "MUST",
    hint: "X-Accel-Redirect makes nginx deliver a file of yours: copy by a list of what passes.",
    run: (rig) => dropped(rig, hostile.platforms),
  },
  {
    id: "replies-frameworks",
    title: "headers of the app's own framework are not passed on",
    rule: "P-44",
    level: "MUST",
    hint: "Next obeys x-middleware-rewrite wherever it comes from: copy by a list of what passes.",
    run: (rig) => dropped(rig, hostile.frameworks),
  },
  {
    id: "replies-invented",
    title: "nor any other header that is not on the list",
    rule: "P-44",
    level: "MUST",
    hint: "A list of what does not pass is never finished: copy by a list of what does, by whole names.",
    run: (rig) => dropped(rig, hostile.invented()),
  },
]);
