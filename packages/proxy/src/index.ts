/** `@fal-ai/server-proxy`: everything that is not tied to one framework. */
import { compileUrlPatterns, createUrlMatcher, DEFAULT_ALLOWED_URL_PATTERNS } from "./allow.ts";
import { keyFromEnv } from "./credentials.ts";

export { TARGET_URL_HEADER, parseTarget, type Operation, type Target } from "./target.ts";
export { createUrlMatcher, DEFAULT_ALLOWED_URL_PATTERNS } from "./allow.ts";
export { resolveProxyConfig } from "./config.ts";
export type { ProxyConfig, Timeouts, WebhookRule } from "./options.ts";
export type { CorsOptions } from "./cors.ts";
export type { HeaderValue, ProxyBehavior } from "./behavior.ts";
export type { Call, Guard, HookCall, Reply, User } from "./call.ts";
export type { End } from "./end.ts";
export type { EventHandler, EventSubject, ProxyEvent } from "./events.ts";
export { refuse, type Refusal, type RefusalCode, type RefusalExtras } from "./refusal.ts";
export { handleRequest, type AppBehavior, type RequestBody } from "./handle-request.ts";

/** The route at which fal's client expects the proxy by convention. */
export const DEFAULT_PROXY_ROUTE = "/api/fal/proxy";

/**
 * Whether a URL without its scheme, such as `fal.run/fal-ai/flux/dev`, matches the patterns: path and
 * query apart, as `allowedUrlPatterns` judges.
 *
 * @param patterns defaults to {@link DEFAULT_ALLOWED_URL_PATTERNS}
 * @throws TypeError for a pattern that is refused, with the right form
 */
export function isAllowedUrl(
  url: string,
  patterns: string[] = DEFAULT_ALLOWED_URL_PATTERNS,
): boolean {
  return compileUrlPatterns(patterns)(url);
}

/** The path of a URL without its leading slash. @throws TypeError when it is no URL */
export function getEndpoint(targetUrl: string): string {
  return new URL(targetUrl).pathname.replace(/^\//, "");
}

/** Whether an endpoint id matches the patterns; no patterns allow every endpoint. */
export function isAllowedEndpoint(endpoint: string, patterns: string[]): boolean {
  return patterns.length === 0 || createUrlMatcher(patterns)(endpoint);
}

/** A plain object of the headers, under lower-case names. */
export function fromHeaders(headers: Headers): Record<string, string | string[]> {
  const result: Record<string, string> = {};
  headers.forEach((value, name) => {
    result[name] = value;
  });
  return result;
}

/** For `sendResponse` where the host takes a Response as it is. */
export const responsePassthrough = (response: Response): Promise<Response> =>
  Promise.resolve(response);

/** The key from FAL_KEY, else FAL_KEY_ID and FAL_KEY_SECRET, without a scheme; undefined if unset. */
export const resolveApiKeyFromEnv = (): Promise<string | undefined> => keyFromEnv();
