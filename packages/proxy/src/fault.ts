/** What becomes of an exception: a plain answer to the caller, the truth to the operator. */
import type { End, Incoming, OpenCall } from "./call.ts";
import { tell } from "./events.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** Turns an exception into `internal_error`; what it was goes to `onEvent`, else to stderr. */
export function fault(incoming: Incoming, call: OpenCall | undefined, error: unknown): Refusal {
  if (incoming.config.onEvent) tell(incoming, call, { type: "fault", error: String(error) });
  else console.error("fal proxy:", error);
  return refuse("internal_error", "The proxy ran into an error of its own.");
}

/** A guard that reserved something learns the end even when a later guard refused. */
export function tellEndHooks(call: OpenCall, end: End): void {
  for (const hook of call.endHooks) {
    const told = async (): Promise<void> => hook(end);
    told().catch((error: unknown) => fault(call.incoming, call, error));
  }
}
