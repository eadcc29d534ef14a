/** Rules P-37, P-53 and P-67: limits of size and time, where they are configured. */
import type { Case } from "../case.ts";
import type { Exchange } from "../rig.ts";
import { errorObject, eventually, inTopic, relayed, soon } from "../wants.ts";

const tooLarge = 2 * 1024 * 1024;

async function notDelivered(exchange: Exchange): Promise<void> {
  await soon(100);
  const whole = exchange.fal.some((request) => request.bodyComplete);
  exchange.want(!whole, "fal receives no complete request");
}

export const limitCases: Case[] = inTopic("limits", [
  {
    id: "limits-body",
    title: "a body over the limit is 413, and fal gets no part of it as a whole",
    rule: "P-37",
    level: "MUST",
    faults: ["R31"],
    profile: "small-limits",
    hint: "Judge content-length before the call is made.",
    run: async (rig) => {
      // An early refusal is waited for: bytes sent against a closed connection would destroy it.
      let isAnswered = false;
      const exchange = await rig.call({
        headers: [["content-length", String(tooLarge)]],
        rawBody: [],
        onProgress: () => (isAnswered = true),
        onOpen: (control) => {
          void eventually(() => isAnswered, 1500).then((seen) => {
            if (!seen) control.send(Buffer.alloc(tooLarge, "a"));
          });
        },
      });
      await notDelivered(exchange);
      exchange.want(exchange.reply.status === 413, "the caller is told 413");
      exchange.want(errorObject(exchange).code === "body_too_large", "code is body_too_large");
    },
  },
  {
    id: "limits-body-chunked",
    title: "a body over the limit is not cut when its length was not announced",
    rule: "P-37",
    level: "MUST",
    faults: ["R31"],
    profile: "small-limits",
    hint: "Count while reading; over the limit, break the upstream request off and answer 413 or close.",
    run: async (rig) => {
      const piece = `10000\r\n${"a".repeat(0x10000)}\r\n`;
      const rawBody = [...Array.from({ length: tooLarge / 0x10000 }, () => piece), "0\r\n\r\n"];
      const exchange = await rig.call({ headers: [["transfer-encoding", "chunked"]], rawBody });
      await notDelivered(exchange);
      const { status } = exchange.reply;
      exchange.want(
        status === 413 || status === 0,
        "the caller is told 413, or the connection is closed",
      );
    },
  },
  {
    id: "limits-body-at",
    title: "a body just below the limit passes",
    rule: "P-37",
    level: "MUST",
    profile: "small-limits",
    hint: "The limit is 1 MiB, 1048576 bytes.",
    run: async (rig) => {
      const exchange = await rig.call({ body: Buffer.alloc(1024 * 1024, "a") });
      exchange.want(relayed(exchange).bodyLength === 1024 * 1024, "fal receives all of it");
    },
  },
  {
    id: "limits-headers-poll",
    title: "a poll which fal does not answer in time is 504",
    rule: "P-67",
    level: "SHOULD",
    faults: ["R12", "R27"],
    profile: "small-limits",
    hint: "The limit until the reply's headers is 1500 ms in this profile.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}/requests/r1/status";
      const exchange = await rig.call({
        method: "GET",
        target,
        answer: { delayMs: 8000, body: "{}" },
      });
      exchange.want(exchange.reply.status === 504, "the caller is told 504 after about 1500 ms");
      exchange.want(errorObject(exchange).code === "upstream_timeout", "code is upstream_timeout");
    },
  },
  {
    id: "limits-headers-purchase",
    title: "a paid call which fal does not answer in time is 500, not a status that clients repeat",
    rule: "P-67",
    level: "SHOULD",
    faults: ["R12", "R28"],
    profile: "small-limits",
    hint: "fal may have accepted it: see P-57.",
    run: async (rig) => {
      const exchange = await rig.call({ answer: { delayMs: 8000, body: "{}" } });
      exchange.want(exchange.reply.status === 500, "the caller is told 500 after about 1500 ms");
      exchange.want(errorObject(exchange).code === "upstream_unknown", "code is upstream_unknown");
    },
  },
  {
    id: "limits-idle",
    title: "a stream that falls silent is broken off",
    rule: "P-67",
    level: "SHOULD",
    faults: ["R12"],
    profile: "small-limits",
    hint: "The limit of silence is 1500 ms in this profile; destroy the connection, so that the caller can tell.",
    run: async (rig) => {
      const exchange = await rig.call({
        target: "https://fal.run/conformance/{m}/stream",
        answer: {
          status: 200,
          headers: [["content-type", "text/event-stream"]],
          body: "data: {}\n\ndata: {}\n\n",
          chunks: { size: 10, everyMs: 4500 },
        },
      });
      const { reply } = exchange;
      exchange.want(
        reply.status === 200 && reply.bodyLength <= 10,
        "the caller receives the first event only",
      );
      exchange.want(!reply.complete, "the connection is broken off after about 1500 ms");
    },
  },
  {
    id: "limits-five-minutes",
    title: "a call that takes longer than 300 s is answered",
    rule: "P-53",
    level: "MUST",
    faults: ["R27"],
    needs: ["slow"],
    hint: "Many HTTP clients give up after 300 s: set their limits to fal's, an hour.",
    run: async (rig) => {
      const delayMs = rig.longCallMs;
      const target = "https://fal.run/conformance/{m}";
      relayed(
        await rig.call({ target, patienceMs: delayMs + 20_000, answer: { delayMs, body: "{}" } }),
      );
    },
  },
]);
