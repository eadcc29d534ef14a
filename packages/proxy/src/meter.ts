/** What keeps count of calls: asked last, when nothing else can say no. `defineProxy` makes one. */
import type { OpenCall } from "./open-call.ts";
import type { Plan } from "./plan.ts";
import type { Refusal } from "./refusal.ts";

export interface Meter {
  /**
   * Lets a call pass, and asks to see its reply and its end; or refuses it, and has changed nothing then.
   *
   * @returns what is sent: the plan as it was, or with more in it; or what a call like it was answered before
   */
  admit(call: OpenCall, plan: Plan): Promise<Plan | Replay | Refusal>;
}

/** An answer of 200 without asking fal, since the same call was made before. */
export interface Replay {
  readonly kind: "replay";
  /** JSON. */
  readonly body: string;
}
