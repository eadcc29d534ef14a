/** The caller's own limit on the time before a model starts, and the 504 that says it ran out. */
import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./answer.ts";
import { requestError } from "./errors.ts";

/**
 * Milliseconds, or Infinity without a limit. `x-fal-request-start-timeout` (over 0.1 s) wins over the older
 * `x-fal-request-timeout` (over 1 s, as the SDKs demand); what is not a number above the minimum is ignored.
 */
export function startLimit(headers: IncomingHttpHeaders): number {
  const newer = Number(headers["x-fal-request-start-timeout"]);
  if (newer > 0.1) return newer * 1000;
  const older = Number(headers["x-fal-request-timeout"]);
  return older > 1 ? older * 1000 : Infinity;
}

/** Clients do not retry a 504 that carries this header. */
export function startTimeout(): Answer {
  return requestError("startup_timeout", "Request start timeout reached", [
    ["x-fal-request-timeout-type", "user"],
  ]);
}
