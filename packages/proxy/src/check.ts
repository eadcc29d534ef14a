/** What each option must look like, and the message for one that does not. */
import type { ProxyConfig } from "./options.ts";

type Check = readonly [form: string, holds: (value: any) => boolean];

const isFunction = (value: unknown): boolean => typeof value === "function";
const isPositive = (value: unknown): boolean =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
const isList = (value: unknown, holds: (item: any) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => holds(item));
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isOneOf = (...words: string[]): Check => [
  words.map((word) => `"${word}"`).join(" or "),
  (value) => words.includes(value),
];

const isUrlPattern = (pattern: unknown): boolean =>
  isText(pattern) && !/^[\w+.-]*:?\/\//.test(pattern as string);
const isEndpointPattern = (pattern: unknown): boolean =>
  isText(pattern) && !/^(\/|https?:|(queue\.)?fal\.run\/)/.test(pattern as string);
const isOrigin = (origin: unknown): boolean =>
  isText(origin) && /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/i.test(origin as string);

const CHECKS: Readonly<Record<keyof ProxyConfig, Check>> = {
  allowedUrlPatterns: [
    'globs over the URL without its scheme: ["fal.run/**", "queue.fal.run/**"]',
    (value) => isList(value, isUrlPattern),
  ],
  allowedEndpoints: [
    'globs over the endpoint id, without a host: ["fal-ai/flux/**"]',
    (value) => isList(value, isEndpointPattern),
  ],
  allowUnauthorizedRequests: ["true or false", (value) => typeof value === "boolean"],
  isAuthenticated: ["a function: async (call) => true, false or { id }", isFunction],
  resolveFalAuth: ["a function: async (call) => process.env.MY_FAL_KEY", isFunction],
  callerKeys: isOneOf("accept", "refuse"),
  maxBodyBytes: ["a number of bytes, such as 52428800", isPositive],
  timeouts: [
    "numbers of ms: { connect: 10000, headers: 3600000, idle: 3600000 }",
    (value) =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).every(
        ([name, ms]) =>
          ["connect", "headers", "idle"].includes(name) && (ms === undefined || isPositive(ms)),
      ),
  ],
  cors: [
    '{ origins: ["https://app.example"], credentials: true } or { origins: "*" }',
    (value) => (value?.origins === "*" && !value.credentials) || isList(value?.origins, isOrigin),
  ],
  webhooks: [
    '"forward", "deny" or { hosts: ["hooks.example.com"] }',
    (value) => value === "forward" || value === "deny" || isList(value?.hosts, isText),
  ],
  cacheControl: ['a header value, such as "no-store, no-transform"', isText],
  guards: ["a list of functions: [(call) => …]", (value) => isList(value, isFunction)],
  onEvent: ["a function: (event) => …", isFunction],
  upstream: [
    'the origin of a local server, such as "http://127.0.0.1:4000" (it receives the key, so another machine needs { url, remote: true })',
    (value) => upstreamOrigin(value) !== undefined,
  ],
};

/** @throws TypeError that names the first wrong option and shows its right form */
export function checkConfig(config: ProxyConfig): void {
  if (typeof config !== "object" || config === null) {
    throw new TypeError(`fal proxy: the configuration must be an object, not ${show(config)}.`);
  }
  for (const [name, value] of Object.entries(config)) {
    const check = (CHECKS as Record<string, Check | undefined>)[name];
    if (check === undefined) {
      const names = Object.keys(CHECKS).join(", ");
      throw new TypeError(`fal proxy: there is no option "${name}". The options are ${names}.`);
    }
    const [form, holds] = check;
    if (value !== undefined && !holds(value)) {
      throw new TypeError(`fal proxy: ${name} must be ${form}, not ${show(value)}.`);
    }
  }
}

/**
 * The origin that FAL_PROXY_UPSTREAM names.
 * @throws TypeError when it is not one that the `upstream` option would take
 */
export function checkUpstream(text: string): string {
  const origin = upstreamOrigin(text);
  if (origin !== undefined) return origin;
  throw new TypeError(
    `fal proxy: FAL_PROXY_UPSTREAM must be ${CHECKS.upstream[0]}, not "${text}".`,
  );
}

/** The origin of an `upstream` option; undefined when it is wrong. */
export function upstreamOrigin(given: ProxyConfig["upstream"]): string | undefined {
  const { url: text, remote = false } =
    typeof given === "object" && given !== null ? given : { url: given as string };
  try {
    const url = new URL(text);
    const plain = url.pathname === "/" && url.search + url.hash + url.username === "";
    const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
    const usable = plain && /^https?:$/.test(url.protocol) && (loopback || remote);
    return usable ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  return JSON.stringify(value) ?? String(value);
}
