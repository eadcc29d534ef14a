/** The operator's two allowlists: which fal URLs, and which endpoints, over operations. */
import { isFalHost } from "./fal-hosts.ts";
import { compileGlobs } from "./glob.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { Operation, Target } from "./target.ts";

// rest.alpha.fal.ai is the old name of the same host: older clients upload there.
const UPLOAD = "{rest,rest.alpha}.fal.ai/storage/upload/{initiate,initiate-multipart}";

/**
 * The default of `allowedUrlPatterns`: run, queue and the start of an upload. Globs over the URL
 * without its scheme.
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
  UPLOAD,
  // For createUrlMatcher, which does not tell the query from the path.
  `${UPLOAD}\\?*`,
];

// Keys, billing and deletion live on this host: only patterns that name it count, so that no
// wildcard opens it by accident.
const PLATFORM_API = "api.fal.ai/";

/** What fal's clients ask of its service hosts. */
const SERVICES: ReadonlySet<Operation> = new Set(["signal", "token", "upload"]);

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

/**
 * Compiles globs into one test of a whole text, query and all, as the published package does.
 *
 * @throws TypeError for a pattern that is refused, with the right form
 * @see README.md, "Options"
 */
export function createUrlMatcher(patterns: string[]): (url: string) => boolean {
  const { match } = compileGlobs(patterns);
  return (url) => match(url);
}

/**
 * Compiles `allowedUrlPatterns` into one test of a URL without its scheme. Path and query are judged
 * apart: a pattern is over the path and lets every query pass, unless it has a question mark: what is
 * behind that is over the query then. It is written `\\?`, since a bare one is any one character of a path;
 * before `name=` a bare one is the query's as well, which is what people mean.
 *
 * @throws TypeError for a pattern that is refused, with the right form
 */
export function compileUrlPatterns(patterns: string[], option?: string): (url: string) => boolean {
  const paths = compileGlobs(
    patterns.filter((pattern) => !pattern.includes("\\?")),
    option,
  );
  const wholes = compileGlobs(
    patterns.map(escapeMarks).filter((pattern) => pattern.includes("\\?")),
    option,
  );
  return (url) => {
    const [path = ""] = url.split("?", 1);
    // No wildcard reaches from the path into the query: `fal.run/*/a\\?*` must not let `fal.run/b?/a?` pass.
    return paths.match(path) || wholes.match(url, path.length);
  };
}

const escapeMarks = (pattern: string): string =>
  pattern.replace(/(?<!\\)\?(?=[\w-]+=[^/]*$)/, "\\?");

// Words of letters, digits, `_` and `-`, with one dot or slash between two.
const PLAIN_NAME = /^[\w-]+([./][\w-]+)*$/;

/** How many segments an id has beyond its app; below 0 it names none. */
const beyondApp = (id: string): number =>
  id.split("/").length - (/^(workflows|comfy)\//.test(id) ? 3 : 2);

const lastSegment = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

/**
 * Compiles the two lists.
 *
 * @throws TypeError that names the option, says what is wrong and shows the right form
 * @see ProxyConfig.allowedUrlPatterns, ProxyConfig.allowedEndpoints, ProxyConfig.serviceHosts
 */
export function compileAllowRules(
  urlPatterns: string[],
  endpointPatterns: string[],
  serviceHosts: readonly string[] = [],
): AllowRules {
  const limited = endpointPatterns.length > 0;
  const urlAllowed = compileUrlPatterns(urlPatterns, "allowedUrlPatterns");
  const platformAllowed = compileUrlPatterns(
    urlPatterns.filter((pattern) => pattern.startsWith(PLATFORM_API)),
  );
  const endpoints = compileGlobs(endpointPatterns, "allowedEndpoints");
  // fal's older tokens name an alias without its owner: it counts where an entry ends in it.
  const apps = endpointPatterns.filter((pattern) => beyondApp(pattern) === 0);
  const aliases = new Set(apps.map(lastSegment));

  const mayCall = ({ host, path, search, operation }: Target): boolean =>
    isFalHost(host) &&
    ((`${host}/` === PLATFORM_API ? platformAllowed : urlAllowed)(host + path + search) ||
      (SERVICES.has(operation) && serviceHosts.includes(host)));

  const listed = ({ endpoint, app, path }: Target): boolean =>
    endpoint === undefined
      ? // Of what names only the app, some endpoint inside must be allowed.
        app === undefined || endpoints.match(app) || endpoints.leads(`${app}/`)
      : // A stream may be listed as such.
        endpoints.match(endpoint) || endpoints.match(path.slice(1));

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
    app(name) {
      if (!PLAIN_NAME.test(name)) return false;
      const id = name.replace(/\/(realtime|stream)$/, "");
      if (beyondApp(id) >= 0) return endpoints.match(id) || endpoints.match(name);
      // What could be an alias must be listed by name, whatever wildcards say.
      const alias = lastSegment(name);
      return aliases.has(alias) && (alias === name || endpoints.match(name));
    },
  };
}

/** The refusal for an endpoint that `allowedEndpoints` does not list. */
export function endpointRefusal(endpoint = "its full id"): Refusal {
  return refuse("endpoint_not_allowed", "The proxy may not call this endpoint.", {
    hint: `Add "${endpoint}" to allowedEndpoints.`,
  });
}
