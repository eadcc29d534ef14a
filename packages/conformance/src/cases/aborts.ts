/** Rules P-50 to P-52: a break on one side is a break on the other. */
import type { RecordedRequest } from "fal-emulator";
import type { Case } from "../case.ts";
import type { Call, Exchange, Rig } from "../rig.ts";
import { eventually, inTopic, relayed } from "../wants.ts";

/** Milliseconds from the caller's leaving to fal's noticing; Infinity when it did not within the patience. */
async function abortDelay(
  rig: Rig,
  call: Call,
  when: "in-stream" | "before-answer",
  patienceMs: number,
): Promise<{ delay: number; exchange: Exchange }> {
  let left = 0;
  const exchange = await rig.call({
    ...call,
    onProgress: (reply, control) => {
      if (when !== "in-stream" || reply.pieces.length < 2 || left > 0) return;
      left = Date.now();
      control.leave();
    },
    onOpen: (control, side) => {
      if (when !== "before-answer") return;
      void eventually(() => side.fal.length > 0, 2000).then(() => {
        setTimeout(() => {
          left = Date.now();
          control.leave();
        }, 50);
      });
    },
  });
  exchange.want(exchange.fal.length > 0, "the call reaches fal");
  const request = exchange.fal[0] as RecordedRequest;
  exchange.want(left > 0, "the reply begins before the caller goes away");
  await eventually(() => request.aborted, patienceMs);
  const delay = request.aborted ? (request.abortedAt ?? Date.now()) - left : Infinity;
  return { delay, exchange };
}

/** The best of three: the machine may be busy, a proxy that does not abort never does. */
async function abortsWithin(
  rig: Rig,
  limitMs: number,
  call: Call,
  when: "in-stream" | "before-answer",
): Promise<void> {
  let best: { delay: number; exchange: Exchange } | undefined;
  for (let attempt = 0; attempt < 3; attempt++) {
    const seen = await abortDelay(rig, call, when, limitMs + 300);
    if (best === undefined || seen.delay < best.delay) best = seen;
    if (best.delay <= limitMs) return;
  }
  const took = best?.delay === Infinity ? "it went on" : `it took ${best?.delay} ms`;
  best?.exchange.want(false, `the call to fal is closed within ${limitMs} ms (${took})`);
}

const endless: Call = {
  target: "https://fal.run/conformance/{m}/stream",
  headers: [["accept", "text/event-stream"]],
  patienceMs: 2500,
  answer: {
    status: 200,
    headers: [["content-type", "text/event-stream"]],
    body: "data: {}\n\n".repeat(200),
    chunks: { size: 10, everyMs: 25 },
  },
};

const silent: Call = {
  target: "https://fal.run/conformance/{m}",
  answer: { delayMs: 6000, body: "{}" },
};

export const abortCases: Case[] = inTopic("aborts", [
  {
    id: "aborts-in-stream",
    title: "a caller who leaves a stream ends the call to fal",
    rule: "P-50",
    level: "MUST",
    faults: ["R12"],
    hint: "Listen for the close of the caller's connection, or stop when a write to it fails, and close the upstream call then.",
    run: (rig) => abortsWithin(rig, 2000, endless, "in-stream"),
  },
  {
    id: "aborts-in-stream-fast",
    title: "… within 100 ms",
    rule: "P-50",
    level: "SHOULD",
    faults: ["R12"],
    alone: true,
    hint: "Do not wait for a failing write: react to the close event (request.signal, res.on('close'), context cancellation).",
    run: (rig) => abortsWithin(rig, 100, endless, "in-stream"),
  },
  {
    id: "aborts-before-answer",
    title: "a caller who leaves before fal has answered ends the call within 100 ms",
    rule: "P-51",
    level: "SHOULD",
    faults: ["R12"],
    alone: true,
    hint: "Give the upstream call a cancellation that the close of the caller's connection triggers.",
    run: (rig) => abortsWithin(rig, 100, silent, "before-answer"),
  },
  {
    id: "aborts-short-body",
    title: "a body that fal cuts short does not look whole",
    rule: "P-52",
    level: "MUST",
    faults: ["R23"],
    hint: "Pass content-length on, or destroy the connection when the upstream breaks off. Do not end the reply in order.",
    run: async (rig) => {
      const body = "x".repeat(100_000);
      const headers: Array<[string, string]> = [["content-type", "image/png"]];
      const answer = { status: 200, headers, body, truncateAtByte: 40_000 };
      const exchange = await rig.call({ answer });
      exchange.want(exchange.fal.length === 1, "the call reaches fal once");
      const { status, complete, bodyLength } = exchange.reply;
      if (status >= 500) return;
      exchange.want(
        !complete,
        "the reply ends with a broken connection, or short of its content-length",
      );
      exchange.want(bodyLength <= 40_000, "nothing is added to half a body");
    },
  },
  {
    id: "aborts-broken-stream",
    title: "a stream of unknown length that breaks off does not end in order",
    rule: "P-52",
    level: "SHOULD",
    faults: ["R23"],
    hint: "Destroy the socket instead of ending the response, so that the closing chunk is missing.",
    run: async (rig) => {
      const exchange = await rig.call({
        ...endless,
        answer: { ...endless.answer, resetAtByte: 100 },
      });
      exchange.want(exchange.fal.length === 1, "the call reaches fal once");
      const { complete, bodyLength } = exchange.reply;
      exchange.want(!complete, "the caller sees that the stream broke off");
      exchange.want(bodyLength <= 100, "nothing is added to half a stream");
    },
  },
  {
    id: "aborts-then-answers",
    title: "after breaks on either side the proxy answers as before",
    rule: "P-14",
    level: "MUST",
    faults: ["R2"],
    alone: true,
    hint: "Catch what broken streams throw: in Node an unheard error event ends the process.",
    run: async (rig) => {
      await rig.call({ ...endless, onProgress: (_, control) => control.leave() });
      await rig.call({ ...endless, answer: { ...endless.answer, resetAtByte: 30 } });
      await rig.call({ method: "GET", answer: { resetAtByte: 0 } });
      relayed(await rig.call());
    },
  },
]);
