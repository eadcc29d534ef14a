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

/** The answer to a preflight: status 204 and {@link corsHeaders}. */
export interface Preflight {
  readonly kind: "preflight";
}

/** Whether a browser asks what it may send (Fetch standard, "CORS-preflight request"). */
export const isPreflight = ({ config, method, header }: Incoming): boolean =>
  !!config.cors && method === "OPTIONS" && !!header("access-control-request-method");

/**
 * The headers that let a page read an answer. An origin that is not allowed gets none, which is how
 * a browser is told no.
 */
export function corsHeaders({ config, method, header }: Incoming): Record<string, string> {
  const { origins = [], credentials, headers = [] }: Partial<CorsOptions> = config.cors ?? {};
  const origin =
    origins === "*" ? origins : origins.find((allowed) => allowed === header("origin"));
  if (!origin) return {};
  // fal's clients send many x-fal-* headers, and all are forwarded: those asked for are allowed.
  const asked = header("access-control-request-headers") ?? "";
  const falsOwn = asked.toLowerCase().match(/\bx-(app-)?fal-[a-z0-9-]+/g) ?? [];
  const allowed = ["accept", "authorization", "content-type", TARGET_URL_HEADER, ...headers];
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED,
    ...(credentials && { "access-control-allow-credentials": "true" }),
    ...(method === "OPTIONS" && {
      "access-control-allow-methods": METHODS.join(", "),
      "access-control-allow-headers": [...new Set([...allowed, ...falsOwn])].join(", "),
      "access-control-max-age": "600",
    }),
  };
}
