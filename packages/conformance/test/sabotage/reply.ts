/** Saboteurs of the topics replies, streaming and aborts. */
import * as hostile from "../../src/cases/hostile-replies.ts";
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

/** Everything passes but what somebody has thought of: a list of what does not pass, however long it is. */
const thoughtOf = new Set(
  [
    ...hostile.cookies,
    ...hostile.hopByHop,
    ...hostile.cors,
    ...hostile.siteWide,
    ...hostile.validators,
    ...hostile.caches,
    ...hostile.platforms,
    ...hostile.frameworks,
  ].map(([name]) => name),
);
/** Written by servers for one connection or one moment, and by fal's own clients' leave not listed above. */
const everyday =
  /^(connection|date|transfer-encoding|cache-control|trailer|vary|upgrade|x-fal-.*)$/;

/** A status that is none, taken for 200. */
const takes =
  (odd: number) =>
  (b: Behaviour): Partial<Behaviour> => ({
    fitStatus: (status) => status === odd || b.fitStatus(status),
    status: (status) => (status === odd ? 200 : b.status(status)),
  });

/** Without the content type, when fal's headers are of this kind. */
const stumbles = (
  over: (name: string, value: string) => boolean,
): ((b: Behaviour) => Partial<Behaviour>) =>
  relays((headers, raw) =>
    raw.some(([name, value]) => over(name, value))
      ? headers.filter(([name]) => name !== "content-type")
      : headers,
  );

export const replySabotages: Sabotages = {
  "replies-status-success": { change: says((status) => (status === 202 ? 200 : status)) },
  "replies-status-client-errors": { change: says((status) => (status === 409 ? 400 : status)) },
  "replies-status-server-errors": { change: says((status) => (status === 503 ? 500 : status)) },
  "replies-status-streamed": {
    change: says((status) => (status === 422 ? 200 : status)),
    also: ["replies-status-client-errors", "errors-of-fal", "queue-validation-error"],
  },
  "replies-no-content": {
    change: says((status) => (status === 204 ? 200 : status)),
    also: ["replies-no-content-body"],
  },
  "replies-redirect": { change: wiring({ followRedirects: true }) },
  "replies-bytes": { change: garbles("\xff\xfe\0\xc3\x28"), also: ["http2-call"] },
  "replies-empty": { change: wiring({ fillsEmpty: true, dropsLength: true }) },
  "replies-gzip": { change: misnames("gzip") },
  "replies-br": { change: misnames("br") },
  "replies-deflate": { change: misnames("deflate") },
  "replies-headers-kept": {
    change: relays((headers) => headers.filter(([name]) => name !== "x-fal-billable-units")),
  },
  "replies-headers-kept-others": {
    change: relays((headers) => headers.filter(([name]) => name !== "ratelimit-policy")),
  },
  "replies-cdn-token": { change: copies("x-fal-cdn-token") },
  "replies-set-cookie": { change: copies("set-cookie") },
  "replies-hop-by-hop": { change: copies("proxy-authenticate") },
  "replies-upstream-cors": { change: copies("access-control-max-age") },
  "replies-site-wide": { change: copies("clear-site-data") },
  "replies-caches": { change: copies("surrogate-control") },
  "replies-platforms": { change: copies("x-sendfile") },
  "replies-frameworks": { change: copies("x-middleware-rewrite") },
  "replies-invented": {
    change: relays((headers, raw) => {
      const had = new Set(headers.map(([name]) => name));
      const others = raw
        .map(([name, value]): [string, string] => [name.toLowerCase(), value])
        .filter(([name]) => !had.has(name) && !thoughtOf.has(name) && !everyday.test(name));
      return [...headers, ...others.filter(([, value]) => /^t[0-9a-f]{12}$/.test(value))];
    }),
  },
  "replies-location": {
    change: relays((headers) =>
      headers.filter(([name, value]) => name !== "location" || !value.includes("fal.media")),
    ),
  },
  "replies-location-foreign": {
    change: relays((headers, raw) => {
      const relative = raw.filter(([name, value]) => name === "location" && value.startsWith("/"));
      return relative.length === 0
        ? headers
        : [
            ...headers.filter(([name]) => name !== "location"),
            ...relative.map(([name, value]): [string, string] => [name, value]),
          ];
    }),
  },
  "replies-key": {
    change: (b) => ({
      relay: (raw, { config, target }) =>
        b.relay(raw, { target, config: { ...config, key: undefined } }),
    }),
  },
  "replies-key-reason": { change: wiring({ keepsReason: true }) },
  "replies-sandbox": {
    change: (b) => ({ sandbox: { ...b.sandbox, "content-security-policy": "default-src 'none'" } }),
  },
  "replies-nosniff": {
    change: ({ sandbox: { "x-content-type-options": _gone, ...sandbox } }) => ({ sandbox }),
  },
  "replies-status-unknown": { change: takes(799) },
  "replies-status-interim": { change: wiring({ takesInterim: (status) => status === 199 }) },
  "replies-status-malformed": { change: takes(42) },
  "replies-status-unread": { change: wiring({ readsUnused: "unfit" }) },
  "replies-early-hints": {
    change: wiring({ takesInterim: (status) => status === 103 }),
    also: ["replies-status-interim"],
  },
  "replies-no-content-body": {
    change: (b) => ({ bodiless: (status) => status !== 205 && b.bodiless(status) }),
    also: ["replies-no-content-stream"],
  },
  "replies-no-content-stream": { change: wiring({ readsUnused: "bodiless" }) },
  "replies-odd-names": { change: stumbles((name) => name === "hasOwnProperty") },
  "replies-odd-values": { change: stumbles((_, value) => /[\x80-\xff]/.test(value)) },
  "replies-repeated-field": {
    change: relays((headers, raw) => {
      const all = raw.filter(([name]) => name === "retry-after").map(([, value]) => value);
      return headers.map(([name, value]) => [name, name === "retry-after" ? all.join() : value]);
    }),
  },
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
    // However the network cuts them, 1.9 MB come in more than ten pieces, some of them large; no other reply does.
    change: wiring({
      changeReply: (chunk, index) =>
        index >= 10 && chunk.length > 1000 ? chunk.subarray(1) : chunk,
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
    also: ["aborts-broken-stream", "http2-broken-stream", "http2-short-body"],
  },
  "aborts-broken-stream": {
    change: wiring({ endBrokenBody: "end unless length" }),
    also: ["http2-broken-stream"],
  },
  "aborts-then-answers": { change: wiring({ sulksAfterBreak: true }) },
};
