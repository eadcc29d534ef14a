/** The only file that names a header to forward or to drop, in both directions. */
import type { Incoming } from "./call.ts";
import { corsHeaders } from "./cors.ts";
import { TARGET_URL_HEADER } from "./target.ts";

/** Header names in lower case with their values, repeats kept apart. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

// From the caller to fal. Everything else (cookies, the caller's authorization, x-forwarded-*, origin,
// referer, hop-by-hop) is the app's business, not fal's.
const FORWARDED = new RegExp(
  "^(?:" +
    // A body goes on as it came, so its coding must be named.
    "accept(?:-language|-encoding)?|content-(?:type|encoding)|user-agent" +
    // But for the names that the platform sets between its own parts, or that pick whom to bill.
    "|x-fal-(?!(?:target-url|cdn-token|client-proxy|request-id|runner-health-check|user-id)$).*" +
    "|x-app-fal-(?!can-disable-filter$).*" +
    ")$",
);

// From fal to the caller: all but these, because the answer is planted on the app's own origin.
const RELAYED = new RegExp(
  "^(?!(?:" +
    // Meant for one connection (RFC 9110 §7.6.1).
    "connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*" +
    // They would set state or policy for the app's whole site.
    "|set-cookie2?|clear-site-data|access-control-.*|cross-origin-.*|content-security-policy.*" +
    "|origin-agent-cluster|permissions-policy|referrer-policy|service-worker-allowed" +
    "|strict-transport-security|public-key-pins|timing-allow-origin|server-timing" +
    "|nel|report-to|reporting-endpoints|refresh|link" +
    "|x-content-type-options|x-frame-options|x-xss-protection" +
    // A web server in front would obey these: serve a file of its own, or buffer a stream.
    "|x-sendfile|x-accel-.*" +
    // fal's word about its own host, port and protocol.
    "|alt-svc|server|via" +
    // It would make the browser ask the app's visitor for a password.
    "|www-authenticate" +
    // One URL serves every target, so nothing about caching carries over; see `answerHeaders`.
    "|age|(?:cdn-)?cache-control|surrogate-control|etag|expires|last-modified|pragma|vary" +
    // The server in front writes its own.
    "|date" +
    // A credential between fal's own parts.
    "|x-fal-cdn-token" +
    ")$)",
);

/**
 * The headers of the upstream request. Bodies are framed by the upstream client.
 *
 * @param credential the value of `authorization`
 * @param acceptEncoding whether an encoded reply can be relayed as it is: then the caller's wish goes on
 */
export function forwardHeaders(
  incoming: Incoming,
  credential: string,
  acceptEncoding: boolean,
): Record<string, string> {
  const headers = Object.fromEntries(pick(incoming.headers(), FORWARDED));
  if (!acceptEncoding) delete headers["accept-encoding"];
  headers["authorization"] = credential;
  headers["x-fal-client-proxy"] = `@fal-ai/server-proxy/${incoming.adapter}`;
  return headers;
}

/** The headers of fal's reply that go on to the caller. */
export function relayHeaders(reply: HeaderList): Array<readonly [string, string]> {
  const kept = pick(reply, RELAYED);
  // nginx in front collects a stream otherwise.
  if (/^text\/event-stream\b/i.test(findHeader(kept, "content-type") ?? "")) {
    kept.push(["x-accel-buffering", "no"]);
  }
  return kept;
}

/** Those with a passing name, but for fields that Connection names: they are meant for one hop (RFC 9110 §7.6.1). */
function pick(
  headers: Iterable<readonly [string, string]>,
  passing: RegExp,
): Array<readonly [string, string]> {
  const kept = [];
  let named = "";
  for (const header of headers) {
    const [name, value] = header;
    if (passing.test(name)) kept.push(header);
    else if (name === "connection") named += `,${value}`;
  }
  const hop = named.toLowerCase().split(/[\s,]+/);
  return kept.filter(([name]) => !hop.includes(name));
}

/** The headers of a body whose coding was undone: the name of the coding and the coded length would be untrue. */
export function withoutCoding(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !/^content-(encoding|length)$/.test(name));
}

/**
 * The headers of every answer, relayed or our own: the same URL answers for every target, so a
 * cache that is not told would hand out the wrong one; `no-transform` keeps a compressing
 * middleware from holding back a stream (RFC 9111 §5.2.2.6). `nosniff`: fal's bodies stand on the
 * app's own origin, and a model may return whatever it was talked into.
 */
export function answerHeaders(incoming: Incoming): Record<string, string> {
  const { cacheControl, cors } = incoming.config;
  return {
    "cache-control": cacheControl,
    vary: cors ? `${TARGET_URL_HEADER}, origin` : TARGET_URL_HEADER,
    "x-content-type-options": "nosniff",
    ...(cors && corsHeaders(cors, incoming.header("origin"))),
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
