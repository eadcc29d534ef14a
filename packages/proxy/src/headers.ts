/** The only file that names a header to forward or to relay: what is not named here stays behind. */
import { corsHeaders } from "./cors.ts";
import { isFalHost } from "./fal-hosts.ts";
import type { OpenCall } from "./open-call.ts";
import { TARGET_URL_HEADER } from "./target.ts";
import { parseUrl } from "./url.ts";

/** Header names in lower case with their values, repeats kept apart. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

/**
 * From the caller to fal. Everything else (cookies, the caller's authorization, x-forwarded-*, origin,
 * referer, hop-by-hop) is the app's business, or could set what nobody thought of.
 */
const FORWARDED: ReadonlySet<string> = new Set([
  // How fal shall answer: an event stream or JSON, its language, its coding.
  "accept",
  "accept-encoding",
  "accept-language",
  // A body goes on as it came, so its type and coding must be named.
  "content-encoding",
  "content-type",
  "user-agent",
  // Browsers do not let a page set user-agent: fal's Dart client names itself here.
  "x-fal-user-agent",
  // How long a call may wait for a runner, under its two names, and its place in the queue.
  "x-fal-queue-priority",
  "x-fal-request-start-timeout",
  "x-fal-request-timeout",
  // Which runner, which fallback, how many attempts.
  "x-app-fal-disable-fallback",
  "x-fal-disable-fallbacks",
  "x-fal-no-retry",
  "x-fal-retry-config",
  "x-fal-runner-hint",
  // What becomes of payloads and files.
  "x-fal-file-name",
  "x-fal-object-lifecycle",
  "x-fal-object-lifecycle-preference",
  "x-fal-store-io",
  // The caller's own labels, for fal's usage pages.
  "x-fal-tags",
]);

/**
 * From fal to the caller. Everything else would speak for the app's own origin (cookies, policies,
 * caching), for fal's connection, or to a web server in front of the app.
 */
const RELAYED: ReadonlySet<string> = new Set([
  // What the body is.
  "accept-ranges",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  // Where to go on: see `relayLocation`.
  "location",
  // When to come back.
  "ratelimit",
  "ratelimit-limit",
  "ratelimit-policy",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
]);

/** What fal says of a call: request id, billable units, error type. */
const FROM_FAL = "x-fal-";

/** Credentials between fal's own parts, `x-fal-cdn-token` and its like. */
const CREDENTIAL = /token|secret|credential|authorization|jwt|-key\b/;

/** Fields that RFC 9110 §5.3 lets a recipient join; of every other one only the first counts. */
const LISTS: ReadonlySet<string> = new Set([
  "accept-ranges",
  "content-encoding",
  "content-language",
  "ratelimit",
  "ratelimit-policy",
]);

/**
 * Names that no option may let through, either way: they frame a message or belong to one connection
 * (RFC 9110 §7.6.1), or the proxy writes them itself.
 */
const OWN =
  /^(?:access-control-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|expect|authorization|x-fal-target-url|x-fal-client-proxy|http2-settings)$/;

const JSON_TYPE = "application/json";

/** Whether an option may name this header, in lower case. */
export const mayBeListed = (name: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !OWN.test(name);

/** What every answer says for itself, so that fal's word would take it back: see {@link answerHeaders}. */
const SAID =
  /^(?:cache-control|vary|x-content-type-options|content-security-policy|cross-origin-resource-policy|access-control-.*)$/;

/** Whether an option may let this header of fal's through, in lower case. */
export const mayBeRelayed = (name: string): boolean => mayBeListed(name) && !SAID.test(name);

/**
 * Whether a content type says nothing about a body: there is none, or it is what `fetch` writes for a
 * text, JSON as well. Every body that fal takes by itself is JSON.
 */
export const saysNothing = (type = ""): boolean => /^\s*(?:text\/plain\s*(?:;.*)?)?$/i.test(type);

/** The headers of the upstream request. Bodies are framed by the upstream client. */
export function forwardHeaders(call: OpenCall, credential: string): Record<string, string> {
  const { forwardRequestHeaders, dropRequestHeaders } = call.config;
  const headers: Record<string, string> = {};
  let hop = "";
  for (const [name, value] of call.headers()) {
    if (FORWARDED.has(name) || forwardRequestHeaders.has(name)) headers[name] = value;
    else if (name === "connection") hop = value.toLowerCase();
    else if (/^x-(?:app-)?fal-/.test(name) && mayBeListed(name)) call.config.mention(name);
  }
  // Fields that Connection names are meant for one hop.
  if (hop) for (const name of hop.split(/[\s,]+/)) delete headers[name];
  for (const name of dropRequestHeaders) delete headers[name];
  const codings = call.keepsCoding && readableCodings(headers["accept-encoding"]);
  if (codings) headers["accept-encoding"] = codings;
  else delete headers["accept-encoding"];
  if (call.body && saysNothing(headers["content-type"])) headers["content-type"] = JSON_TYPE;
  headers["authorization"] = credential;
  headers["x-fal-client-proxy"] = `@fal-ai/server-proxy/${call.id}`;
  return headers;
}

/**
 * Of the codings that a caller takes, those that can be undone here: a guard which asks for a reply
 * must not be blind to it because a browser takes zstd.
 */
const readableCodings = (accepted = ""): string =>
  accepted
    .split(",")
    .filter((coding) => /^\s*(?:(?:x-)?gzip|deflate|br|identity)\s*(?:;|$)/i.test(coding))
    .join(",");

/** The headers of fal's reply that go on to the caller, each once. */
export function relayHeaders(call: OpenCall, reply: HeaderList): Record<string, string> {
  const { forwardResponseHeaders } = call.config;
  const reflects = keyFinder(call.credential);
  // No prototype: a reply may name a header `constructor`.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, sent] of reply) {
    const passes = name.startsWith(FROM_FAL) ? !CREDENTIAL.test(name) : RELAYED.has(name);
    if (!passes && !forwardResponseHeaders.has(name)) continue;
    // What is left of the app's own limits says more to its callers than what is left of the operator's.
    if (call.quota && name in call.quota) continue;
    const value = name === "location" ? relayLocation(call, sent) : sent;
    if (value === undefined || reflects(name) || reflects(value)) continue;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (LISTS.has(name)) headers[name] = `${before}, ${value}`;
  }
  // nginx in front collects a stream otherwise.
  if (/^text\/event-stream\b/i.test(headers["content-type"] ?? "")) {
    headers["x-accel-buffering"] = "no";
  }
  return headers;
}

/**
 * A `location` as fal means it, or nothing: relative to the app it would send the visitor's browser,
 * with its cookies, to another page of the app.
 */
function relayLocation({ target }: OpenCall, value: string): string | undefined {
  const { protocol, hostname, host, username, password, href } =
    parseUrl(value, target.url) ?? ({} as Partial<URL>);
  const plain = protocol === "https:" && hostname === host && !username && !password;
  return plain && isFalHost(hostname as string) ? href : undefined;
}

/** Finds the key, or its secret half, in a text of fal's. */
function keyFinder(credential = ""): (text: string) => boolean {
  const [, key = ""] = /^\S+\s+(.+)$/.exec(credential) ?? [];
  if (key === "") return () => false;
  const half = key.slice(key.indexOf(":") + 1);
  // Half of a short one may stand anywhere by chance.
  const secret = half.length < 8 ? key : half;
  return (text) => text.includes(secret) || text.includes(encodeURIComponent(secret));
}

/** The headers of a body whose coding was undone: the coding's name and the coded length would be untrue. */
export function withoutCoding(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}

/**
 * The headers of every answer, relayed or our own.
 *
 * - The same URL answers for every target, so a cache that is not told would hand out the wrong one.
 * - `no-transform` keeps a compressing middleware from holding back a stream (RFC 9111 §5.2.2.6).
 * - fal's bodies stand on the app's own origin, and a model may return whatever it was talked into:
 *   they are taken for what they say, run nothing when opened as a page, and cannot be embedded by others.
 */
export function answerHeaders(call: OpenCall): Record<string, string> {
  const { cacheControl, cors } = call.config;
  return {
    "cache-control": cacheControl,
    vary: cors ? `${TARGET_URL_HEADER}, origin` : TARGET_URL_HEADER,
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    ...(cors && corsHeaders(cors, call)),
    ...call.quota,
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
  return headers.find(([name]) => name === wanted)?.[1];
}
