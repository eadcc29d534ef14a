/** What each option must look like, and the message for one that does not. */
import { isFalHost } from "./fal-hosts.ts";
import { mayBeListed, mayBeRelayed } from "./headers.ts";
import type { ProxyConfig } from "./options.ts";
import { parseUrl } from "./url.ts";

type Test = (value: any) => unknown;

const isFunction: Test = (value) => typeof value === "function";
const isPositive: Test = (value) => Number.isFinite(value) && value > 0;
// A timer that is given more fires at once.
const isTime: Test = (value) => isPositive(value) && value <= 2_147_483_647;
const isText =
  (form: RegExp): Test =>
  (value) =>
    typeof value === "string" && form.test(value);
const isListOf =
  (holds: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(holds);

const areOrigins = isListOf(isText(/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/i));
// As a URL has them: lower case, a port where it is not 443, no wildcards.
const areHosts = isListOf(
  (value) => isText(/^[\w.:[\]-]+$/)(value) && parseUrl(`https://${value}`)?.host === value,
);
const areHeaders = isListOf((name) => typeof name === "string" && mayBeListed(name.toLowerCase()));
const areRelayed = isListOf((name) => typeof name === "string" && mayBeRelayed(name.toLowerCase()));
const areNames = isListOf(isText(/^[\w!#$%&'*+.^`|~-]+$/));
/** An object with these members and no others, each of which may be left out. */
const isObjectOf =
  (members: Readonly<Record<string, Test>>): Test =>
  (value) =>
    Object(value) === value &&
    Object.entries(value).every(
      ([name, member]) =>
        Object.hasOwn(members, name) && (member === undefined || members[name]?.(member)),
    );
const isCors = isObjectOf({
  origins: (value) => value === "*" || areOrigins(value),
  credentials: (value) => typeof value === "boolean",
  headers: areNames,
});
const isWebhookWord = isText(/^(forward|deny)$/);

const ENDPOINTS = 'globs over the endpoint id, without a host: ["fal-ai/flux/**"]';
const areEndpoints = isListOf(isText(/^(?!\/|[\w+.-]*:\/\/|([\w*-]+\.)*fal\.(run|ai)\/)\S+$/));

/** @param what the option. @throws TypeError for what is no list of globs over endpoint ids */
export function checkEndpoints(globs: unknown, what: string): void {
  if (!areEndpoints(globs)) throw wrong(what, ENDPOINTS, globs);
}

const BYTES = "a number of bytes, such as 1048576";
const HEADERS =
  'names of headers, such as ["x-fal-new"]; none for credentials or framing, nor one that the proxy writes itself';

/** Of each option: what it must be, with an example, and whether it is. */
const OPTIONS: Readonly<Record<keyof ProxyConfig, readonly [form: string, holds: Test]>> = {
  allowedUrlPatterns: [
    'globs over the URL without its scheme: ["fal.run/**", "queue.fal.run/**"]',
    isListOf(isText(/^(?!\/|[\w+.-]*:?\/\/)\S+$/)),
  ],
  allowedEndpoints: [ENDPOINTS, areEndpoints],
  allowUnauthorizedRequests: ["true or false", (value) => typeof value === "boolean"],
  isAuthenticated: ["a function: async (call) => true, false or { id }", isFunction],
  resolveFalAuth: ["a function: async (call) => process.env.MY_FAL_KEY", isFunction],
  callerKeys: ['"accept" or "refuse"', isText(/^(accept|refuse)$/)],
  maxBodyBytes: [BYTES, isPositive],
  inspectBytes: [BYTES, isPositive],
  maxInFlight: [
    "a number of calls, such as 1000",
    (value) => value === Infinity || isPositive(value),
  ],
  forwardRequestHeaders: [HEADERS, areHeaders],
  dropRequestHeaders: [HEADERS, areHeaders],
  forwardResponseHeaders: [HEADERS, areRelayed],
  timeouts: [
    "numbers of ms, none above 2147483647: { connect: 10000, headers: 3600000, idle: 3600000 }",
    isObjectOf({ connect: isTime, headers: isTime, idle: isTime }),
  ],
  cors: [
    '{ origins: ["https://app.example"], credentials: true } or { origins: "*" }',
    (value) => isCors(value) && value.origins && !(value.origins === "*" && value.credentials),
  ],
  webhooks: [
    '"forward", "deny" or { hosts: ["hooks.example.com"] }, each as its URL has it, with its port',
    (value) => isWebhookWord(value) || areHosts(value.hosts),
  ],
  cacheControl: ['a header value, such as "no-store, no-transform"', isText(/^[\t -~]+$/)],
  guards: ["a list of functions: [(call) => …]", isListOf(isFunction)],
  meter: ["what defineProxy made", (value) => isFunction(value.admit)],
  onEvent: ["a function: (event) => …", isFunction],
  fetch: ["a function like fetch: (url, init) => fetch(url, init)", isFunction],
  serviceHosts: [
    'names of fal\'s hosts, such as ["wma.fal.run"]',
    isListOf((host) => typeof host === "string" && isFalHost(host)),
  ],
  upstream: [
    'the origin of a local server, such as "http://127.0.0.1:4000" (it receives the key, so another machine needs { url, remote: true })',
    upstreamOrigin,
  ],
};

/** The name that has most pairs of letters in common with a word, if it has half of them. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const wanted = pairsOf(word);
  let best: string | undefined;
  let most = 0.5;
  for (const name of names) {
    const pairs = pairsOf(name);
    const common = [...pairs].filter((pair) => wanted.has(pair)).length;
    const share = (2 * common) / (pairs.size + wanted.size);
    if (share > most) [best, most] = [name, share];
  }
  return best;
}

const pairsOf = (word: string): Set<string> =>
  new Set(Array.from(word.toLowerCase(), (_, at) => word.toLowerCase().slice(at, at + 2)));

/** @throws TypeError that names the first wrong option and shows its right form */
export function checkConfig(config: ProxyConfig): void {
  if (Object(config) !== config) throw wrong("the configuration", "an object", config);
  for (const [name, value] of Object.entries(config)) {
    const option = OPTIONS[name as keyof ProxyConfig];
    if (option === undefined) {
      if (/^(limits|store|prices|credits|webhookUrl)$/.test(name)) {
        throw new TypeError(
          `fal proxy: ${name} is for defineProxy of @fal-ai/server-proxy/limits.`,
        );
      }
      const names = Object.keys(OPTIONS);
      const meant = nearest(name, names);
      throw new TypeError(
        `fal proxy: there is no option "${name}".${meant ? ` Did you mean "${meant}"?` : ""} The options are ${names.join(", ")}.`,
      );
    }
    const [form, holds] = option;
    if (value !== undefined && !(value !== null && holds(value))) throw wrong(name, form, value);
  }
}

/**
 * The origin that FAL_PROXY_UPSTREAM names.
 * @throws TypeError when it is not one that the `upstream` option would take
 */
export function checkUpstream(text: string): string {
  const origin = upstreamOrigin(text);
  if (origin === undefined) throw wrong("FAL_PROXY_UPSTREAM", OPTIONS.upstream[0], text);
  return origin;
}

/** The origin of an `upstream` option; undefined when it is wrong. */
export function upstreamOrigin(given: NonNullable<ProxyConfig["upstream"]>): string | undefined {
  const { url: text, remote } = typeof given === "object" ? given : { url: given, remote: false };
  const url = parseUrl(text);
  // Nothing but scheme, host and port.
  if (url === undefined || url.href !== `${url.origin}/` || !/^https?:/.test(url.protocol)) {
    return undefined;
  }
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  return loopback || remote ? url.origin : undefined;
}

// A key may stand where a function belongs, so no text is repeated.
function wrong(what: string, form: string, value: unknown): TypeError {
  const shown =
    typeof value === "number" || typeof value === "boolean" || value === null
      ? String(value)
      : Array.isArray(value)
        ? "this list"
        : `this ${typeof value}`;
  return new TypeError(`fal proxy: ${what} must be ${form}, not ${shown}.`);
}
