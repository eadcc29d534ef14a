/** The decision: what happens to a request, made without opening a socket. */
import { authenticate } from "./authenticate.ts";
import { openCall, type Incoming, type OpenCall } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
import { answerPreflight, type Preflight } from "./cors.ts";
import { emit, subjectOf } from "./events.ts";
import { fault, tellEndHooks } from "./fault.ts";
import { makePlan, type Plan, type UpstreamTraits } from "./plan.ts";
import { isRefusal, refuse, type Refusal } from "./refusal.ts";
import { appsRefusal, webhookRefusal } from "./restrictions.ts";
import { parseTarget, TARGET_URL_HEADER, type Target } from "./target.ts";

/** What a front does next: forward, refuse, or answer a preflight. */
export type Decision = Plan | Refusal | Preflight;

/**
 * Decides about one request, in the order: target, allowlists, authentication, guards,
 * credentials, headers.
 *
 * @returns never rejects: a throwing hook becomes `internal_error` and a `fault` event
 */
export async function decide(
  config: ResolvedConfig,
  incoming: Incoming,
  traits: UpstreamTraits,
): Promise<Decision> {
  const arrived = Date.now();
  const { method } = incoming;
  if (method === "OPTIONS" && config.cors && incoming.header("access-control-request-method")) {
    const requested = incoming.header("access-control-request-headers");
    return answerPreflight(config.cors, incoming.header("origin"), requested);
  }
  let target: Target | undefined;
  let call: OpenCall | undefined;
  let decision: Plan | Refusal;
  try {
    const parsed = parseTarget(method, incoming.header(TARGET_URL_HEADER));
    if (isRefusal(parsed)) decision = parsed;
    else {
      target = parsed;
      call = openCall(incoming, target);
      decision =
        (await judge(config, incoming, call)) ??
        (await makePlan(config, incoming, call, traits, arrived));
    }
  } catch (error) {
    // A hook that read the body may have found it too large.
    decision = bodyRefusal(config, incoming) ?? fault(config, incoming, target, error);
  }
  if (isRefusal(decision)) refused(config, incoming, call, decision, target);
  return decision;
}

/** Everything that can say no before credentials are looked up. */
async function judge(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
): Promise<Refusal | undefined> {
  const { target } = call;
  const length = incoming.body?.length ?? 0;
  const early = config.allow.judge(target) ?? webhookRefusal(config, target);
  if (early) return early;
  if (length > config.maxBodyBytes) return tooLarge(config);
  const stranger = await authenticate(config, incoming, call);
  if (stranger) return stranger;
  const unlisted = await appsRefusal(config, call);
  if (unlisted) return unlisted;
  for (const guard of config.guards) {
    const refusal = await guard(call);
    if (refusal) return refusal;
  }
  return undefined;
}

function tooLarge(config: ResolvedConfig): Refusal {
  const message = `The request body is larger than ${config.maxBodyBytes} bytes. Upload files to storage and send their URLs.`;
  return refuse("body_too_large", message, { hint: "The limit is the option maxBodyBytes." });
}

/** Why a body could not be read to its end, if that is what went wrong. */
export function bodyRefusal(config: ResolvedConfig, { body }: Incoming): Refusal | undefined {
  if (body?.exceeded) return tooLarge(config);
  if (!body?.cut) return undefined;
  const message =
    "Only a part of the request body arrived: the server that runs the proxy has a lower limit. Upload files to storage and send their URLs.";
  return refuse("body_too_large", message, {
    hint: "In Next.js the limit is experimental.proxyClientMaxBodySize.",
  });
}

function refused(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall | undefined,
  refusal: Refusal,
  target: Target | undefined,
): void {
  const { status, code } = refusal;
  if (call) {
    tellEndHooks(config, incoming, call, { outcome: "refused", status, sent: false, bytes: 0 });
  }
  if (config.onEvent === undefined) return;
  const { adapter, method, ip } = incoming;
  const subject = subjectOf(adapter, method, target, call?.user?.id, ip);
  emit(config.onEvent, { ...subject, type: "refused", status, code });
}
