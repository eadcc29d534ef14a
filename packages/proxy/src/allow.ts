/** The operator's two allowlists: which fal URLs, and which endpoints, over operations. */
import picomatch from "picomatch";
import { isFalHost } from "./fal-hosts.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/**
 * The default of `allowedUrlPatterns`: run, queue and the start of an upload. Globs over the URL
 * without its scheme; `?` is escaped, since in a glob it stands for any one character.
 *
 * Unlike the published list it has `initiate-multipart`, which the client calls above 90 MiB, and
 * not `complete-multipart`, which no client sends through a proxy.
 *
 * @example Let the browser fetch realtime tokens too:
 * ```ts
 * allowedUrlPatterns: [...DEFAULT_ALLOWED_URL_PATTERNS, "rest.fal.ai/tokens/**"]
 * ```
 */
export const DEFAULT_ALLOWED_URL_PATTERNS: string[] = [
  "fal.run/**",
  "queue.fal.run/**",
  "rest.fal.ai/storage/upload/{initiate,initiate-multipart}",
  "rest.fal.ai/storage/upload/{initiate,initiate-multipart}\\?*",
];

// Keys, billing and deletion live on this host: a wildcard must not open it by accident.
const PLATFORM_API = "api.fal.ai";

/** Answers whether a target may be called; compiled once from the options. */
export interface AllowRules {
  /** Refuses by URL. */
  url(target: Target): Refusal | undefined;
  /** Refuses by endpoint. The body of a token or signal request is judged by `app`. */
  endpoint(target: Target): Refusal | undefined;
  /** Whether an app that a body names (`owner/app/realtime`, or a bare alias) is allowed. */
  app(name: string): boolean;
  /** Whether `allowedEndpoints` names anything: if not, every endpoint is allowed. */
  readonly limited: boolean;
}

/** Compiles globs into one test; `*` stays inside a segment, `**` crosses segments. */
export function createUrlMatcher(patterns: string[]): (url: string) => boolean {
  return picomatch(patterns, { dot: true });
}

/** @see ProxyConfig.allowedUrlPatterns, ProxyConfig.allowedEndpoints */
export function compileAllowRules(urlPatterns: string[], endpointPatterns: string[]): AllowRules {
  const limited = endpointPatterns.length > 0;
  const platformAllowed = urlPatterns.some((pattern) => pattern.startsWith(`${PLATFORM_API}/`));
  const urlAllowed = createUrlMatcher(urlPatterns);
  const endpointAllowed = createUrlMatcher(endpointPatterns);
  const simple = endpointPatterns.flatMap(simplify);
  const appAllowed = createUrlMatcher(simple.map(beginnings));
  // fal's older tokens name an alias without its owner.
  const aliasAllowed = createUrlMatcher(simple.map(withoutOwner).map(beginnings));

  const mayCall = ({ host, path, search }: Target): boolean =>
    isFalHost(host) &&
    (host !== PLATFORM_API || platformAllowed) &&
    urlAllowed(host + path + search);

  // Of what names only the app, some endpoint inside must be allowed: a pattern's, or any (a negation's).
  const listed = ({ endpoint, app, path }: Target): boolean =>
    endpoint === undefined
      ? app === undefined || appAllowed(app) || endpointAllowed(`${app}/_`)
      : // A stream may be listed as such.
        endpointAllowed(endpoint) || endpointAllowed(path.slice(1));

  return {
    limited,
    url: (target) =>
      mayCall(target)
        ? undefined
        : refuse("target_not_allowed", "The proxy may not call this URL.", {
            hint: `Add a pattern for ${target.host}${target.path} to allowedUrlPatterns (fal's own hosts only).`,
          }),
    endpoint: (target) =>
      limited && !listed(target) ? endpointRefusal(target.endpoint ?? target.app) : undefined,
    app: (name) =>
      name.includes("/")
        ? endpointAllowed(name.replace(/\/(realtime|stream)$/, ""))
        : aliasAllowed(name),
  };
}

/** The refusal for an endpoint that `allowedEndpoints` does not list. */
export function endpointRefusal(endpoint: unknown = "its id"): Refusal {
  return refuse("endpoint_not_allowed", "The proxy may not call this endpoint.", {
    hint: `Add "${endpoint}" to allowedEndpoints.`,
  });
}

/**
 * The patterns that one stands for, with segments that can be told apart: braces may hold slashes,
 * so `a/{b,c/d}` becomes `a/b` and `a/c/d`. A group with a slash in it counts as
 * everything from there on.
 */
function simplify(pattern: string): string[] {
  const [braces, inside] = /\{([^{}]*,[^{}]*)\}/.exec(pattern) ?? [];
  if (braces === undefined || inside === undefined)
    return [pattern.replace(/[^/]*\([^)]*\/.*/, "**")];
  return inside.split(",").flatMap((choice) => simplify(pattern.replace(braces, () => choice)));
}

/**
 * Matches whatever leads to a match of `pattern`, `a/b/c` as `a{,/b{,/c}}`: for operations whose
 * URL names only the app, and which are allowed when anything inside that app is.
 */
const beginnings = (pattern: string): string =>
  pattern.replaceAll("/", "{,/") + "}".repeat(pattern.split("/").length - 1);

/** The pattern without its first segment, unless that one reaches further than itself. */
const withoutOwner = (pattern: string): string => pattern.replace(/^((?!\*\*)[^/])+\//, "");
