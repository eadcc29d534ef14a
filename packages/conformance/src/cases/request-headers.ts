/** Rules P-28 to P-33 and P-73: what fal is told about a request, and what it is not. */
import { randomBytes } from "node:crypto";
import type { Case } from "../case.ts";
import type { Exchange } from "../rig.ts";
import { inTopic, relayed } from "../wants.ts";

/** fal received exactly this. */
function received(exchange: Exchange, name: string, value: string): void {
  const got = relayed(exchange).headers[name];
  exchange.want(got === value, `fal receives ${name}: ${value}`);
}

function notReceived(exchange: Exchange, ...names: string[]): void {
  const { headers } = relayed(exchange);
  const found = names.filter((name) => headers[name] !== undefined);
  exchange.want(found.length === 0, `fal does not receive ${found.join(", ")}`);
}

/** The names of P-29 that begin with x-fal-; spelled as the clients spell them. */
const documented = [
  ["X-Fal-Request-Timeout", "30"],
  ["X-Fal-Request-Start-Timeout", "30.5"],
  ["x-fal-queue-priority", "low"],
  ["x-fal-runner-hint", "hint-{m}"],
  ["X-Fal-Object-Lifecycle", '{"expiration_duration_seconds":3600}'],
  ["x-fal-object-lifecycle-preference", '{"expiration_duration_seconds":3600}'],
  ["X-Fal-Store-IO", "0"],
  ["x-fal-no-retry", "1"],
  ["x-fal-retry-config", '{"timeout":{"retries":0}}'],
  ["x-fal-disable-fallbacks", "true"],
  ["x-fal-tags", "team=blue,job=7"],
  ["x-fal-file-name", "a cat.png"],
  ["X-Fal-User-Agent", "fal-dart/1.0"],
] as const;

export const requestHeaderCases: Case[] = inTopic("request-headers", [
  {
    id: "request-headers-accept",
    title: "accept reaches fal unchanged",
    rule: "P-28",
    level: "MUST",
    faults: ["R8"],
    hint: "fal chooses between an event stream and JSON by it.",
    run: async (rig) => {
      const value = "application/json, text/event-stream";
      received(await rig.call({ headers: [["accept", value]] }), "accept", value);
    },
  },
  {
    id: "request-headers-content-type",
    title: "a content-type that says what the body is reaches fal unchanged",
    rule: "P-28",
    level: "MUST",
    faults: ["R8"],
    hint: "Copy it with its parameters; do not force JSON.",
    run: async (rig) => {
      for (const value of ["application/json; charset=utf-8", "text/html", "audio/wav"]) {
        const exchange = await rig.call({ headers: [["content-type", value]], body: "{}" });
        received(exchange, "content-type", value);
      }
    },
  },
  {
    id: "request-headers-content-type-untold",
    title: "a content-type that says nothing becomes JSON",
    rule: "P-82",
    level: "MUST",
    hint: "What fetch writes by itself for a text is text/plain, JSON as well.",
    run: async (rig) => {
      for (const value of ["text/plain;charset=UTF-8", "text/plain", null]) {
        const exchange = await rig.call({ headers: [["content-type", value]] });
        received(exchange, "content-type", "application/json");
        exchange.want(
          Buffer.from(exchange.fal[0]?.body ?? []).toString() === `{"prompt":"${exchange.marker}"}`,
          "the body arrives unchanged",
        );
      }
    },
  },
  {
    id: "request-headers-x-fal",
    title: "the x-fal-* headers that fal documents reach fal",
    rule: "P-29",
    level: "MUST",
    faults: ["R9"],
    hint: "Copy the names of P-29, each by its whole name.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: documented });
      for (const [name, value] of documented) {
        received(exchange, name.toLowerCase(), value.replace("{m}", exchange.marker));
      }
    },
  },
  {
    id: "request-headers-x-app-fal",
    title: "so does x-app-fal-disable-fallback",
    rule: "P-29",
    level: "MUST",
    hint: "It does not begin with x-fal-: copy it too.",
    run: async (rig) => {
      const headers = [["x-app-fal-disable-fallback", "true"]] as const;
      received(await rig.call({ headers }), "x-app-fal-disable-fallback", "true");
    },
  },
  {
    id: "request-headers-x-fal-others",
    title: "any other x-fal-* or x-app-fal-* header does not reach fal",
    rule: "P-73",
    level: "MUST",
    hint: "Copy whole names, not what begins with x-fal-: a header not yet invented may set whom to bill.",
    run: async (rig) => {
      const word = randomBytes(4).toString("hex");
      const names = [
        `x-fal-${word}`,
        `x-app-fal-${word}`,
        `X-Fal-${word}-Id`,
        "x-fal-",
        "x-app-fal-",
        "x-fal-priority",
        "x-fal-billing-account",
        "x-fal-organization",
        "x-fal-team-id",
        "x-fal-machine-type",
        "x-fal-region",
        "x-fal-webhook",
        "x-fal-retention",
        "x-fal-admin",
        "x-fal-runner-health-check",
        "x-app-fal-can-disable-filter",
        "x-fal-authorization",
        "x-fal-queue-priority-2",
        "x-fal-runner-hints",
        "x-fal-tag",
        "x-fal-request",
        "x-fal-request-timeout-type",
        "x-fal-store-io-override",
        "x-app-fal-queue-priority",
      ];
      const exchange = await rig.call({ headers: names.map((name) => [name, word] as const) });
      const told = Object.entries(relayed(exchange).headers)
        .filter(([, value]) => value.includes(word))
        .map(([name]) => name);
      exchange.want(told.length === 0, `fal does not receive ${told.join(", ")}`);
    },
  },
  {
    id: "request-headers-app-context",
    title: "headers which only apps inside fal may set are not passed on",
    rule: "P-73",
    level: "MUST",
    hint: "Drop x-fal-request-id, x-fal-cdn-token and x-fal-user-id.",
    run: async (rig) => {
      const names = ["x-fal-request-id", "x-fal-cdn-token", "x-fal-user-id"];
      const exchange = await rig.call({
        headers: names.map((name) => [name, "invented"] as const),
      });
      notReceived(exchange, ...names);
    },
  },
  {
    id: "request-headers-target",
    title: "the target header itself is not sent to fal",
    rule: "P-73",
    level: "MUST",
    faults: ["R15"],
    hint: "It begins with x-fal- but belongs to the proxy.",
    run: async (rig) => notReceived(await rig.call(), "x-fal-target-url"),
  },
  {
    id: "request-headers-cookie",
    title: "cookies are not sent to fal",
    rule: "P-30",
    level: "MUST",
    hint: "Copy by a list of what passes, not by a list of what does not.",
    run: async (rig) => {
      notReceived(await rig.call({ headers: [["cookie", "session=secret; other=1"]] }), "cookie");
    },
  },
  {
    id: "request-headers-forwarded",
    title: "addresses and names that intermediaries add are not sent to fal",
    rule: "P-30",
    level: "MUST",
    hint: "Drop forwarded, x-forwarded-* and x-real-ip.",
    run: async (rig) => {
      const headers = [
        ["x-forwarded-for", "203.0.113.7"],
        ["x-forwarded-host", "app.example"],
        ["x-forwarded-proto", "https"],
        ["x-real-ip", "203.0.113.7"],
        ["forwarded", "for=203.0.113.7"],
      ] as const;
      notReceived(await rig.call({ headers }), ...headers.map(([name]) => name));
    },
  },
  {
    id: "request-headers-hop-by-hop",
    title: "hop-by-hop headers, and those that connection names, are not sent to fal",
    rule: "P-30",
    level: "MUST",
    hint: "RFC 9110 section 7.6.1: they belong to one connection.",
    run: async (rig) => {
      const headers = [
        ["connection", "close, x-fal-tags"],
        ["x-fal-tags", "hop=this"],
        ["keep-alive", "timeout=5"],
        ["te", "trailers"],
        ["proxy-authorization", "Basic eDp5"],
        ["proxy-connection", "keep-alive"],
        ["upgrade", "h2c"],
      ] as const;
      const names = headers.map(([name]) => name).filter((name) => name !== "connection");
      const exchange = await rig.call({ headers });
      notReceived(exchange, ...names);
      const connection = relayed(exchange).headers["connection"] ?? "";
      exchange.want(
        !connection.includes("x-fal-tags"),
        "the caller's connection header is not sent",
      );
    },
  },
  {
    id: "request-headers-host",
    title: "fal receives its own host, not the proxy's",
    rule: "P-30",
    level: "MUST",
    hint: "Let the HTTP client write the host header.",
    run: async (rig) => {
      const exchange = await rig.call();
      const host = relayed(exchange).headers["host"];
      exchange.want(host !== rig.url.host, "the host header is that of the upstream");
    },
  },
  {
    id: "request-headers-others",
    title: "other headers of the caller are not sent to fal",
    rule: "P-31",
    level: "SHOULD",
    hint: "A short list of what passes cannot leak what nobody thought of.",
    run: async (rig) => {
      const headers = [
        ["origin", "https://app.example"],
        ["referer", "https://app.example/private?x=1"],
        ["sec-ch-ua", '"Browser"'],
        ["x-csrf-token", "secret"],
        ["x-api-key", "secret"],
        ["cf-connecting-ip", "203.0.113.7"],
        ["if-none-match", '"abc"'],
        ["range", "bytes=0-1"],
      ] as const;
      notReceived(await rig.call({ headers }), ...headers.map(([name]) => name));
    },
  },
  {
    id: "request-headers-odd-names",
    title: "a header named like a member of every object is no obstacle",
    rule: "P-14",
    level: "MUST",
    hint: "In JavaScript a plain object already has a `constructor`, and Node's headersDistinct has thrown over it.",
    run: async (rig) => {
      const names = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "length"];
      relayed(await rig.call({ headers: names.map((name) => [name, "conformance"] as const) }));
      for (const name of names) {
        const headers = [
          [name, "conformance"],
          [name, "{m}"],
        ] as const;
        relayed(await rig.call({ headers }));
      }
    },
  },
  {
    id: "request-headers-absent",
    title: "what the caller did not send is not made up",
    rule: "P-32",
    level: "MUST",
    faults: ["R28"],
    hint: "Setting a header to an undefined variable sends the word undefined: leave it out.",
    run: async (rig) => {
      const exchange = await rig.call({
        method: "GET",
        target: "https://queue.fal.run/conformance/{m}/requests/r1/status",
        headers: [
          ["user-agent", null],
          ["accept", null],
          ["content-type", null],
        ],
      });
      const request = relayed(exchange);
      for (const [name, value] of Object.entries(request.headers)) {
        const made = /^(undefined|null|None|nil|NaN|\[object Object\]|)$/.test(value);
        exchange.want(
          !made || name === "content-length",
          `${name} is left out, not sent as "${value}"`,
        );
      }
    },
  },
  {
    id: "request-headers-client-proxy",
    title: "the proxy names itself in x-fal-client-proxy",
    rule: "P-33",
    level: "SHOULD",
    hint: "Set it yourself, and do not pass on what the caller put there.",
    run: async (rig) => {
      const exchange = await rig.call({ headers: [["x-fal-client-proxy", "invented"]] });
      const name = relayed(exchange).headers["x-fal-client-proxy"];
      exchange.want(
        name !== undefined && !name.includes("invented"),
        "fal receives the proxy's own name",
      );
    },
  },
]);
