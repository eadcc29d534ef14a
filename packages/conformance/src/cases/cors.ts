/** Rules P-60 to P-62 and P-77: which web pages may call the proxy and read its replies. */
import type { Case } from "../case.ts";
import type { Call, Exchange, Rig } from "../rig.ts";
import {
  errorObject,
  headerList,
  inTopic,
  lists,
  refused,
  relayed,
  singleHeader,
  unsent,
} from "../wants.ts";

const profile = "cors";
const origin = "https://app.example";

/** The headers that the real clients send and a browser therefore asks for. */
const asked =
  "accept,authorization,content-type,x-fal-object-lifecycle,x-fal-queue-priority,x-fal-request-timeout,x-fal-runner-hint,x-fal-target-url";

const preflight = (rig: Rig, from: string): Promise<Exchange> =>
  rig.call({
    method: "OPTIONS",
    target: null,
    headers: [
      ["origin", from],
      ["access-control-request-method", "POST"],
      ["access-control-request-headers", asked],
    ],
  });

function allows(exchange: Exchange): void {
  const allowed = singleHeader(exchange, "access-control-allow-origin");
  exchange.want(allowed === origin, `access-control-allow-origin is ${origin}`);
}

/** What a browser says of a call from a page of another site; a script elsewhere cannot, and need not, say it. */
const crossSite = ["sec-fetch-site", "cross-site"] as const;
const finalRefusals = [400, 401, 403, 404];

export const corsCases: Case[] = inTopic("cors", [
  {
    id: "cors-default",
    title: "unconfigured, no origin is let in with credentials",
    rule: "P-60",
    level: "MUST",
    hint: "Do not reflect the Origin header; a general CORS middleware often does.",
    run: async (rig) => {
      const from = "https://evil.example";
      for (const exchange of [
        await rig.call({ headers: [["origin", from]] }),
        await rig.call({ target: "https://evil.example/{m}", headers: [["origin", from]] }),
        await preflight(rig, from),
      ]) {
        const allowed = singleHeader(exchange, "access-control-allow-origin");
        const credentials = singleHeader(exchange, "access-control-allow-credentials");
        exchange.want(allowed !== from, "the origin is not repeated");
        exchange.want(
          allowed === undefined || credentials !== "true",
          "credentials are not allowed",
        );
      }
    },
  },
  {
    id: "cors-preflight",
    title: "a preflight from an allowed origin is answered with methods and headers",
    rule: "P-61",
    level: "MUST",
    profile,
    hint: "x-fal-target-url makes every call a preflighted one.",
    run: async (rig) => {
      const exchange = await preflight(rig, origin);
      await unsent(exchange, "a preflight is answered here");
      const { status } = exchange.reply;
      exchange.want(status >= 200 && status < 300, "the caller is told 2xx");
      allows(exchange);
      const methods = headerList(exchange.reply, "access-control-allow-methods");
      exchange.want(
        ["get", "post", "put"].every((method) => methods.includes(method)),
        "access-control-allow-methods names GET, POST and PUT",
      );
      const headers = headerList(exchange.reply, "access-control-allow-headers");
      const missing = asked.split(",").filter((name) => !headers.includes(name));
      exchange.want(
        missing.length === 0,
        `access-control-allow-headers names ${missing.join(", ")}`,
      );
    },
  },
  {
    id: "cors-preflight-vary",
    title: "preflights and replies vary by origin",
    rule: "P-61",
    level: "MUST",
    profile,
    hint: "vary: origin, beside x-fal-target-url.",
    run: async (rig) => {
      for (const exchange of [
        await preflight(rig, origin),
        await rig.call({ headers: [["origin", origin]] }),
      ]) {
        exchange.want(lists(exchange, "vary", "origin"), "vary names origin");
      }
    },
  },
  {
    id: "cors-preflight-other-origin",
    title: "a preflight from another origin is not allowed anything",
    rule: "P-62",
    level: "MUST",
    profile,
    hint: "Compare the whole origin with the list.",
    run: async (rig) => {
      for (const from of [
        "https://evil.example",
        "https://app.example.evil.example",
        "https://evil-app.example",
        "http://app.example",
        "https://app.example:8443",
        "null",
      ]) {
        const exchange = await preflight(rig, from);
        await unsent(exchange, "a preflight is never relayed");
        const allowed = singleHeader(exchange, "access-control-allow-origin");
        exchange.want(allowed === undefined, `${from} gets no access-control-allow-origin`);
      }
    },
  },
  {
    id: "cors-reply",
    title: "a reply to an allowed origin can be read, with the headers that clients read",
    rule: "P-62",
    level: "MUST",
    profile,
    hint: "access-control-expose-headers: without it the client's requestId is empty.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [["origin", origin]] });
      relayed(exchange);
      allows(exchange);
      const credentials = singleHeader(exchange, "access-control-allow-credentials");
      exchange.want(
        credentials === "true",
        "access-control-allow-credentials is true, as configured",
      );
      const exposed = headerList(exchange.reply, "access-control-expose-headers");
      for (const name of [
        "x-fal-request-id",
        "x-fal-request-timeout-type",
        "x-fal-billable-units",
      ]) {
        exchange.want(exposed.includes(name), `access-control-expose-headers names ${name}`);
      }
    },
  },
  {
    id: "cors-refusal",
    title: "an error can be read by an allowed origin too",
    rule: "P-62",
    level: "MUST",
    profile,
    hint: "Without the headers on errors the page sees only `Failed to fetch`.",
    run: async (rig) => {
      const headers = [["origin", origin]] as const;
      allows(await rig.call({ target: "https://evil.example/{m}", headers }));
      allows(await rig.call({ headers, answer: { status: 422, body: "{}" } }));
    },
  },
  {
    id: "cors-other-origin",
    title: "another origin gets no such headers",
    rule: "P-62",
    level: "MUST",
    profile,
    hint: "Leave them out; a browser then keeps the reply from the page.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [["origin", "https://evil.example"]] });
      const found = exchange.reply.headers.filter(([name]) => /^access-control-allow/i.test(name));
      exchange.want(found.length === 0, "the reply carries no access-control-allow-*");
    },
  },
  {
    id: "cors-fal-says-nothing",
    title: "fal's own CORS headers neither replace nor double the proxy's",
    rule: "P-62",
    level: "MUST",
    faults: ["R24"],
    profile,
    hint: "Drop fal's before you add yours: two values make the browser refuse both.",
    run: async (rig) => {
      const exchange = await rig.call({
        headers: [["origin", origin]],
        answer: {
          status: 200,
          headers: [
            ["access-control-allow-origin", "*"],
            ["access-control-allow-credentials", "true"],
          ],
          body: "{}",
        },
      });
      relayed(exchange);
      allows(exchange);
    },
  },
  {
    id: "cors-cross-site",
    title: "a call that a page of another site makes is refused",
    rule: "P-77",
    level: "MUST",
    hint: "Look at Sec-Fetch-Site: with a lenient CORS middleware in front, the visitor's cookie would pay.",
    run: async (rig) => {
      const evil = ["origin", "https://evil.example"] as const;
      const status = "https://queue.fal.run/conformance/{m}/requests/r1/status";
      for (const call of [
        { headers: [crossSite] },
        { headers: [crossSite, evil] },
        { headers: [crossSite, ["origin", "null"]] },
        { headers: [crossSite, ["sec-fetch-mode", "no-cors"]] },
        { headers: [crossSite, ["origin", rig.url.origin]] },
        { method: "GET", target: status, headers: [crossSite] },
        { method: "PUT", target: status.replace("/status", "/cancel"), headers: [crossSite] },
      ] satisfies Call[]) {
        await refused(await rig.call(call), "another site's page asks for it", finalRefusals);
      }
    },
  },
  {
    id: "cors-cross-site-code",
    title: "… with 403 and the code origin_not_allowed",
    rule: "P-77",
    level: "SHOULD",
    hint: "See the table of codes.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [crossSite] });
      exchange.want(exchange.reply.status === 403, "the caller is told 403");
      exchange.want(
        errorObject(exchange).code === "origin_not_allowed",
        "code is origin_not_allowed",
      );
    },
  },
  {
    id: "cors-same-site",
    title: "the app's own pages, and callers that are no browser, are not meant",
    rule: "P-77",
    level: "MUST",
    hint: "Only the value cross-site is refused; same-origin, same-site and none pass.",
    run: async (rig) => {
      for (const value of ["same-origin", "same-site", "none", null]) {
        relayed(await rig.call({ headers: [["sec-fetch-site", value]] }));
      }
    },
  },
  {
    id: "cors-cross-site-allowed",
    title: "where origins are allowed, their pages may call",
    rule: "P-77",
    level: "MUST",
    profile,
    hint: "Ask the list of origins before you refuse.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [crossSite, ["origin", origin]] });
      relayed(exchange);
      allows(exchange);
    },
  },
  {
    id: "cors-cross-site-others",
    title: "… and no other's",
    rule: "P-77",
    level: "MUST",
    profile,
    hint: "The list of origins lets its own members in; without an Origin nobody is one.",
    run: async (rig) => {
      for (const from of [null, "null", "https://evil.example", `${origin}.evil.example`]) {
        const exchange = await rig.call({ headers: [crossSite, ["origin", from]] });
        await refused(exchange, "another site's page asks for it", finalRefusals);
      }
    },
  },
]);
