/** Saboteurs of the topics request-headers and bodies. */
import type { Behaviour } from "../reference/behaviour.ts";
import { forwards, leaks, wiring, type Sabotages } from "./sabotage.ts";

type Headers = Array<[string, string]>;

const without = (headers: Headers, pattern: RegExp): Headers =>
  headers.filter(([name]) => !pattern.test(name));

/** Bodies are changed when this pattern is in their content type (and they are not empty, unless asked for). */
const changes = (
  type: RegExp,
  change: (body: Buffer) => string | Buffer,
): ((b: Behaviour) => Partial<Behaviour>) =>
  wiring({
    changeBody: (body, headers) =>
      !type.test(headers["content-type"] ?? "")
        ? undefined
        : body.length > 0
          ? Buffer.from(change(body) as Buffer)
          : body,
  });

const rewriteJson = (body: Buffer): string => {
  try {
    return JSON.stringify(JSON.parse(body.toString()));
  } catch {
    return body.toString();
  }
};

export const requestSabotages: Sabotages = {
  "request-headers-accept": {
    change: forwards((headers) =>
      headers.map(([name, value]) => [name, name === "accept" ? "application/json" : value]),
    ),
    also: ["queue-stream"],
  },
  "request-headers-content-type": {
    change: forwards((headers) =>
      headers.map(([name, value]) => [name, name === "content-type" ? "application/json" : value]),
    ),
  },
  "request-headers-content-type-untold": {
    change: forwards((headers) =>
      headers.map(([name, value]) => [
        name,
        name === "content-type" && value === "application/json" ? "text/plain" : value,
      ]),
    ),
  },
  "request-headers-x-fal": {
    change: forwards((headers) => without(headers, /^x-fal-(?!client-proxy)/)),
    also: ["queue-submit", "http2-call"],
  },
  "request-headers-x-fal-others": {
    change: forwards((headers, raw) => [
      ...headers,
      ...raw
        .map(([name, value]): [string, string] => [name.toLowerCase(), value])
        .filter(([name]) => /^x-fal-[0-9a-f]{8}$/.test(name)),
    ]),
  },
  "request-headers-x-app-fal": { change: forwards((headers) => without(headers, /^x-app-fal/)) },
  "request-headers-target": { change: leaks("x-fal-target-url") },
  "request-headers-cookie": { change: leaks("cookie") },
  "request-headers-forwarded": { change: leaks("x-forwarded-for") },
  "request-headers-hop-by-hop": {
    change: forwards((headers, raw) => [
      ...headers,
      ...raw
        .filter(([name, value]) => name === "x-fal-tags" && value === "hop=this")
        .map(([name, value]): [string, string] => [name, value]),
    ]),
  },
  "request-headers-host": { change: leaks("host") },
  "request-headers-others": { change: leaks("referer") },
  "request-headers-odd-names": {
    change: (b) => ({
      targetValues: (raw) => (raw.some(([name]) => name === "valueOf") ? [] : b.targetValues(raw)),
    }),
  },
  "request-headers-absent": {
    change: forwards((headers) =>
      headers.some(([name]) => name === "user-agent")
        ? headers
        : [...headers, ["user-agent", "undefined"]],
    ),
  },
  "request-headers-client-proxy": {
    change: forwards((headers) => without(headers, /^x-fal-client-proxy$/)),
  },
  "request-headers-app-context": { change: leaks("x-fal-user-id") },

  "bodies-json": {
    change: changes(/json/, (body) => (body.length > 60 ? rewriteJson(body) : body)),
  },
  "bodies-not-json": {
    change: changes(/json/, (body) =>
      body[0] === 0x7b && body.at(-1) !== 0x7d && body.at(-1) !== 0x0a ? "{}" : body,
    ),
  },
  "bodies-binary": {
    change: changes(/octet-stream/, (body) => body.toString()),
    also: ["bodies-streamed"],
  },
  "bodies-multipart": { change: changes(/multipart/, (body) => body.toString()) },
  "bodies-form": {
    change: changes(/urlencoded/, (body) => String(new URLSearchParams(body.toString()))),
  },
  "bodies-chunked": {
    change: wiring({
      changeBody: (_, headers) =>
        headers["transfer-encoding"] === undefined ? undefined : Buffer.alloc(0),
    }),
  },
  "bodies-empty-post": {
    change: wiring({
      changeBody: (_, headers, method) =>
        method === "POST" && headers["content-length"] === "0" ? Buffer.from("{}") : undefined,
    }),
  },
  "bodies-empty-put": {
    change: wiring({
      changeBody: (_, headers, method) =>
        method === "PUT" && headers["content-length"] === "0" ? Buffer.from("null") : undefined,
    }),
    also: ["bodies-parsed-empty"],
  },
  "bodies-no-length-put": {
    change: wiring({
      changeBody: (_, headers, method) =>
        method === "PUT" &&
        headers["content-length"] === undefined &&
        headers["transfer-encoding"] === undefined
          ? Buffer.from("{}")
          : undefined,
    }),
  },
  "bodies-5-mb": {
    change: changes(/json/, (body) =>
      body.length < 6_000_000 ? body.subarray(0, 1_000_000) : body,
    ),
  },
  "bodies-50-mb": { change: changes(/json/, (body) => body.subarray(0, 10_000_000)) },
  "bodies-broken-off": {
    change: wiring({ completeBrokenBody: true, bufferBody: true }),
    also: ["bodies-streamed", "smuggling-broken-chunk", "smuggling-odd-coding"],
  },
  "bodies-streamed": { change: wiring({ bufferBody: true }) },
  "bodies-parsed": {
    change: changes(/json/, (body) => (body.includes('"marker"') ? "undefined" : body)),
  },
  "bodies-parsed-empty": { change: wiring({ parserLeavesObject: true }) },
};
