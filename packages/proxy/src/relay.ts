/** Sends a plan and gives back the reply to hand over, once the guards that asked have seen it. */
import { send } from "#upstream";
import type { End, Incoming, Reply } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
import { joinChunks } from "./body.ts";
import { findHeader } from "./headers.ts";
import { fault } from "./fault.ts";
import type { Plan } from "./plan.ts";
import { bodyRefusal } from "./proxy.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import {
  failureRefusal,
  isUpstreamFailure,
  type BodyEnd,
  type UpstreamReply,
} from "./upstream/exchange.ts";

const OUTCOMES = {
  completed: "completed",
  cancelled: "client_gone",
  failed: "upstream_failed",
} as const satisfies Record<Parameters<BodyEnd>[0], End["outcome"]>;

/**
 * One exchange from a plan to its reply.
 *
 * @returns the reply, or the refusal to answer with; never rejects. The plan ends here, or when the
 *   reply's stream does.
 */
export async function obtain(
  config: ResolvedConfig,
  incoming: Incoming,
  plan: Plan,
  signal: AbortSignal | undefined,
): Promise<UpstreamReply | Refusal> {
  let status: number | undefined;
  let reviewing = plan.watched;
  let early: Parameters<BodyEnd> | undefined;
  const ended: BodyEnd = (how, bytes) => {
    // The guards hear of the reply before they hear of its end.
    if (reviewing) early = [how, bytes];
    else plan.end({ outcome: OUTCOMES[how], status, sent: true, bytes });
  };
  try {
    let reply = await send(plan, await plan.body(), signal, ended);
    status = reply.status;
    plan.began(findHeader(reply.headers, "x-fal-billable-units"));
    if (plan.watched) {
      const reviewed = await review(plan, reply);
      reviewing = false;
      if (isRefusal(reviewed)) {
        plan.end({ outcome: "refused", status: reviewed.status, sent: true, bytes: 0 });
        return reviewed;
      }
      reply = reviewed;
      if (early) ended(...early);
    }
    if (!(reply.body instanceof ReadableStream)) ended("completed", reply.body?.byteLength ?? 0);
    return reply;
  } catch (error) {
    const gone = signal?.aborted ?? false;
    return unsuccessful(config, incoming, plan, error, gone);
  }
}

/** Ends a plan that brought no reply and says what to answer. */
export function unsuccessful(
  config: ResolvedConfig,
  incoming: Incoming,
  plan: Plan,
  error: unknown,
  clientGone: boolean,
): Refusal {
  const failure = isUpstreamFailure(error) ? error : undefined;
  const sent = failure?.sent ?? true;
  const unfit = bodyRefusal(config, incoming);
  if (unfit) {
    plan.end({ outcome: "refused", status: unfit.status, sent, bytes: 0 });
    return unfit;
  }
  const refusal = failure
    ? failureRefusal(failure, plan.paid)
    : fault(config, incoming, undefined, error);
  const outcome = clientGone ? "client_gone" : "upstream_failed";
  plan.end({ outcome, status: clientGone ? undefined : refusal.status, sent, bytes: 0 });
  return refusal;
}

// What a guard may read of a reply; beyond it the reply is not what guards look for.
const READABLE = 1_048_576;

async function review(plan: Plan, reply: UpstreamReply): Promise<UpstreamReply | Refusal> {
  let { body } = reply;
  let parsed: Promise<unknown> | undefined;
  const read = async (): Promise<unknown> => {
    if (!/\bjson\b/i.test(findHeader(reply.headers, "content-type") ?? "")) return undefined;
    if (body instanceof ReadableStream) body = await readUpTo(body, READABLE);
    return body instanceof Uint8Array ? parseJson(body) : undefined;
  };
  const shown: Reply = {
    status: reply.status,
    header: (name) => findHeader(reply.headers, name.toLowerCase()),
    json: () => (parsed ??= read()),
  };
  const refusal = await plan.review(shown);
  if (refusal === undefined) return { ...reply, body };
  if (body instanceof ReadableStream) await body.cancel();
  return refusal;
}

/** The whole body if it is at most `limit` bytes, else a stream of the same bytes. */
async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= limit) {
    const { done, value } = await reader.read();
    if (done) return joinChunks(parts, length);
    parts.push(value);
    length += value.byteLength;
  }
  return new ReadableStream<Uint8Array>({
    start(control) {
      for (const part of parts) control.enqueue(part);
    },
    async pull(control) {
      const { done, value } = await reader.read();
      if (done) control.close();
      else control.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
