/** The options: checked once, at creation, with messages that show the right form. */
import { compileAllowRules, DEFAULT_ALLOWED_URL_PATTERNS, type AllowRules } from "./allow.ts";
import type { Guard, HookCall, User } from "./call.ts";
import type { CorsOptions } from "./cors.ts";
import type { EventHandler } from "./events.ts";
import { isDevelopment } from "./environment.ts";

/** Time limits in ms. The defaults follow fal's own limit of an hour for one request. */
export interface Timeouts {
  /** Until a connection to fal stands. Default 10,000. */
  connect?: number;
  /** From there until fal's reply begins. Default 3,600,000. */
  headers?: number;
  /** The longest silence inside a reply. Default 3,600,000. */
  idle?: number;
}

/** Which `fal_webhook` a caller may put on a submit. */
export type WebhookRule = "forward" | "deny" | { hosts: readonly string[] };

/**
 * Every option, all optional. The first five are those of fal's documentation.
 *
 * @see README.md, "Options"
 */
export interface ProxyConfig {
  /**
   * Globs over the target URL without its scheme: `*` inside a segment, `**` across segments, `\\?`
   * for a literal question mark. fal's own hosts only, whatever a pattern says.
   * @default DEFAULT_ALLOWED_URL_PATTERNS: `fal.run/**`, `queue.fal.run/**` and the upload start
   */
  allowedUrlPatterns?: string[] | undefined;
  /**
   * Globs over the endpoint id, such as `fal-ai/flux/**`. They apply to every operation that names
   * a model; a listed endpoint includes its stream, status, result and cancel.
   * @default [] which allows every endpoint
   */
  allowedEndpoints?: string[] | undefined;
  /**
   * Whether a caller who is not signed in is served, at the operator's expense.
   * @default true without `isAuthenticated`, false with it
   */
  allowUnauthorizedRequests?: boolean | undefined;
  /**
   * The app's own check. Return true, or the {@link User}, to let the caller in. What the caller
   * sent as `Authorization` then never reaches fal.
   * @default a caller is signed in who brings a fal key of his own (`Authorization: Key …`), which
   * then pays for his request
   */
  isAuthenticated?: ((call: HookCall) => MaybePromise<boolean | User>) | undefined;
  /**
   * The `Authorization` value for fal, with or without its `Key ` scheme. Undefined is a refusal.
   * @default the environment variable FAL_KEY, else FAL_KEY_ID and FAL_KEY_SECRET
   */
  resolveFalAuth?: ((call: HookCall) => MaybePromise<string | undefined>) | undefined;

  /** Whether a caller's own fal key is used. @default "accept" without `isAuthenticated`, else "refuse" */
  callerKeys?: "accept" | "refuse" | undefined;
  /** Largest request body in bytes. @default 52,428,800 (50 MiB) */
  maxBodyBytes?: number | undefined;
  timeouts?: Timeouts | undefined;
  /** Pages of other origins that may call. @default none */
  cors?: CorsOptions | undefined;
  /** @default "forward" */
  webhooks?: WebhookRule | undefined;
  /** `cache-control` of every answer. @default "no-store, no-transform" */
  cacheControl?: string | undefined;
  /** Run in order after authentication; the first refusal ends the call. @default [] */
  guards?: readonly Guard[] | undefined;
  /** Receives typed events; never a body, a header or a key. */
  onEvent?: EventHandler | undefined;
  /**
   * For development: where `https://HOST/PATH` is really sent, as `<upstream>/HOST/PATH`. It
   * receives the key, so only a loopback address, unless given as `{ url, remote: true }`.
   * @default the environment variable FAL_PROXY_UPSTREAM, else fal itself
   */
  upstream?: string | { url: string; remote: true } | undefined;
}

type MaybePromise<T> = T | Promise<T>;

/** The options with defaults in place and rules compiled. */
export interface ResolvedConfig {
  readonly allow: AllowRules;
  readonly allowUnauthorized: boolean;
  readonly acceptCallerKeys: boolean;
  readonly isAuthenticated: ProxyConfig["isAuthenticated"];
  readonly resolveFalAuth: ProxyConfig["resolveFalAuth"];
  readonly maxBodyBytes: number;
  readonly timeouts: Readonly<Required<Timeouts>>;
  readonly cors: CorsOptions | undefined;
  readonly webhooks: WebhookRule;
  readonly cacheControl: string;
  readonly guards: readonly Guard[];
  readonly onEvent: EventHandler | undefined;
  /** The origin from the option; the environment is asked per call. */
  readonly upstream: string | undefined;
  readonly development: boolean;
}

const HOUR = 3_600_000;

/**
 * Fills in the documented defaults and warns, once per process, about an open proxy. Handlers do
 * this themselves; call it to reuse one configuration with `handleRequest`.
 *
 * @throws TypeError that names the option and shows the right form
 */
export function resolveProxyConfig(config: ProxyConfig = {}): ProxyConfig {
  const resolved = resolveConfig(config);
  return {
    ...config,
    allowedUrlPatterns: config.allowedUrlPatterns ?? DEFAULT_ALLOWED_URL_PATTERNS,
    allowedEndpoints: config.allowedEndpoints ?? [],
    allowUnauthorizedRequests: resolved.allowUnauthorized,
  };
}

const known = new WeakMap<ProxyConfig, ResolvedConfig>();

/** Checks and compiles; the same object is compiled once. @throws TypeError */
export function resolveConfig(config: ProxyConfig): ResolvedConfig {
  let resolved = known.get(config);
  if (resolved === undefined) known.set(config, (resolved = compile(config)));
  return resolved;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof ProxyConfig>([
  "allowedUrlPatterns",
  "allowedEndpoints",
  "allowUnauthorizedRequests",
  "isAuthenticated",
  "resolveFalAuth",
  "callerKeys",
  "maxBodyBytes",
  "timeouts",
  "cors",
  "webhooks",
  "cacheControl",
  "guards",
  "onEvent",
  "upstream",
]);

function compile(config: ProxyConfig): ResolvedConfig {
  must(typeof config === "object" && config !== null, "the configuration", "an object", config);
  for (const name of Object.keys(config)) {
    if (!OPTIONS.has(name)) {
      throw new TypeError(
        `fal proxy: there is no option "${name}". Options: ${[...OPTIONS].join(", ")}.`,
      );
    }
  }
  const urlPatterns = config.allowedUrlPatterns ?? DEFAULT_ALLOWED_URL_PATTERNS;
  const endpoints = config.allowedEndpoints ?? [];
  must(isStrings(urlPatterns), "allowedUrlPatterns", '["fal.run/**"]', urlPatterns);
  must(isStrings(endpoints), "allowedEndpoints", '["fal-ai/flux/**"]', endpoints);
  for (const pattern of urlPatterns) {
    must(!/^\w+:\/\//.test(pattern), "allowedUrlPatterns", '"fal.run/**" (no scheme)', pattern);
  }
  for (const pattern of endpoints) {
    const plain =
      !pattern.startsWith("/") && !/^(https?:|fal\.run\/|queue\.fal\.run\/)/.test(pattern);
    must(plain, "allowedEndpoints", '"fal-ai/flux/dev" (an endpoint id, no host)', pattern);
  }
  const { allowUnauthorizedRequests: allowUnauthorized, callerKeys, webhooks = "forward" } = config;
  must(
    isOptional(allowUnauthorized, "boolean"),
    "allowUnauthorizedRequests",
    "true or false",
    allowUnauthorized,
  );
  for (const name of ["isAuthenticated", "resolveFalAuth", "onEvent"] as const) {
    must(
      isOptional(config[name], "function"),
      name,
      `a function: ${name}: (call) => …`,
      config[name],
    );
  }
  must(
    [undefined, "accept", "refuse"].includes(callerKeys),
    "callerKeys",
    '"accept" or "refuse"',
    callerKeys,
  );
  const maxBodyBytes = config.maxBodyBytes ?? 50 * 1024 * 1024;
  must(
    isPositive(maxBodyBytes),
    "maxBodyBytes",
    "a number of bytes, such as 52428800",
    maxBodyBytes,
  );
  const cacheControl = config.cacheControl ?? "no-store, no-transform";
  must(typeof cacheControl === "string", "cacheControl", '"no-store, no-transform"', cacheControl);
  const guards = config.guards ?? [];
  const functions = Array.isArray(guards) && guards.every((guard) => typeof guard === "function");
  must(functions, "guards", "an array of functions: [(call) => …]", guards);

  const resolved: ResolvedConfig = {
    allow: compileAllowRules(urlPatterns, endpoints),
    allowUnauthorized: allowUnauthorized ?? config.isAuthenticated === undefined,
    acceptCallerKeys: (callerKeys ?? (config.isAuthenticated ? "refuse" : "accept")) === "accept",
    isAuthenticated: config.isAuthenticated,
    resolveFalAuth: config.resolveFalAuth,
    maxBodyBytes,
    timeouts: resolveTimeouts(config.timeouts),
    cors: checkCors(config.cors),
    webhooks: checkWebhooks(webhooks),
    cacheControl,
    guards,
    onEvent: config.onEvent,
    upstream: resolveUpstream(config.upstream),
    development: isDevelopment(),
  };
  warnWhenOpen(resolved, endpoints);
  return resolved;
}

function resolveTimeouts(given: Timeouts = {}): Required<Timeouts> {
  const timeouts = { connect: 10_000, headers: HOUR, idle: HOUR };
  must(
    typeof given === "object",
    "timeouts",
    "{ connect: 10000, headers: 3600000, idle: 3600000 }",
    given,
  );
  for (const [name, value] of Object.entries(given)) {
    must(name in timeouts, `timeouts.${name}`, "one of connect, headers, idle", value);
    must(isPositive(value), `timeouts.${name}`, "a number of ms, such as 10000", value);
    timeouts[name as keyof Timeouts] = value as number;
  }
  return timeouts;
}

function checkCors(cors: CorsOptions | undefined): CorsOptions | undefined {
  if (cors === undefined) return undefined;
  const form = '{ origins: ["https://app.example"] } or { origins: "*" }';
  must(cors?.origins === "*" || isStrings(cors?.origins), "cors", form, cors);
  if (cors.origins === "*") {
    must(!cors.credentials, "cors.credentials", 'false with origins "*": list the origins', true);
    return cors;
  }
  for (const origin of cors.origins) {
    const plain = URL.canParse?.(origin) !== false && /^[a-z][a-z0-9+.-]*:\/\/[^/]+$/i.test(origin);
    must(plain, "cors.origins", '"https://app.example" (scheme and host, no path)', origin);
  }
  return cors;
}

function checkWebhooks(rule: WebhookRule): WebhookRule {
  const listed = typeof rule === "object" && rule !== null && isStrings(rule.hosts);
  const form = '"forward", "deny" or { hosts: ["hooks.example.com"] }';
  must(rule === "forward" || rule === "deny" || listed, "webhooks", form, rule);
  return rule;
}

/**
 * Checks an upstream and gives back its origin.
 * @throws TypeError for anything that is not an http(s) URL on loopback (or `{ url, remote: true }`)
 */
export function resolveUpstream(given: ProxyConfig["upstream"]): string | undefined {
  if (given === undefined) return undefined;
  const { url: text, remote } = typeof given === "string" ? { url: given, remote: false } : given;
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below, with the right form.
  }
  const plain = url?.pathname === "/" && url.search + url.hash === "";
  const web = plain && /^https?:$/.test(url?.protocol ?? "");
  must(web, "upstream (FAL_PROXY_UPSTREAM)", '"http://127.0.0.1:4000"', text);
  const { hostname } = url as URL;
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  must(
    loopback || remote,
    "upstream (FAL_PROXY_UPSTREAM)",
    "a loopback address, since it receives the key (or { url, remote: true })",
    text,
  );
  return (url as URL).origin;
}

const warned = new Set<string>();

function warnWhenOpen(config: ResolvedConfig, endpoints: string[]): void {
  const warn = (text: string): void => {
    if (!warned.has(text)) console.warn(text);
    warned.add(text);
  };
  if (endpoints.length === 0) {
    warn(
      "fal proxy: allowedEndpoints is empty, so every fal endpoint can be called. List yours before production.",
    );
  }
  if (config.allowUnauthorized) {
    warn(
      "fal proxy: requests without a signed-in user are served and your key pays. Set isAuthenticated before production.",
    );
  }
}

function must(condition: boolean, option: string, form: string, got: unknown): void {
  if (condition) return;
  const text =
    typeof got === "string"
      ? `"${got}"`
      : typeof got === "function"
        ? "a function"
        : (JSON.stringify(got) ?? String(got));
  throw new TypeError(`fal proxy: ${option} must be ${form}, not ${text}.`);
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "");
const isOptional = (value: unknown, type: string): boolean =>
  value === undefined || typeof value === type;
const isPositive = (value: unknown): boolean =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
