/** The only file that names a header to forward or to drop, in both directions. */
import { TARGET_URL_HEADER } from "./target.ts";

/** Header names in lower case with their values, repeats kept apart. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

// From the caller to fal, besides x-fal-* and x-app-fal-*. Everything else (cookies, the caller's
// authorization, x-forwarded-*, origin, referer, hop-by-hop) is the app's business, not fal's.
const FORWARDED: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "content-type",
  // The body goes on as it came, so its coding must be named.
  "content-encoding",
  "user-agent",
]);

// x-fal-* names that the platform sets between its own parts, or that pick whom to bill.
const CALLER_MAY_NOT_SET: ReadonlySet<string> = new Set([
  TARGET_URL_HEADER,
  "x-fal-cdn-token",
  "x-fal-client-proxy",
  "x-fal-request-id",
  "x-fal-runner-health-check",
  "x-fal-user-id",
  "x-app-fal-can-disable-filter",
]);

const HOP_BY_HOP = [
  "connection", // RFC 9110 §7.6.1
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

// From fal to the caller: dropped, because the answer is planted on the app's own origin.
const DROPPED_FROM_REPLY: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  // They would set state or policy for the app's whole site.
  "set-cookie",
  "set-cookie2",
  "clear-site-data",
  "content-security-policy",
  "content-security-policy-report-only",
  "cross-origin-embedder-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "nel",
  "origin-agent-cluster",
  "permissions-policy",
  "public-key-pins",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "referrer-policy",
  "service-worker-allowed",
  "strict-transport-security",
  "timing-allow-origin",
  "server-timing",
  "link",
  "x-content-type-options",
  "x-frame-options",
  "x-xss-protection",
  // A web server in front would obey these: serve a file of its own, or buffer a stream.
  "x-sendfile",
  "x-accel-redirect",
  "x-accel-buffering",
  "x-accel-charset",
  "x-accel-expires",
  "x-accel-limit-rate",
  // fal's word about its own host, port and protocol.
  "alt-svc",
  "server",
  "via",
  // It would make the browser ask the app's visitor for a password.
  "www-authenticate",
  // One URL serves every target, so nothing about caching carries over; see `ownHeaders`.
  "age",
  "cache-control",
  "cdn-cache-control",
  "etag",
  "expires",
  "last-modified",
  "pragma",
  "surrogate-control",
  "vary",
  // The server in front writes its own.
  "date",
  // A credential between fal's own parts.
  "x-fal-cdn-token",
]);

const isOurs = (name: string): boolean =>
  (name.startsWith("x-fal-") || name.startsWith("x-app-fal-")) && !CALLER_MAY_NOT_SET.has(name);

/** What {@link forwardHeaders} adds to the caller's headers. */
export interface Added {
  /** The value of `authorization`. */
  credential: string;
  /** The adapter's id, told to fal as the published package does. */
  adapter: string;
  /** Whether an encoded reply can be relayed as it is: then the caller's wish goes on. */
  acceptEncoding: boolean;
}

/** The headers of the upstream request. Bodies are framed by the upstream client. */
export function forwardHeaders(
  incoming: Iterable<readonly [string, string]>,
  added: Added,
): Record<string, string> {
  const headers: Record<string, string> = {};
  let named: ReadonlySet<string> | undefined;
  for (const [name, value] of incoming) {
    if (FORWARDED.has(name) || isOurs(name)) headers[name] = value;
    else if (name === "accept-encoding" && added.acceptEncoding) headers[name] = value;
    else if (name === "connection") named = connectionOptions(value, named);
  }
  for (const name of named ?? []) delete headers[name];
  headers["authorization"] = added.credential;
  headers["x-fal-client-proxy"] = `@fal-ai/server-proxy/${added.adapter}`;
  return headers;
}

/**
 * The headers of fal's reply that go on to the caller.
 *
 * @param decoded the upstream client has already undone the content coding: its name and the
 *   length of the coded form would be untrue
 */
export function relayHeaders(reply: HeaderList, decoded: boolean): Array<[string, string]> {
  const kept: Array<[string, string]> = [];
  let named: ReadonlySet<string> | undefined;
  for (const [name, value] of reply) {
    if (name === "connection") named = connectionOptions(value, named);
    if (DROPPED_FROM_REPLY.has(name) || name.startsWith("access-control-")) continue;
    if (decoded && (name === "content-encoding" || name === "content-length")) continue;
    kept.push([name, value]);
    // nginx in front collects a stream otherwise.
    if (name === "content-type" && /^text\/event-stream\b/i.test(value)) {
      kept.push(["x-accel-buffering", "no"]);
    }
  }
  return named === undefined ? kept : kept.filter(([name]) => !named.has(name));
}

// RFC 9110 §7.6.1: a field that Connection names is meant for this hop alone.
function connectionOptions(
  value: string,
  before: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (/^(close|keep-alive)$/i.test(value)) return before;
  const names = value.toLowerCase().split(/\s*,\s*/);
  return new Set([...(before ?? []), ...names]);
}

/**
 * The headers of every answer, relayed or our own: the same URL answers for every target, so a
 * cache that is not told would hand out the wrong one; `no-transform` keeps a compressing
 * middleware from holding back a stream (RFC 9111 §5.2.2.6). `nosniff`: fal's bodies stand on the
 * app's own origin, and a model may return whatever it was talked into.
 */
export function ownHeaders(cacheControl: string): Record<string, string> {
  return {
    "cache-control": cacheControl,
    vary: TARGET_URL_HEADER,
    "x-content-type-options": "nosniff",
  };
}

/** Joins two `vary` lists without repeating a name. */
export function mergeVary(first: string, second: string): string {
  const names = first.split(/\s*,\s*/).filter(Boolean);
  const known = new Set(names.map((name) => name.toLowerCase()));
  for (const name of second.split(/\s*,\s*/)) if (!known.has(name.toLowerCase())) names.push(name);
  return names.join(", ");
}

/** The first value of a header, by its lower-case name. */
export function findHeader(headers: HeaderList, wanted: string): string | undefined {
  for (const [name, value] of headers) if (name === wanted) return value;
  return undefined;
}
