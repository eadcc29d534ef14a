/** Cross-origin answers: the preflight, and the headers that let a page read a relayed reply. */
import type { Incoming } from "./call.ts";
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

/** The answer to a preflight: status 204, these headers and those of {@link corsHeaders}. */
export interface Preflight {
  readonly kind: "preflight";
  readonly headers: Record<string, string>;
}

/** The headers that let a page of `origin` read an answer: none when it is not allowed. */
export function corsHeaders(cors: CorsOptions, origin = ""): Record<string, string> {
  if (!isAllowed(cors, origin)) return {};
  return {
    "access-control-allow-origin": cors.origins === "*" ? "*" : origin,
    "access-control-expose-headers": EXPOSED,
    ...(cors.credentials && { "access-control-allow-credentials": "true" }),
  };
}

/**
 * Answers a preflight (Fetch standard, "CORS-preflight request"). An origin that is not allowed
 * gets no allowing headers, which is how a browser is told no.
 */
export function answerPreflight(cors: CorsOptions, incoming: Incoming): Preflight {
  const requested = incoming.header("access-control-request-headers") ?? "";
  if (!isAllowed(cors, incoming.header("origin"))) return { kind: "preflight", headers: {} };
  // fal's clients send many x-fal-* headers, and all are forwarded: what is asked for is allowed.
  const falsOwn = requested.toLowerCase().match(/\bx-(app-)?fal-[a-z0-9-]+/g) ?? [];
  const own = (cors.headers ?? []).map((name) => name.toLowerCase());
  const names = ["accept", "authorization", "content-type", TARGET_URL_HEADER, ...own, ...falsOwn];
  return {
    kind: "preflight",
    headers: {
      "access-control-allow-methods": METHODS.join(", "),
      "access-control-allow-headers": [...new Set(names)].join(", "),
      "access-control-max-age": "600",
    },
  };
}

const isAllowed = ({ origins }: CorsOptions, origin = ""): boolean =>
  origins === "*" || origins.includes(origin);
