/** The decision: what happens to a request, made without opening a socket. */
import { authenticate } from "./authenticate.ts";
import { OpenCall, type Incoming } from "./call.ts";
import { answerPreflight, type Preflight } from "./cors.ts";
import { tell } from "./events.ts";
import { fault, tellEndHooks } from "./fault.ts";
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
  const { config, method } = incoming;
  if (method === "OPTIONS" && config.cors && incoming.header("access-control-request-method")) {
    return answerPreflight(config.cors, incoming);
  }
  let call: OpenCall | undefined;
  let decision: Plan | Refusal;
  try {
    const target = parseTarget(method, incoming.header(TARGET_URL_HEADER));
    if (isRefusal(target)) decision = target;
    else {
      call = new OpenCall(incoming, target);
      decision = (await judge(call)) ?? (await makePlan(call));
    }
  } catch (error) {
    // A hook that read the body may have found it too large.
    decision = incoming.body?.refusal ?? fault(incoming, call, error);
  }
  if (isRefusal(decision)) {
    const { status, code } = decision;
    if (call) tellEndHooks(call, { outcome: "refused", status, sent: false, bytes: 0 });
    tell(incoming, call, { type: "refused", status, code });
  }
  return decision;
}

/** Everything that can say no before credentials are looked up. */
async function judge(call: OpenCall): Promise<Refusal | undefined> {
  const { config, body } = call.incoming;
  return (
    config.allow.judge(call.target) ??
    webhookRefusal(call) ??
    body?.refusal ??
    (await authenticate(call)) ??
    (await appsRefusal(call)) ??
    (await firstRefusal(config.guards, call))
  );
}
