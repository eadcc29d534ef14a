/** How many calls are under way in this process. */
import type { OpenCall } from "./open-call.ts";
import { refuse, type Refusal } from "./refusal.ts";

let underWay = 0;

/**
 * Counts a call until it ends, or refuses it with `overloaded`: nothing was sent then, so the retries
 * of fal's clients buy nothing twice.
 */
export function enter(call: OpenCall): Refusal | undefined {
  const { maxInFlight } = call.config;
  if (underWay >= maxInFlight) {
    return refuse("overloaded", "The server has more calls under way than it takes.", {
      headers: { "retry-after": "1" },
      hint: `The limit is the option maxInFlight, ${maxInFlight}.`,
    });
  }
  underWay += 1;
  call.inFlight = true;
  return undefined;
}

/** A call that was counted is over. */
export function leave(call: OpenCall): void {
  if (call.inFlight) underWay -= 1;
  call.inFlight = false;
}
