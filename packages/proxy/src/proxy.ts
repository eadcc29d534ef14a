/** The decision: what happens to a request, made without opening a socket. */
import { authenticate } from "./authenticate.ts";
import { OpenCall, type Incoming } from "./call.ts";
import { isPreflight, type Preflight } from "./cors.ts";
import { fault } from "./fault.ts";
import { makePlan, type Plan } from "./plan.ts";
import { firstRefusal, isRefusal, type Refusal } from "./refusal.ts";
import { appsRefusal, webhookRefusal } from "./restrictions.ts";
import { parseTarget, TARGET_URL_HEADER } from "./target.ts";

/** What a front does next: forward, refuse, or answer a preflight. */
export type Decision = Plan | Refusal | Preflight;

/**
 * Decides about one request, in the order: target, allowlists, authentication, guards,
 * credentials, headers.
 *
 * @returns never rejects: a throwing hook becomes `internal_error` and a `fault` event
 */
export async function decide(incoming: Incoming): Promise<Decision> {
  if (isPreflight(incoming)) return { kind: "preflight" };
  const call = new OpenCall(incoming);
  let decision: Plan | Refusal;
  try {
    decision = (await judge(call)) ?? (await makePlan(call));
  } catch (error) {
    // A hook that read the body may have found it too large.
    decision = incoming.body?.refusal ?? fault(call, error);
  }
  if (isRefusal(decision)) {
    const { status, code } = decision;
    call.end({ outcome: "refused", status, sent: false, bytes: 0 }, code);
  }
  return decision;
}

/** Everything that can say no before credentials are looked up. */
async function judge(call: OpenCall): Promise<Refusal | undefined> {
  const { config, body, method, header } = call;
  const target = parseTarget(method, header(TARGET_URL_HEADER));
  if (isRefusal(target)) return target;
  call.target = target;
  return (
    config.allow.judge(target) ??
    webhookRefusal(call) ??
    body?.refusal ??
    (await authenticate(call)) ??
    (await appsRefusal(call)) ??
    (await firstRefusal(config.guards, call))
  );
}
