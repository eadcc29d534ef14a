/** Rules P-78 and P-79: replies of fal that a proxy cannot write down as they came. */
import type { RecordedRequest } from "fal-emulator";
import type { Case } from "../case.ts";
import type { Call, Exchange, FalAnswer, Rig } from "../rig.ts";
import { errorObject, eventually, headerValues, inTopic, relayed } from "../wants.ts";

const poll: Call = {
  method: "GET",
  target: "https://queue.fal.run/conformance/{m}/requests/r1/status",
};

/** Fal was asked, and the caller has a whole answer of the proxy's own, which is no invitation to buy again. */
export function unusable(exchange: Exchange, what: string, isPaid: boolean): void {
  const { status, complete } = exchange.reply;
  const { length } = exchange.fal;
  exchange.want(length === 1 || (length > 1 && !isPaid), "the call reaches fal once");
  exchange.want(complete, `the caller has a whole answer when fal answers ${what}`);
  exchange.want(status >= 500 && status <= 599, `the caller is told 5xx when fal answers ${what}`);
  // The run was sent and may be paid for (P-57).
  exchange.want(
    !isPaid || ![502, 503, 504].includes(status),
    `the status is none that clients repeat when fal answers ${what}`,
  );
  exchange.want(typeof errorObject(exchange).code === "string", "the error object has a code");
}

async function unusableAll(
  rig: Rig,
  answers: ReadonlyArray<readonly [what: string, answer: FalAnswer]>,
): Promise<void> {
  for (const [what, answer] of answers) {
    unusable(await rig.call({ answer }), what, true);
    unusable(await rig.call({ ...poll, answer }), what, false);
  }
  relayed(await rig.call());
}

const line = (status: string): string => `HTTP/1.1 ${status}\r\n`;
/** The emulator closes the connection after it: a client that was not told might give it to another case. */
const head = (status: string): string => `${line(status)}connection: close\r\n`;
const json = "content-type: application/json\r\n";
const whole = '{"whole":true}';
const ok = `${head("200 OK")}${json}content-length: ${whole.length}\r\n\r\n${whole}`;

/** Fal's whole reply arrives, with these headers beside its own. */
async function readable(rig: Rig, headers: Array<[string, string]>): Promise<Exchange> {
  const exchange = await rig.call({ answer: { status: 200, headers, body: whole } });
  relayed(exchange);
  exchange.want(exchange.reply.complete, "the caller has a whole reply");
  exchange.want(exchange.reply.body.toString() === whole, "the caller receives fal's body");
  const types = headerValues(exchange.reply, "content-type");
  exchange.want(types.length === 1, "the reply has content-type once");
  return exchange;
}

export const unfitReplyCases: Case[] = inTopic("replies", [
  {
    id: "replies-status-unknown",
    title: "a status of 600 or more ends in a 5xx",
    rule: "P-78",
    level: "MUST",
    hint: "Many servers throw when they are told to write such a status: check that it is 200 to 599 before.",
    run: (rig) =>
      unusableAll(
        rig,
        [600, 700, 799, 999].map((status) => [`${status}`, { status, body: '{"fal":"says"}' }]),
      ),
  },
  {
    id: "replies-status-interim",
    title: "an interim status in place of an answer ends in a 5xx",
    rule: "P-78",
    level: "MUST",
    hint: "Some HTTP clients hand over 101 or 103 as the answer, and node:http tells of a 101 by `upgrade` alone: listen, and check that the status is 200 to 599.",
    run: (rig) =>
      unusableAll(
        rig,
        ["101 Switching Protocols", "102 Processing", "103 Early Hints", "199 Odd"].map(
          (status) => [status, { raw: `${line(status)}connection: upgrade\r\nupgrade: x\r\n\r\n` }],
        ),
      ),
  },
  {
    id: "replies-status-malformed",
    title: "a status that is none ends in a 5xx",
    rule: "P-78",
    level: "MUST",
    hint: "Catch what the HTTP client throws, and check what it lets through.",
    run: (rig) =>
      unusableAll(
        rig,
        ["000 Zero", "042 Odd", "1000 Odd", "2 Odd", "-200 Odd", "two", "200200 Odd"].map(
          (status) => [status, { raw: `${head(status)}${json}content-length: 2\r\n\r\n{}` }],
        ),
      ),
  },
  {
    id: "replies-status-unread",
    title: "… and closes the call, instead of reading what cannot be used",
    rule: "P-78",
    level: "MUST",
    hint: "Cancel the body of a reply that you replace: its connection is held until then.",
    run: async (rig) => {
      const chunks = { size: 10, everyMs: 25 };
      const answer = { status: 600, body: "data: {}\n\n".repeat(400), chunks };
      const exchange = await rig.call({ answer });
      unusable(exchange, "600 and a long stream", true);
      const request = exchange.fal[0] as RecordedRequest;
      await eventually(() => request.aborted, 2000);
      exchange.want(request.aborted, "the call to fal is closed");
    },
  },
  {
    id: "replies-early-hints",
    title: "an interim reply before the answer does not replace it",
    rule: "P-78",
    level: "MUST",
    hint: "Wait for the final status; an HTTP client that cannot is a lost answer, 5xx.",
    run: async (rig) => {
      const raw = `${line("103 Early Hints")}link: </x>; rel=preload\r\n\r\n${ok}`;
      const exchange = await rig.call({ answer: { raw } });
      if (exchange.reply.status !== 200) return unusable(exchange, "103 and then 200", true);
      exchange.want(exchange.reply.complete, "the caller has a whole answer");
      exchange.want(exchange.reply.body.toString() === whole, "the caller receives fal's body");
    },
  },
  {
    id: "replies-no-content-body",
    title: "204, 205 and 304 end with their head, whatever fal sends after it",
    rule: "P-79",
    level: "MUST",
    hint: "Some servers throw, some wait, some write the bytes: answer these statuses without a body.",
    run: async (rig) => {
      const length = `${json}content-length: 13\r\n\r\n{"ok":"body"}`;
      const chunked = `${json}transfer-encoding: chunked\r\n\r\nd\r\n{"ok":"body"}\r\n0\r\n\r\n`;
      for (const status of [204, 205, 304]) {
        for (const raw of [
          `${head(`${status} X`)}${length}`,
          `${head(`${status} X`)}${chunked}`,
          `${head(`${status} X`)}${length}${ok}`,
          `${head(`${status} X`)}${json}content-length: 1000\r\n\r\n`,
        ]) {
          // 205 with a length that does not come is a broken reply, like any other.
          if (status === 205 && raw.includes("1000")) continue;
          const exchange = await rig.call({ answer: { raw }, lingerMs: 50 });
          const { reply } = exchange;
          exchange.want(
            reply.status === status || (reply.status >= 500 && reply.status <= 599),
            `the caller is told ${status}, or 5xx`,
          );
          exchange.want(reply.complete, "the caller has a whole reply");
          exchange.want(reply.surplus === 0, "nothing comes on the connection after the reply");
          exchange.want(reply.status !== status || reply.bodyLength === 0, "the reply has no body");
        }
      }
      relayed(await rig.call());
    },
  },
  {
    id: "replies-no-content-stream",
    title: "… and a body without end does not hold the call",
    rule: "P-79",
    level: "MUST",
    hint: "Cancel the body of a 205 as well: its connection is held until then.",
    run: async (rig) => {
      const chunks = { size: 10, everyMs: 25 };
      const answer = { status: 205, body: "data: {}\n\n".repeat(400), chunks };
      const exchange = await rig.call({ answer });
      exchange.want(exchange.fal.length === 1, "the call reaches fal once");
      exchange.want(exchange.reply.complete, "the caller has a whole reply");
      const request = exchange.fal[0] as RecordedRequest;
      await eventually(() => request.aborted, 2000);
      exchange.want(request.aborted, "the call to fal is closed");
    },
  },
  {
    id: "replies-odd-names",
    title: "a header named like a member of every object changes nothing",
    rule: "P-79",
    level: "MUST",
    hint: "In JavaScript a plain object already has a `constructor`: use a Map, a list or Object.create(null).",
    run: async (rig) => {
      const names = ["__proto__", "constructor", "prototype", "toString", "valueOf"];
      names.push("hasOwnProperty", "isPrototypeOf", "__defineGetter__", "length", "then", "status");
      const odd = names.map((name): [string, string] => [name, "conformance"]);
      const type: [string, string] = ["content-type", "application/json"];
      await readable(rig, [type, ...odd]);
      await readable(rig, [...odd, type, ...odd]);
      for (const name of names) await readable(rig, [[name, "conformance"], type]);
    },
  },
  {
    id: "replies-odd-values",
    title: "a header value that is no ASCII ends in a whole reply",
    rule: "P-79",
    level: "MUST",
    hint: "Header values are bytes: pass them as they are or leave the field out, and do not throw.",
    run: async (rig) => {
      const type: [string, string] = ["content-type", "application/json"];
      for (const text of ["Grüße", "€ 5", "日本", "🦊"]) {
        await readable(rig, [type, ["x-fal-note", Buffer.from(text).toString("latin1")]]);
      }
      await readable(rig, [type, ["x-fal-note", "\xff\xfe\x80\xa0"]]);
      await readable(rig, [type, ["x-fal-note", ""]]);
      await readable(rig, [type, ["x-fal-note", "a\tb"]]);
    },
  },
  {
    id: "replies-repeated-field",
    title: "a field that fal sends twice arrives once, with one of its values",
    rule: "P-79",
    level: "MUST",
    hint: "Joined by a comma, two content types are a third: keep the first of each, and no list.",
    run: async (rig) => {
      // With their charset: a framework adds one where there is none, which is not judged here.
      const types = ["application/json; charset=utf-8", "text/html; charset=utf-8"];
      const ids = ["id-1", "id-2"];
      for (const [first = "", second = ""] of [types, types.toReversed()]) {
        const exchange = await readable(rig, [
          ["content-type", first],
          ["x-fal-request-id", "id-1"],
          ["Content-Type", second],
          ["X-Fal-Request-Id", "id-2"],
          ["retry-after", "1"],
          ["retry-after", "2"],
        ]);
        for (const [name, values] of [
          ["content-type", types],
          ["x-fal-request-id", ids],
          ["retry-after", ["1", "2"]],
        ] as const) {
          const got = headerValues(exchange.reply, name);
          exchange.want(
            got.length === 1 && (values as readonly (string | undefined)[]).includes(got[0]),
            `the caller receives ${name} once, as ${values.join(" or ")}`,
          );
        }
      }
    },
  },
]);
