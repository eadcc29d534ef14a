/** Options checked once, at creation; defaults filled in and rules compiled. */
import { compileAllowRules, DEFAULT_ALLOWED_URL_PATTERNS, type AllowRules } from "./allow.ts";
import type { Guard } from "./call.ts";
import { checkConfig, upstreamOrigin } from "./check.ts";
import type { CorsOptions } from "./cors.ts";
import { isDevelopment } from "./environment.ts";
import type { EventHandler } from "./events.ts";
import type { ProxyConfig, Timeouts, WebhookRule } from "./options.ts";

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
  if (resolved === undefined) {
    checkConfig(config);
    known.set(config, (resolved = compile(config)));
  }
  return resolved;
}

const HOUR = 3_600_000;

function compile(config: ProxyConfig): ResolvedConfig {
  const { isAuthenticated, allowedEndpoints = [], timeouts } = config;
  const resolved: ResolvedConfig = {
    allow: compileAllowRules(
      config.allowedUrlPatterns ?? DEFAULT_ALLOWED_URL_PATTERNS,
      allowedEndpoints,
    ),
    allowUnauthorized: config.allowUnauthorizedRequests ?? isAuthenticated === undefined,
    acceptCallerKeys: (config.callerKeys ?? (isAuthenticated ? "refuse" : "accept")) === "accept",
    isAuthenticated,
    resolveFalAuth: config.resolveFalAuth,
    maxBodyBytes: config.maxBodyBytes ?? 50 * 1024 * 1024,
    timeouts: {
      connect: timeouts?.connect ?? 10_000,
      headers: timeouts?.headers ?? HOUR,
      idle: timeouts?.idle ?? HOUR,
    },
    cors: config.cors,
    webhooks: config.webhooks ?? "forward",
    cacheControl: config.cacheControl ?? "no-store, no-transform",
    guards: config.guards ?? [],
    onEvent: config.onEvent,
    upstream: config.upstream && upstreamOrigin(config.upstream),
    development: isDevelopment(),
  };
  if (allowedEndpoints.length === 0) {
    warnOnce(
      "fal proxy: allowedEndpoints is empty, so every fal endpoint can be called. List yours before production.",
    );
  }
  if (resolved.allowUnauthorized) {
    warnOnce(
      "fal proxy: requests without a signed-in user are served and your key pays. Set isAuthenticated before production.",
    );
  }
  return resolved;
}

const warned = new Set<string>();

function warnOnce(text: string): void {
  if (!warned.has(text)) console.warn(text);
  warned.add(text);
}
