/** What becomes of an exception: a plain answer to the caller, the truth to the operator. */
import type { OpenCall } from "./call.ts";
import { tell } from "./events.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** Turns an exception into `internal_error`; what it was goes to `onEvent`, else to stderr. */
export function fault(call: OpenCall, error: unknown): Refusal {
  if (call.config.onEvent) tell(call, { type: "fault", error: String(error) });
  else console.error("fal proxy:", error);
  return refuse("internal_error", "The proxy ran into an error of its own.");
}
