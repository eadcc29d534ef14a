/** What each option must look like, and the message for one that does not. */
import type { ProxyConfig } from "./options.ts";
import { parseUrl } from "./url.ts";

type Test = (value: any) => unknown;

const isFunction: Test = (value) => typeof value === "function";
const isPositive: Test = (value) => value > 0 && Number.isFinite(value);
const isText =
  (form = /./): Test =>
  (value) =>
    typeof value === "string" && form.test(value);
const isList =
  (holds: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(holds);

/** What each option looks like, and whether a value does. */
const OPTIONS: Readonly<Record<keyof ProxyConfig, readonly [form: string, holds: Test]>> = {
  allowedUrlPatterns: [
    '["fal.run/**"], globs over URLs without their scheme',
    isList(isText(/^(?![\w+.-]*:?\/\/)./)),
  ],
  allowedEndpoints: [
    '["fal-ai/flux/**"], globs over endpoint ids without a host',
    isList(isText(/^(?!\/|https?:|(queue\.)?fal\.run\/)./)),
  ],
  allowUnauthorizedRequests: ["true or false", (value) => typeof value === "boolean"],
  isAuthenticated: ["async (call) => true, false or { id }", isFunction],
  resolveFalAuth: ["async (call) => process.env.MY_FAL_KEY", isFunction],
  callerKeys: ['"accept" or "refuse"', isText(/^(accept|refuse)$/)],
  maxBodyBytes: ["52428800, a number of bytes", isPositive],
  timeouts: [
    "{ connect: 10000, headers: 3600000, idle: 3600000 }, in ms",
    (value) =>
      typeof value === "object" &&
      Object.entries(value).every(
        ([name, ms]) =>
          /^(connect|headers|idle)$/.test(name) && (ms === undefined || isPositive(ms)),
      ),
  ],
  cors: [
    '{ origins: ["https://app.example"], credentials: true } or { origins: "*" }',
    ({ origins, credentials }) =>
      origins === "*" ? !credentials : isList(isText(/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/i))(origins),
  ],
  webhooks: [
    '"forward", "deny" or { hosts: ["hooks.example.com"] }',
    (value) => isText(/^(forward|deny)$/)(value) || isList(isText())(value.hosts),
  ],
  cacheControl: ['"no-store, no-transform", a header value', isText()],
  guards: ["[(call) => …], a list of functions", isList(isFunction)],
  onEvent: ["(event) => …", isFunction],
  upstream: [
    '"http://127.0.0.1:4000", a local origin since it receives the key, or { url, remote: true }',
    upstreamOrigin,
  ],
};

/** @throws TypeError that names the first wrong option and shows its right form */
export function checkConfig(config: ProxyConfig): void {
  if (Object(config) !== config) throw wrong("the configuration", "an object", config);
  for (const [name, value] of Object.entries(config)) {
    const option = OPTIONS[name as keyof ProxyConfig];
    if (!option) throw wrong("an option", `one of ${Object.keys(OPTIONS).join(", ")}`, name);
    const [form, holds] = option;
    if (value !== undefined && (value === null || !holds(value))) throw wrong(name, form, value);
  }
}

/**
 * The origin that FAL_PROXY_UPSTREAM names.
 * @throws TypeError when it is not one that the `upstream` option would take
 */
export function checkUpstream(text: string): string {
  const origin = upstreamOrigin(text);
  if (!origin) throw wrong("FAL_PROXY_UPSTREAM", OPTIONS.upstream[0], text);
  return origin;
}

/** The origin of an `upstream` option; undefined when it is wrong. */
export function upstreamOrigin(given: NonNullable<ProxyConfig["upstream"]>): string | undefined {
  const { url: text, remote } = typeof given === "object" ? given : { url: given, remote: false };
  const url = parseUrl(text);
  // Nothing but scheme, host and port.
  if (!url || !/^https?:/.test(url.protocol) || url.href !== `${url.origin}/`) return undefined;
  const loopback = /^(localhost|127[.\d]+|\[::1\])$/.test(url.hostname);
  return loopback || remote ? url.origin : undefined;
}

function wrong(what: string, form: string, value: unknown): TypeError {
  const shown = JSON.stringify(value) ?? `a ${typeof value}`;
  return new TypeError(`fal proxy: ${what} must be ${form}, not ${shown}.`);
}
