/** Sends a plan and gives back the reply to hand over, once the guards that asked have seen it. */
import { send } from "#upstream";
import { metered, readAll, type Meter } from "./body.ts";
import type { End } from "./call.ts";
import { fault } from "./fault.ts";
import { findHeader } from "./headers.ts";
import { parseJson } from "./json.ts";
import type { Plan } from "./plan.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import {
  failureRefusal,
  isUpstreamFailure,
  type BodyEnd,
  type UpstreamReply,
} from "./upstream/exchange.ts";

/**
 * One exchange from a plan to its reply.
 *
 * @returns the reply, or the refusal to answer with; never rejects. The plan ends here, or when the
 *   reply's stream does.
 */
export async function obtain(
  plan: Plan,
  signal: AbortSignal | undefined,
): Promise<UpstreamReply | Refusal> {
  let status: number | undefined;
  let reviewing = plan.watched;
  let end: End | undefined;
  const ended: BodyEnd = (outcome, bytes) => {
    end = { outcome, status, sent: true, bytes };
    // The guards hear of the reply before they hear of its end.
    if (!reviewing) plan.end(end);
  };
  try {
    let reply = await send(plan, await plan.body(), signal, ended);
    status = reply.status;
    plan.began(findHeader(reply.headers, "x-fal-billable-units"));
    if (reviewing) {
      const reviewed = await review(plan, reply);
      if (isRefusal(reviewed)) {
        plan.end({ outcome: "refused", status: reviewed.status, sent: true, bytes: 0 });
        return reviewed;
      }
      reply = reviewed;
      reviewing = false;
      if (end) plan.end(end);
    }
    if (!(reply.body instanceof ReadableStream)) ended("completed", reply.body?.byteLength ?? 0);
    return reply;
  } catch (error) {
    return unsuccessful(plan, error, signal?.aborted ?? false);
  }
}

/** Ends a plan that brought no reply and says what to answer. */
export function unsuccessful(plan: Plan, error: unknown, clientGone: boolean): Refusal {
  const { incoming, target } = plan.call;
  const failure = isUpstreamFailure(error) ? error : undefined;
  const unfit = incoming.body?.refusal;
  const refusal =
    unfit ?? (failure ? failureRefusal(failure, target.paid) : fault(incoming, plan.call, error));
  plan.end({
    outcome: unfit ? "refused" : clientGone ? "client_gone" : "upstream_failed",
    status: clientGone ? undefined : refusal.status,
    sent: failure?.sent ?? true,
    bytes: 0,
  });
  return refusal;
}

// What a guard may read of a reply; beyond it the reply is not what guards look for.
const READABLE = 1_048_576;

const upToReadable: Meter = {
  count(bytes) {
    if (bytes > READABLE) throw new RangeError("The reply is too large to be shown.");
  },
};

async function review(plan: Plan, reply: UpstreamReply): Promise<UpstreamReply | Refusal> {
  const { status, headers } = reply;
  let { body } = reply;
  let parsed: Promise<unknown> | undefined;
  const read = async (): Promise<unknown> => {
    if (!/\bjson\b/i.test(findHeader(headers, "content-type") ?? "")) return undefined;
    let bytes: Uint8Array | null | undefined;
    if (body instanceof ReadableStream) {
      const [shown, kept] = body.tee();
      body = kept;
      bytes = await readAll(metered(shown, upToReadable)).catch(() => undefined);
    } else bytes = body;
    return bytes ? parseJson(new TextDecoder().decode(bytes)) : undefined;
  };
  const refusal = await plan.review({
    status,
    header: (name) => findHeader(headers, name.toLowerCase()),
    json: () => (parsed ??= read()),
  });
  if (refusal === undefined) return { status, headers, body };
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
  return refusal;
}
