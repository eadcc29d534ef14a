/** What becomes of an exception: a plain answer to the caller, the truth to the operator. */
import type { End, Incoming, OpenCall } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
import { emit, subjectOf } from "./events.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/** Turns an exception into `internal_error`; what it was goes to `onEvent`, else to stderr. */
export function fault(
  config: ResolvedConfig,
  incoming: Incoming,
  target: Target | undefined,
  error: unknown,
): Refusal {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const subject = subjectOf(incoming.adapter, incoming.method, target, undefined, incoming.ip);
  if (config.onEvent) emit(config.onEvent, { ...subject, type: "fault", error: text });
  else console.error("fal proxy:", error);
  return refuse("internal_error", "The proxy ran into an error of its own.");
}

/** A guard that reserved something learns the end even when a later guard refused. */
export function tellEndHooks(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
  end: End,
): void {
  const trouble = (error: unknown): void => void fault(config, incoming, call.target, error);
  for (const hook of call.endHooks) {
    try {
      void Promise.resolve(hook(end)).catch(trouble);
    } catch (error) {
      trouble(error);
    }
  }
}
