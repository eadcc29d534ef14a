/** Rules P-69 and P-70: one request in, at most one out, and no header line that nobody judged. */
import type { Case } from "../case.ts";
import type { Exchange, Rig } from "../rig.ts";
import { eventually, inTopic, relayed, soon } from "../wants.ts";

/** What follows the first reply on the connection is waited for. */
const open = { patienceMs: 1500, lingerMs: 300 };

/** A request hidden in the body of another, addressed to the proxy. */
const hidden =
  "POST {path} HTTP/1.1\r\nhost: {host}\r\nx-fal-target-url: {target}/hidden\r\ncontent-length: 2\r\n\r\n{}";

const head =
  "POST {path} HTTP/1.1\r\nhost: {host}\r\nx-fal-target-url: {target}\r\ncontent-type: application/json\r\n";

async function nothingHidden(exchange: Exchange): Promise<void> {
  await soon(100);
  const ran = exchange.fal.filter((request) => request.path.includes("/hidden"));
  exchange.want(ran.length === 0, "the hidden request is not run");
  exchange.want(exchange.fal.length <= 1, "fal receives one request at most");
}

/** Refused, or the connection is closed: never relayed as if it had been in order. */
async function notRelayed(rig: Rig, raw: readonly string[]): Promise<void> {
  const exchange = await rig.call({ raw, ...open });
  await nothingHidden(exchange);
  const isWhole = (): boolean => exchange.fal.some((request) => request.bodyComplete);
  const whole = await eventually(isWhole, 400);
  exchange.want(!whole, "a message with broken framing is not relayed");
}

export const smugglingCases: Case[] = inTopic("smuggling", [
  {
    id: "smuggling-length-and-chunks",
    title: "content-length beside transfer-encoding hides no second request",
    rule: "P-69",
    level: "MUST",
    hint: "RFC 9112 section 6.1: refuse, or let transfer-encoding win and close the connection.",
    run: async (rig) => {
      const raw = [
        `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      ];
      const exchange = await rig.call({ raw, ...open });
      await soon(100);
      const ran = exchange.fal.filter((request) => request.path.includes("/hidden"));
      exchange.want(ran.length === 0, "the hidden request is not run");
    },
  },
  {
    id: "smuggling-two-lengths",
    title: "two different content-lengths are refused",
    rule: "P-69",
    level: "MUST",
    hint: "RFC 9112 section 6.3: an unrecoverable error.",
    run: (rig) =>
      notRelayed(rig, [`${head}content-length: 2\r\ncontent-length: 60\r\n\r\n{}${hidden}`]),
  },
  {
    id: "smuggling-broken-chunk",
    title: "a broken chunk is not relayed as a whole body",
    rule: "P-69",
    level: "MUST",
    hint: "When reading the body fails, break the upstream request off.",
    run: (rig) =>
      notRelayed(rig, [`${head}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nnonsense\r\n\r\n`]),
  },
  {
    id: "smuggling-odd-coding",
    title: "an unknown transfer coding is refused",
    rule: "P-69",
    level: "MUST",
    hint: "Only `chunked` is known; `xchunked` or a doubled header is a way to make two servers disagree.",
    run: async (rig) => {
      await notRelayed(rig, [
        `${head}transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${hidden}`,
      ]);
    },
  },
  {
    id: "smuggling-body-is-body",
    title: "a request written inside a body stays a body",
    rule: "P-69",
    level: "MUST",
    hint: "Send the announced length of bytes, framed by your own HTTP client.",
    run: async (rig) => {
      const body = "POST /queue.fal.run/conformance/hidden HTTP/1.1\r\nhost: x\r\n\r\n";
      const exchange = await rig.call({ body, headers: [["content-type", "text/plain"]] });
      const request = relayed(exchange);
      await nothingHidden(exchange);
      exchange.want(request.bodyLength === body.length, "fal receives it as a body");
    },
  },
  {
    id: "smuggling-header-line",
    title: "a bare line feed or carriage return adds no header",
    rule: "P-70",
    level: "MUST",
    hint: "Servers refuse or split such lines; never write a value with a line break into the upstream request.",
    run: async (rig) => {
      for (const value of ["a\rx-fal-tags: injected=1", "a\n x-fal-tags: injected=1", "a\0b"]) {
        const raw = [
          `${head}x-fal-runner-hint: ${value}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
        ];
        const exchange = await rig.call({ raw, ...open });
        await soon();
        for (const request of exchange.fal) {
          exchange.want(request.headers["x-fal-tags"] === undefined, "fal receives no x-fal-tags");
        }
      }
    },
  },
  {
    id: "smuggling-target-line",
    title: "an encoded line break in the target adds no header",
    rule: "P-70",
    level: "MUST",
    hint: "Never decode the target before it is sent; control characters in its path are refused anyway.",
    run: async (rig) => {
      for (const target of [
        "https://queue.fal.run/conformance/{m}%0d%0ax-fal-injected:%201",
        "https://queue.fal.run/conformance/{m}?x=%0d%0ax-fal-injected:%201",
      ]) {
        const exchange = await rig.call({ target });
        await soon();
        for (const request of exchange.fal) {
          exchange.want(
            request.headers["x-fal-injected"] === undefined,
            "fal receives no x-fal-injected",
          );
        }
      }
    },
  },
  {
    id: "smuggling-trailers",
    title: "trailers of the caller do not become headers",
    rule: "P-70",
    level: "MUST",
    hint: "Drop them.",
    run: async (rig) => {
      const rawBody = [
        "2\r\n{}\r\n0\r\nx-fal-runner-hint: trailer\r\nauthorization: Key trailer:key\r\n\r\n",
      ];
      const headers = [
        ["transfer-encoding", "chunked"],
        ["trailer", "x-fal-runner-hint"],
      ] as const;
      const exchange = await rig.call({ headers, rawBody });
      await soon();
      for (const request of exchange.fal) {
        const told = request.rawHeaders.some((text) => text.includes("trailer"));
        exchange.want(!told, "fal receives nothing of the trailers");
      }
    },
  },
  {
    id: "smuggling-pipelined",
    title: "two requests on one connection are two calls, each judged",
    rule: "P-69",
    level: "MUST",
    hint: "Judge each request by its own headers; keep no state per connection.",
    run: async (rig) => {
      const second =
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nx-fal-target-url: https://evil.example/{m}/hidden\r\n" +
        "connection: close\r\ncontent-length: 2\r\n\r\n{}";
      const raw = [`${head}content-length: 2\r\n\r\n{}${second}`];
      const exchange = await rig.call({ raw, ...open });
      await nothingHidden(exchange);
      // A server that does not pipeline may close the connection instead.
      exchange.want(exchange.fal.length <= 1, "fal receives the first request, or none");
    },
  },
]);
