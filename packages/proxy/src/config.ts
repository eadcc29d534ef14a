/** Options checked once, at creation; defaults filled in and rules compiled. */
import { compileAllowRules, DEFAULT_ALLOWED_URL_PATTERNS, type AllowRules } from "./allow.ts";
import type { Guard } from "./call.ts";
import { checkConfig, upstreamOrigin } from "./check.ts";
import type { CorsOptions } from "./cors.ts";
import { isDevelopment } from "./environment.ts";
import type { EventHandler } from "./events.ts";
import type { Meter } from "./meter.ts";
import type { ProxyConfig, Timeouts, WebhookRule } from "./options.ts";

/** The options with defaults in place and rules compiled. */
export interface ResolvedConfig extends Defaults {
  readonly allow: AllowRules;
  readonly isAuthenticated?: ProxyConfig["isAuthenticated"];
  readonly resolveFalAuth?: ProxyConfig["resolveFalAuth"];
  readonly timeouts: Readonly<Required<Timeouts>>;
  readonly cors?: CorsOptions | undefined;
  readonly meter?: Meter | undefined;
  readonly onEvent?: EventHandler | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Lower-case names. */
  readonly forwardRequestHeaders: ReadonlySet<string>;
  readonly dropRequestHeaders: readonly string[];
  readonly forwardResponseHeaders: ReadonlySet<string>;
  /** The origin from the option; the environment is asked per call. */
  readonly upstream: string | undefined;
  readonly development: boolean;
  /** Says once, in development, that a header of fal's family is not forwarded. */
  readonly mention: (header: string) => void;
}

/** What stands where an app says nothing. */
interface Defaults {
  readonly allowUnauthorizedRequests: boolean;
  readonly callerKeys: "accept" | "refuse";
  readonly maxBodyBytes: number;
  readonly inspectBytes: number;
  readonly maxInFlight: number;
  readonly webhooks: WebhookRule;
  readonly cacheControl: string;
  readonly guards: readonly Guard[];
}

/**
 * Fills in the documented defaults and warns, once per process, about an open proxy. Handlers do
 * this themselves; call it to reuse one configuration with `handleRequest`.
 *
 * @throws TypeError that names the option and shows the right form
 */
export function resolveProxyConfig(config: ProxyConfig = {}): ProxyConfig {
  const { allowUnauthorizedRequests } = resolveConfig(config);
  return {
    ...config,
    allowedUrlPatterns: config.allowedUrlPatterns ?? DEFAULT_ALLOWED_URL_PATTERNS,
    allowedEndpoints: config.allowedEndpoints ?? [],
    allowUnauthorizedRequests,
  };
}

const HOUR = 3_600_000;

/** Checks and compiles. @throws TypeError that names the option and shows the right form */
export function resolveConfig(config: ProxyConfig): ResolvedConfig {
  checkConfig(config);
  const { allowedUrlPatterns, allowedEndpoints = [], isAuthenticated, timeouts, upstream } = config;
  const defaults: Defaults = {
    allowUnauthorizedRequests: !isAuthenticated,
    callerKeys: isAuthenticated ? "refuse" : "accept",
    maxBodyBytes: 50 * 1024 * 1024,
    inspectBytes: 1024 * 1024,
    maxInFlight: Infinity,
    webhooks: "forward",
    cacheControl: "no-store, no-transform",
    guards: [],
  };
  const development = isDevelopment();
  const resolved: ResolvedConfig = {
    ...defaults,
    ...given(config),
    forwardRequestHeaders: new Set(lowerCase(config.forwardRequestHeaders)),
    dropRequestHeaders: lowerCase(config.dropRequestHeaders),
    forwardResponseHeaders: new Set(lowerCase(config.forwardResponseHeaders)),
    allow: compileAllowRules(
      allowedUrlPatterns ?? DEFAULT_ALLOWED_URL_PATTERNS,
      allowedEndpoints,
      config.serviceHosts,
    ),
    timeouts: { connect: 10_000, headers: HOUR, idle: HOUR, ...given(timeouts) },
    upstream: upstream && upstreamOrigin(upstream),
    development,
    mention: development ? mentionHeader : () => {},
  };
  if (allowedEndpoints.length === 0) {
    warnOnce("allowedEndpoints is empty: every fal endpoint can be called. List yours");
  }
  if (resolved.allowUnauthorizedRequests) {
    warnOnce("callers who are not signed in are served and your key pays. Set isAuthenticated");
  }
  return resolved;
}

/** The options that are not undefined. */
const given = <Options extends object>(options: Options | undefined): Given<Options> =>
  Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as Given<Options>;
type Given<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

const warned = new Set<string>();

function warnOnce(text: string): void {
  if (!warned.has(text)) console.warn(`fal proxy: ${text} before production.`);
  warned.add(text);
}

const mentioned = new Set<string>();
// Callers choose the names.
const MOST_MENTIONED = 20;

function mentionHeader(header: string): void {
  if (mentioned.has(header) || mentioned.size === MOST_MENTIONED) return;
  mentioned.add(header);
  console.warn(
    `fal proxy: the request header ${header.slice(0, 100)} is not sent to fal; the option forwardRequestHeaders adds it.`,
  );
}

const lowerCase = (names: readonly string[] = []): string[] =>
  names.map((name) => name.toLowerCase());
