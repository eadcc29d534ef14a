/** The operator's two allowlists: which fal URLs, and which endpoints, over operations. */
import picomatch from "picomatch";
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

// Whatever the patterns say, the key goes to no other domain.
const FAL_DOMAINS = ["fal.run", "fal.ai", "fal.dev", "fal.media", "falrun.com"];

// Keys, billing and deletion live on this host: a wildcard must not open it by accident.
const PLATFORM_API = "api.fal.ai";

/** Answers whether a target may be called; compiled once from the options. */
export interface AllowRules {
  /** Refuses by URL and by endpoint. The body of a token or signal request is judged by `app`. */
  judge(target: Target): Refusal | undefined;
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
  const urlAllowed = createUrlMatcher(urlPatterns);
  const endpointAllowed = createUrlMatcher(endpointPatterns);
  const limited = endpointPatterns.length > 0;
  const apps = endpointPatterns.flatMap(expandBraces).map(appMatcher);
  const platformApi = urlPatterns.some((pattern) => pattern.startsWith(`${PLATFORM_API}/`));
  // Bounded by the number of apps that pass the URL rule, and by hand against made-up names.
  const seen = new Map<string, boolean>();

  const inSomeApp = (app: string): boolean => {
    let allowed = seen.get(app);
    if (allowed === undefined) {
      allowed = apps.some((lies) => lies(app));
      if (seen.size < 1000) seen.set(app, allowed);
    }
    return allowed;
  };

  const allowsEndpoint = (target: Target): boolean => {
    const { operation, endpoint, app, path } = target;
    if (operation === "upload" || operation === "token" || operation === "signal") return true;
    if (endpoint === undefined) return app !== undefined && inSomeApp(app);
    return endpointAllowed(endpoint) || (operation === "stream" && endpointAllowed(path.slice(1)));
  };

  return {
    limited,
    judge(target) {
      const { host, path, search } = target;
      const known = FAL_DOMAINS.some((domain) => host === domain || host.endsWith(`.${domain}`));
      if (!known || (host === PLATFORM_API && !platformApi) || !urlAllowed(host + path + search)) {
        return refuse("target_not_allowed", "This URL is not one that the proxy may call.", {
          hint: `Add a pattern for ${host}${path} to allowedUrlPatterns (only fal's own hosts can be added).`,
        });
      }
      if (limited && !allowsEndpoint(target)) return endpointRefusal(target.endpoint ?? target.app);
      return undefined;
    },
    app(name) {
      if (!limited) return true;
      const segments = name.split("/");
      if (segments.length > 1) return endpointAllowed(name.replace(/\/(realtime|stream)$/, ""));
      // fal's older tokens name an alias without its owner.
      return endpointPatterns.flatMap(expandBraces).some((p) => aliasMatches(p, name));
    },
  };
}

/** The refusal for an endpoint that `allowedEndpoints` does not list. */
export function endpointRefusal(endpoint: string | undefined): Refusal {
  return refuse("endpoint_not_allowed", "This endpoint is not one that the proxy may call.", {
    hint: `Add "${endpoint ?? "its id"}" to allowedEndpoints.`,
  });
}

/**
 * Makes the test "does this pattern allow anything inside that app?" for operations whose URL
 * names only the app: the pattern is cut to as many segments as the app has.
 */
function appMatcher(pattern: string): (app: string) => boolean {
  if (pattern.startsWith("!") || pattern.includes("(")) {
    // A negation or an extglob: compare the part before its first wildcard.
    const { base } = picomatch.scan(pattern.replace(/^!/, ""));
    if (pattern.startsWith("!")) return () => true;
    return (app) => `${app}/`.startsWith(`${base}/`) || `${base}/`.startsWith(`${app}/`);
  }
  const segments = pattern.split("/");
  const cut = (depth: number): ((app: string) => boolean) => {
    const star = segments.slice(0, depth).findIndex((segment) => segment.includes("**"));
    const kept = star === -1 ? segments.slice(0, depth) : [...segments.slice(0, star), "**"];
    return picomatch(kept.join("/"), { dot: true });
  };
  const two = cut(2);
  const three = cut(3);
  return (app) => (app.split("/").length === 3 ? three(app) : two(app));
}

function aliasMatches(pattern: string, alias: string): boolean {
  const segments = pattern.split("/");
  const named = segments[1];
  if (segments[0]?.includes("**") || named === undefined || named.includes("**")) return true;
  return picomatch(named, { dot: true })(alias);
}

/** `a/{b,c}/d` → `a/b/d`, `a/c/d`: a brace may hold slashes, which cutting must not split. */
function expandBraces(pattern: string): string[] {
  const match = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern);
  if (match === null) return [pattern];
  const [, before, inside, after] = match as unknown as [string, string, string, string];
  return inside.split(",").flatMap((choice) => expandBraces(before + choice + after));
}
