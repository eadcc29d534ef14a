/** Rules P-74 to P-76: fal's reply stands on the app's own origin, so what may act there is named or dropped. */
import type { Case } from "../case.ts";
import type { Exchange, Rig } from "../rig.ts";
import { headerValues, inTopic, lists, relayed, singleHeader, withoutHeaders } from "../wants.ts";
import * as hostile from "./hostile-replies.ts";

/** A location that leads to fal and nowhere else, however it is read. */
const leadsToFal =
  /^https:\/\/([a-z0-9-]+\.)*(fal\.run|fal\.ai|fal\.media|falrun\.com)([/?#][!-[\]-~]*)?$/;

async function movedTo(rig: Rig, locations: readonly string[]): Promise<Exchange> {
  const headers = locations.map((location): [string, string] => ["location", location]);
  const exchange = await rig.call({ answer: { status: 307, headers, body: "" } });
  relayed(exchange, 307);
  return exchange;
}

export const replyOriginCases: Case[] = inTopic("replies", [
  {
    id: "replies-location",
    title: "a location that leads to fal passes",
    rule: "P-74",
    level: "MUST",
    hint: "An absolute https URL on fal.run, fal.ai or fal.media, or below them, goes on as it is.",
    run: async (rig) => {
      for (const location of [
        "https://fal.run/conformance/next?x=1",
        "https://queue.fal.run/conformance/requests/r1",
        "https://rest.fal.ai/storage",
        "https://fal.media/files/a.png",
        "https://v3.fal.media/files/a.png",
      ]) {
        const exchange = await movedTo(rig, [location]);
        exchange.want(
          singleHeader(exchange, "location") === location,
          `the caller receives location: ${location}`,
        );
      }
    },
  },
  {
    id: "replies-location-foreign",
    title: "a location that leads elsewhere, or is relative, is never relayed as it is",
    rule: "P-74",
    level: "MUST",
    hint: "Resolve it against the target; pass the whole result when it is https on a host of fal, or nothing.",
    run: async (rig) => {
      const good = "https://fal.run/conformance";
      const given = [
        ...hostile.locations.map((location) => [location]),
        [good, "/api/admin"],
        ["/api/admin", good],
      ];
      for (const locations of given) {
        const exchange = await movedTo(rig, locations);
        const got = headerValues(exchange.reply, "location").join(", ");
        exchange.want(
          got === "" || leadsToFal.test(got),
          `the caller receives no location, or one on fal, for ${locations.join(" and ")}`,
        );
      }
    },
  },
  {
    id: "replies-key",
    title: "a header of fal's in which the key stands is not passed on",
    rule: "P-75",
    level: "MUST",
    hint: "Look for the key and for its secret half in every value that would pass.",
    run: async (rig) => {
      const secret = rig.key.split(":")[1] as string;
      for (const told of [rig.key, `Key ${rig.key}`, secret, `x${secret}x`]) {
        const headers: Array<[string, string]> = [
          ["content-type", `text/plain; key="${told}"`],
          ["content-language", told],
          ["retry-after", told],
          ["ratelimit-policy", `"${told}";q=1`],
          ["x-fal-request-id", told],
          ["x-fal-error-type", `invalid key ${told}`],
          ["X-Fal-Not-Yet-Invented", told],
          ["location", `https://fal.run/conformance?key=${told}`],
        ];
        const exchange = await rig.call({ answer: { status: 401, headers, body: "{}" } });
        relayed(exchange, 401);
        const found = exchange.reply.headers.filter(([, value]) => value.includes(secret));
        withoutHeaders(
          exchange,
          found.map(([name]) => name),
        );
      }
    },
  },
  {
    id: "replies-key-reason",
    title: "nor is the text behind the status, when the key stands in it",
    rule: "P-75",
    level: "MUST",
    hint: "Write the reason phrase of your own server, never fal's.",
    run: async (rig) => {
      const raw = `HTTP/1.1 401 ${rig.key}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`;
      const exchange = await rig.call({ answer: { raw } });
      relayed(exchange, 401);
      const secret = rig.key.split(":")[1] as string;
      exchange.want(!exchange.reply.reason.includes(secret), "the status line holds no key");
    },
  },
  {
    id: "replies-sandbox",
    title: "what a model returns cannot act as a page of the app",
    rule: "P-76",
    level: "SHOULD",
    hint: "content-security-policy: sandbox; default-src 'none', and cross-origin-resource-policy: same-origin.",
    run: async (rig) => {
      for (const [status, type] of [
        [200, "text/html"],
        [200, "image/svg+xml"],
        [200, "text/event-stream"],
        [404, "application/json"],
      ] as const) {
        const headers: Array<[string, string]> = [["content-type", type]];
        const exchange = await rig.call({ answer: { status, headers, body: "<script>" } });
        relayed(exchange, status);
        const policies = headerValues(exchange.reply, "content-security-policy")
          .join(";")
          .split(/[;,]/)
          .map((directive) => directive.trim().toLowerCase().split(/\s+/));
        const sandbox = policies.find(([name]) => name === "sandbox");
        exchange.want(
          sandbox !== undefined && !sandbox.includes("allow-same-origin"),
          `content-security-policy says sandbox, for ${type}`,
        );
        exchange.want(
          singleHeader(exchange, "cross-origin-resource-policy") === "same-origin",
          `cross-origin-resource-policy is same-origin, for ${type}`,
        );
      }
    },
  },
  {
    id: "replies-nosniff",
    title: "… nor be taken for one",
    rule: "P-76",
    level: "SHOULD",
    hint: "x-content-type-options: nosniff.",
    run: async (rig) => {
      const exchange = await rig.call();
      relayed(exchange);
      exchange.want(
        lists(exchange, "x-content-type-options", "nosniff"),
        "x-content-type-options is nosniff",
      );
    },
  },
]);
