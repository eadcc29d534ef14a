/** Cross-origin answers: the preflight, and the headers that let a page read a relayed reply. */

/** The `cors` option. Without it the proxy answers same-origin pages only. */
export interface CorsOptions {
  /** Allowed origins such as `https://app.example`, or `"*"` for any (never with credentials). */
  origins: readonly string[] | "*";
  /** Whether the page may send cookies: `fetch(…, { credentials: "include" })`. Default false. */
  credentials?: boolean;
  /** Request headers of your own that the page sends besides the fal client's. */
  headers?: readonly string[];
}

// What fal's clients send, including the ones that browsers may not name User-Agent.
const REQUEST_HEADERS = [
  "accept",
  "authorization",
  "content-type",
  "x-fal-object-lifecycle",
  "x-fal-object-lifecycle-preference",
  "x-fal-queue-priority",
  "x-fal-request-start-timeout",
  "x-fal-request-timeout",
  "x-fal-runner-hint",
  "x-fal-tags",
  "x-fal-target-url",
  "x-fal-user-agent",
];

// What they read. Without this a page sees them as missing.
const EXPOSED = [
  "x-fal-request-id",
  "x-fal-request-timeout-type",
  "x-fal-billable-units",
  "x-fal-error-type",
  "x-fal-needs-retry",
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
].join(", ");

/** The answer to a preflight: status 204, these headers and those of {@link corsHeaders}. */
export interface Preflight {
  readonly kind: "preflight";
  readonly headers: Record<string, string>;
}

/** The headers that let `origin` read an answer; `vary` in any case, since the answer depends on it. */
export function corsHeaders(
  cors: CorsOptions,
  origin: string | undefined,
): Array<[string, string]> {
  const headers: Array<[string, string]> = [["vary", "origin"]];
  if (!isAllowed(cors, origin)) return headers;
  headers.push(
    ["access-control-allow-origin", cors.origins === "*" ? "*" : (origin as string)],
    ["access-control-expose-headers", EXPOSED],
  );
  if (cors.credentials) headers.push(["access-control-allow-credentials", "true"]);
  return headers;
}

/**
 * Answers a preflight (Fetch standard, "CORS-preflight request"). An origin that is not allowed
 * gets no allowing headers, which is how a browser is told no.
 */
export function answerPreflight(
  cors: CorsOptions,
  origin: string | undefined,
  requested: string | undefined,
): Preflight {
  if (!isAllowed(cors, origin)) return { kind: "preflight", headers: {} };
  const own = (cors.headers ?? []).map((name) => name.toLowerCase());
  // Further x-fal-* headers are forwarded, so a page may send them.
  const more = (requested ?? "").toLowerCase().split(/\s*,\s*/);
  const falsOwn = more.filter((name) => /^x-(app-)?fal-[a-z0-9-]+$/.test(name));
  return {
    kind: "preflight",
    headers: {
      "access-control-allow-methods": "GET, POST, PUT, DELETE",
      "access-control-allow-headers": [...new Set([...REQUEST_HEADERS, ...own, ...falsOwn])].join(
        ", ",
      ),
      "access-control-max-age": "600",
    },
  };
}

const isAllowed = (cors: CorsOptions, origin: string | undefined): boolean =>
  origin !== undefined && (cors.origins === "*" || cors.origins.includes(origin));
