/** Other origins: the preflight, the headers that let a page read an answer, and those that are kept out. */
import type { Incoming } from "./incoming.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { METHODS, TARGET_URL_HEADER } from "./target.ts";

/** The `cors` option. Without it the proxy answers same-origin pages only. */
export interface CorsOptions {
  /** Allowed origins such as `https://app.example`, or `"*"` for any (never with credentials). */
  origins: readonly string[] | "*";
  /** Whether the page may send cookies: `fetch(…, { credentials: "include" })`. Default false. */
  credentials?: boolean;
  /** Request headers of your own that the page sends besides the fal client's. */
  headers?: readonly string[];
}

// What a page reads of an answer; it sees nothing else.
const EXPOSED =
  "x-fal-request-id, x-fal-request-timeout-type, x-fal-billable-units, x-fal-error-type, " +
  "x-fal-needs-retry, retry-after, ratelimit, ratelimit-policy";

/** Whether this is the question that a browser asks before a call (Fetch standard, "CORS-preflight request"). */
export const isPreflight = ({ config, method, header }: Incoming): boolean =>
  method === "OPTIONS" &&
  config.cors !== undefined &&
  header("access-control-request-method") !== undefined;

/**
 * The headers that let a page read an answer, and those that answer a preflight: none for an origin
 * that is not allowed, which is how a browser is told no.
 */
export function corsHeaders(cors: CorsOptions, incoming: Incoming): Record<string, string> {
  const origin = incoming.header("origin") ?? "";
  if (!isAllowed(cors, origin)) return {};
  return {
    "access-control-allow-origin": cors.origins === "*" ? "*" : origin,
    "access-control-expose-headers": EXPOSED,
    ...(cors.credentials && { "access-control-allow-credentials": "true" }),
    ...(isPreflight(incoming) && {
      "access-control-allow-methods": METHODS.join(", "),
      "access-control-allow-headers": requestHeaders(cors, incoming),
      "access-control-max-age": "600",
    }),
  };
}

/** Those of fal's client, of the app, and the `x-fal-*` names asked for: what fal does not know is dropped later. */
function requestHeaders(cors: CorsOptions, { header }: Incoming): string {
  const asked = header("access-control-request-headers")?.toLowerCase() ?? "";
  const falsOwn = asked.match(/\bx-(app-)?fal-[a-z0-9-]+/g) ?? [];
  const own = (cors.headers ?? []).map((name) => name.toLowerCase());
  const names = ["accept", "authorization", "content-type", TARGET_URL_HEADER, ...own, ...falsOwn];
  return [...new Set(names)].join(", ");
}

/**
 * Refuses a call from another site's page, which the browser says of itself: behind a middleware that
 * reflects any origin with credentials, a stranger's page could spend through a visitor's session.
 *
 * @see Fetch Metadata Request Headers, `Sec-Fetch-Site`
 */
export function originRefusal({ config, header }: Incoming): Refusal | undefined {
  if (header("sec-fetch-site") !== "cross-site") return undefined;
  if (config.cors && isAllowed(config.cors, header("origin") ?? "")) return undefined;
  return refuse("origin_not_allowed", "Pages of other sites may not call this proxy.", {
    hint: "The option cors lists the origins that may.",
  });
}

const isAllowed = ({ origins }: CorsOptions, origin: string): boolean =>
  origins === "*" || origins.includes(origin);
