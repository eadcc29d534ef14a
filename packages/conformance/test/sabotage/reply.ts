/** Saboteurs of the topics replies, streaming and aborts. */
import type { Behaviour } from "../reference/behaviour.ts";
import { copies, relays, wiring, type Sabotages } from "./sabotage.ts";

const says = (change: (status: number) => number) => (): Partial<Behaviour> => ({ status: change });

const garbles = (pattern: string): ((b: Behaviour) => Partial<Behaviour>) =>
  wiring({
    changeReply: (chunk) =>
      chunk.subarray(0, pattern.length).toString("latin1") === pattern
        ? Buffer.from(chunk.toString())
        : chunk,
  });

/** Says that a body is still encoded as it was, though it is not, or the other way round. */
const misnames = (encoding: string): ((b: Behaviour) => Partial<Behaviour>) =>
  relays((headers) =>
    headers.filter(([name, value]) => !(name === "content-encoding" && value === encoding)),
  );

export const replySabotages: Sabotages = {
  "replies-status-success": { change: says((status) => (status === 202 ? 200 : status)) },
  "replies-status-client-errors": { change: says((status) => (status === 409 ? 400 : status)) },
  "replies-status-server-errors": { change: says((status) => (status === 503 ? 500 : status)) },
  "replies-status-streamed": {
    change: says((status) => (status === 422 ? 200 : status)),
    also: ["replies-status-client-errors", "errors-of-fal", "queue-validation-error"],
  },
  "replies-no-content": { change: says((status) => (status === 204 ? 200 : status)) },
  "replies-redirect": { change: wiring({ followRedirects: true }) },
  "replies-bytes": { change: garbles("\xff\xfe\0\xc3\x28") },
  "replies-empty": { change: wiring({ fillsEmpty: true, dropsLength: true }) },
  "replies-gzip": { change: misnames("gzip") },
  "replies-br": { change: misnames("br") },
  "replies-deflate": { change: misnames("deflate") },
  "replies-headers-kept": {
    change: relays((headers) => headers.filter(([name]) => name !== "x-fal-billable-units")),
  },
  "replies-set-cookie": { change: copies("set-cookie") },
  "replies-hop-by-hop": { change: copies("proxy-authenticate") },
  "replies-upstream-cors": { change: copies("access-control-max-age") },
  "replies-site-wide": { change: copies("clear-site-data") },
  "replies-no-store": {
    change: wiring({ keepsCacheControl: true }),
  },
  "replies-vary": { change: wiring({ forgetsVary: "relayed" }), also: ["cors-preflight-vary"] },
  "replies-no-store-refusal": { change: wiring({ forgetsVary: "own" }) },
  "replies-validators": { change: copies("etag") },
  "replies-nothing-after": { change: wiring({ nextAfterAnswer: true }) },

  "streaming-first-byte": {
    change: wiring({
      bufferReply: (type, method) => type.startsWith("text/event-stream") && method === "POST",
    }),
    also: [
      "streaming-pacing",
      "streaming-compressed",
      "streaming-many",
      "aborts-in-stream",
      "aborts-in-stream-fast",
    ],
  },
  "streaming-pacing": { change: wiring({ flushMs: 200 }), also: ["streaming-compressed"] },
  "streaming-get": {
    change: wiring({
      bufferReply: (type, method) => type.startsWith("text/event-stream") && method === "GET",
    }),
  },
  "streaming-json-chunks": { change: wiring({ bufferReply: (type) => type.startsWith("audio/") }) },
  "streaming-bytes": {
    change: wiring({
      changeReply: (chunk) => (chunk.length < 4 ? Buffer.from(chunk.toString()) : chunk),
    }),
  },
  "streaming-large": {
    change: wiring({
      changeReply: (chunk, index) =>
        index === 3 && chunk.length > 30_000 ? chunk.subarray(1) : chunk,
    }),
  },
  "streaming-slow-reader": { change: wiring({ backpressure: false }) },
  "streaming-no-transform": {
    change: () => ({ eventStream: { "cache-control": "no-store, no-transform" } }),
  },
  "streaming-compressed": {
    change: () => ({ eventStream: { "x-accel-buffering": "no" } }),
    also: ["streaming-no-transform"],
  },
  "streaming-many": { change: wiring({ oneAtATime: true }) },

  "aborts-in-stream": {
    change: wiring({ abortInStream: "never" }),
    also: ["aborts-in-stream-fast"],
  },
  "aborts-in-stream-fast": { change: wiring({ abortInStream: "late" }) },
  "aborts-before-answer": { change: wiring({ abortBeforeAnswer: false }), also: ["queue-abort"] },
  "aborts-short-body": {
    change: wiring({ endBrokenBody: "end", dropsLength: true }),
    also: ["aborts-broken-stream"],
  },
  "aborts-broken-stream": { change: wiring({ endBrokenBody: "end unless length" }) },
  "aborts-then-answers": { change: wiring({ sulksAfterBreak: true }) },
};
