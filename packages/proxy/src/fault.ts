/** What becomes of an exception: a plain answer to the caller, the truth to the operator. */
import { tell } from "./events.ts";
import type { OpenCall } from "./open-call.ts";
import { describeError, print } from "./print.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** Turns an exception into `internal_error`; what it was goes to `onEvent`, else to stderr. */
export function fault(call: OpenCall, error: unknown): Refusal {
  const { onEvent } = call.config;
  if (onEvent) tell(call, { type: "fault", error: describeError(error, call.credential) });
  else print("fault", error, call.credential);
  return internalError();
}

/** @param hint for the operator, shown only in development */
export const internalError = (hint?: string): Refusal =>
  refuse("internal_error", "The proxy ran into an error of its own.", hint ? { hint } : {});
