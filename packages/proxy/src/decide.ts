/** The decision: what happens to a call, made without opening a socket. */
import { authenticate } from "./authenticate.ts";
import { CallerGone } from "./body.ts";
import { isPreflight, originRefusal } from "./cors.ts";
import { answered, endCall } from "./end.ts";
import { fault } from "./fault.ts";
import { enter } from "./in-flight.ts";
import type { OpenCall } from "./open-call.ts";
import type { Replay } from "./meter.ts";
import { makePlan, type Plan } from "./plan.ts";
import { firstRefusal, isRefusal, Refused, type Refusal } from "./refusal.ts";
import { appsRefusal, webhookRefusal } from "./restrictions.ts";
import { parseTarget, TARGET_URL_HEADER } from "./target.ts";

/** What a front does next: forward, refuse, answer by itself, or nothing, for a caller who has gone. */
export type Decision = Plan | Refusal | Preflight | Replay | Gone;

/** An answer without a body, whose headers say what a page may do. */
export interface Preflight {
  readonly kind: "preflight";
}

/** The caller went away while its request was read. */
export interface Gone {
  readonly kind: "gone";
}

/**
 * Decides about one call, in the order: target, hosts, origin, authentication, body, endpoint list and
 * the other restrictions, guards, credentials, headers. A refused call is over: its end is told here.
 *
 * @returns never rejects: a throwing hook becomes `internal_error` and a `fault` event
 */
export async function decide(call: OpenCall): Promise<Decision> {
  if (isPreflight(call)) return { kind: "preflight" };
  let refusal: Refusal;
  let outcome: "refused" | "fault" = "refused";
  try {
    const decision = await judge(call);
    if (!isRefusal(decision)) {
      if (decision.kind === "replay") endCall(call, "completed", true);
      return decision;
    }
    refusal = decision;
  } catch (error) {
    if (error instanceof CallerGone) {
      endCall(call, "client_gone", true);
      return { kind: "gone" };
    }
    if (error instanceof Refused) refusal = error.refusal;
    else {
      refusal = fault(call, error);
      outcome = "fault";
    }
  }
  answered(call, refusal);
  endCall(call, outcome, false);
  return refusal;
}

async function judge(call: OpenCall): Promise<Plan | Replay | Refusal> {
  const { allow, guards } = call.config;
  const target = parseTarget(call.method, call.header(TARGET_URL_HEADER));
  if (isRefusal(target)) return target;
  call.target = target;
  return (
    enter(call) ??
    allow.url(target) ??
    originRefusal(call) ??
    (await authenticate(call)) ??
    call.body?.refusal ??
    allow.endpoint(target) ??
    webhookRefusal(call) ??
    (await appsRefusal(call)) ??
    (await firstRefusal(guards, call)) ??
    metered(call)
  );
}

/** The plan, once what counts has let it pass: after it nothing can say no. */
async function metered(call: OpenCall): Promise<Plan | Replay | Refusal> {
  const { meter } = call.config;
  const plan = await makePlan(call);
  return isRefusal(plan) || !meter ? plan : meter.admit(call, plan);
}
