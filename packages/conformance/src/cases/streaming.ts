/** Rules P-46 to P-49: what fal has sent is passed on at once, unchanged, and at the reader's pace. */
import { createHash } from "node:crypto";
import type { Case } from "../case.ts";
import { watchMemory } from "../memory.ts";
import type { Call, Exchange, Rig } from "../rig.ts";
import { eventually, headerList, inTopic, relayed, singleHeader } from "../wants.ts";

const eventStream: Array<[string, string]> = [["content-type", "text/event-stream; charset=utf-8"]];

/** Ten events, 60 ms apart: the last one comes more than half a second after the first. */
const event = (n: number): string => `data: {"step":${n}}\n\n`;
const events = Array.from({ length: 10 }, (_, n) => event(n)).join("");
const paced = { chunks: { size: event(0).length, everyMs: 60 } };

const sse: Call = {
  target: "https://fal.run/conformance/{m}/stream",
  headers: [["accept", "text/event-stream"]],
  answer: { status: 200, headers: eventStream, body: events, ...paced },
};

/** The first byte was there long before the last. */
function arrivedEarly(exchange: Exchange): void {
  relayed(exchange);
  const { pieces, headAt = 0 } = exchange.reply;
  const first = pieces[0]?.at ?? Infinity;
  const last = pieces.at(-1)?.at ?? 0;
  exchange.want(
    last - first > 250 && last - headAt > 250,
    `the first byte arrives while fal still sends (it came at ${first} ms, the last at ${last} ms)`,
  );
}

/** Ten events came at six moments or more: not collected into a few lumps. */
function arrivedApart(exchange: Exchange): void {
  relayed(exchange);
  let moments = 0;
  let previous = -Infinity;
  for (const { at } of exchange.reply.pieces) {
    if (at - previous >= 25) moments++;
    previous = at;
  }
  exchange.want(moments >= 6, `ten events arrive at six moments or more (they came at ${moments})`);
}

interface OpenStream {
  /** Whether the first event came; false when none did for a long time. */
  readonly begun: Promise<boolean>;
  readonly exchange: Promise<Exchange>;
  leave(): void;
}

/** A stream that goes on for much longer than twenty take to begin: who waits for its end is seen to wait. */
function openStream(rig: Rig): OpenStream {
  let leave = (): void => {};
  let firstCame = false;
  const exchange = rig.call({
    ...sse,
    patienceMs: 60_000,
    answer: {
      status: 200,
      headers: eventStream,
      body: event(0).repeat(600),
      chunks: { size: event(0).length, everyMs: 100 },
    },
    onOpen: (control) => {
      leave = control.leave;
    },
    onProgress: ({ pieces }) => {
      firstCame ||= pieces.length > 0;
    },
  });
  return { begun: eventually(() => firstCame, 5000), exchange, leave: () => leave() };
}

export const streamingCases: Case[] = inTopic("streaming", [
  {
    id: "streaming-first-byte",
    title: "the first event arrives before fal sends the last",
    rule: "P-46",
    level: "MUST",
    faults: ["R11"],
    hint: "Write each piece as it comes and flush it; look for buffers of the framework, of compression and of the server.",
    run: async (rig) => arrivedEarly(await rig.call(sse)),
  },
  {
    id: "streaming-pacing",
    title: "events arrive one by one, as fal sends them",
    rule: "P-46",
    level: "MUST",
    faults: ["R11"],
    hint: "A buffer of some kilobytes collects small events: flush after each piece.",
    run: async (rig) => arrivedApart(await rig.call(sse)),
  },
  {
    id: "streaming-get",
    title: "a status stream, which is a GET, is streamed too",
    rule: "P-46",
    level: "MUST",
    faults: ["R11"],
    hint: "Java's subscribe runs on it: stream every reply, whatever the method.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}/requests/r1/status/stream?logs=1";
      arrivedEarly(await rig.call({ ...sse, method: "GET", target }));
    },
  },
  {
    id: "streaming-json-chunks",
    title: "a reply of unknown length is streamed whatever its type",
    rule: "P-46",
    level: "MUST",
    faults: ["R11"],
    hint: "Audio comes as a binary stream: do not decide by text/event-stream alone.",
    run: async (rig) => {
      const headers: Array<[string, string]> = [["content-type", "audio/mpeg"]];
      const body = Buffer.alloc(10_000, 7);
      const chunks = { size: 1000, everyMs: 60 };
      const target = "https://fal.run/conformance/{m}/stream";
      arrivedEarly(await rig.call({ target, answer: { status: 200, headers, body, chunks } }));
    },
  },
  {
    id: "streaming-bytes",
    title: "events keep their bytes: comments, ids, characters cut in two",
    rule: "P-47",
    level: "MUST",
    hint: "Relay bytes, not decoded text: a character may be cut between two pieces.",
    run: async (rig) => {
      const body =
        ': keep-alive\n\nevent: x\nid: 7\ndata: {"text":"é日本🐈"}\n\nretry: 5\r\n\r\ndata: [1]\n\n';
      const answer = { status: 200, headers: eventStream, body, chunks: { size: 3, everyMs: 3 } };
      const exchange = await rig.call({ ...sse, answer });
      relayed(exchange);
      exchange.want(
        exchange.reply.body.equals(Buffer.from(body)),
        "the caller receives the same bytes",
      );
      exchange.want(exchange.reply.complete, "the stream ends in order");
      const type = singleHeader(exchange, "content-type") ?? "";
      exchange.want(
        type.startsWith("text/event-stream"),
        "the content type stays text/event-stream",
      );
    },
  },
  {
    id: "streaming-large",
    title: "a large body arrives whole and in order",
    rule: "P-47",
    level: "MUST",
    hint: "Wait for each write, or the parts mix or are lost.",
    run: async (rig) => {
      const body = Buffer.alloc(1_900_000);
      for (let i = 0; i < body.length; i += 4) body.writeUInt32LE((i * 2654435761) >>> 0, i);
      const headers: Array<[string, string]> = [["content-type", "video/mp4"]];
      const chunks = { size: 100_000, everyMs: 2 };
      const exchange = await rig.call({ answer: { status: 200, headers, body, chunks } });
      relayed(exchange);
      const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
      exchange.want(hash(exchange.reply.body) === hash(body), "the caller receives the same bytes");
    },
  },
  {
    id: "streaming-slow-reader",
    title: "500 MB for a slow reader do not grow the process",
    rule: "P-48",
    level: "MUST",
    faults: ["R12"],
    needs: ["process"],
    alone: true,
    hint: "Wait until a piece has been written before you read the next: pipeline(), yield, or a blocking write.",
    run: async (rig) => {
      const size = 500 * 1024 * 1024;
      const memory = watchMemory(rig.pid as number);
      let paused = 0;
      let next = 0;
      const exchange = await rig.call({
        method: "GET",
        target: "https://queue.fal.run/conformance/{m}/requests/r1",
        answer: { status: 200, hugeBytes: size },
        // Memory is judged here, not time.
        patienceMs: 90_000,
        onProgress: (reply, control) => {
          // A long stop first, then a short one every 16 MiB.
          if (reply.bodyLength < next) return;
          control.pause(paused++ === 0 ? 1500 : 30);
          next = reply.bodyLength + 16 * 1024 * 1024;
        },
      });
      const megabytes = Math.round(memory.growth() / 1024 / 1024);
      relayed(exchange);
      exchange.want(exchange.reply.bodyLength === size, "the caller receives all 500 MB");
      exchange.want(
        megabytes < 128,
        `the process grows by less than 128 MB (it grew by ${megabytes} MB)`,
      );
    },
  },
  {
    id: "streaming-no-transform",
    title: "event streams ask caches and compressors not to touch them",
    rule: "P-49",
    level: "SHOULD",
    faults: ["R25"],
    hint: "Send cache-control: no-store, no-transform and x-accel-buffering: no.",
    run: async (rig) => {
      const answer = {
        status: 200,
        headers: eventStream,
        body: event(1),
        chunks: { size: 100, everyMs: 1 },
      };
      const exchange = await rig.call({ ...sse, answer });
      relayed(exchange);
      const control = headerList(exchange.reply, "cache-control");
      exchange.want(control.includes("no-transform"), "cache-control says no-transform");
      exchange.want(
        singleHeader(exchange, "x-accel-buffering") === "no",
        "x-accel-buffering says no",
      );
    },
  },
  {
    id: "streaming-compressed",
    title: "behind compression middleware events still arrive one by one",
    rule: "P-46",
    level: "MUST",
    faults: ["R25"],
    profile: "compressed",
    hint: "Compressors collect: tell them no-transform.",
    run: async (rig) => {
      const headers = [
        ["accept", "text/event-stream"],
        ["accept-encoding", "gzip"],
      ] as const;
      arrivedApart(await rig.call({ ...sse, headers }));
    },
  },
  {
    id: "streaming-many",
    title: "twenty streams at once are all streamed",
    rule: "P-46",
    level: "SHOULD",
    alone: true,
    hint: "A server with one thread, or a pool of few connections, makes callers wait for each other.",
    run: async (rig) => {
      const open: OpenStream[] = [];
      try {
        for (let nth = 1; nth <= 20; nth++) {
          const stream = openStream(rig);
          open.push(stream);
          if (await stream.begun) continue;
          stream.leave();
          (await stream.exchange).want(false, `stream ${nth} begins while the others are open`);
        }
      } finally {
        for (const stream of open) stream.leave();
      }
      for (const stream of open) relayed(await stream.exchange);
    },
  },
]);
