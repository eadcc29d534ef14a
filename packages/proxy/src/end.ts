/** The end of a call: told once to the hooks that asked and to the operator, with what fal said. */
import { goOn } from "./background.ts";
import { tell } from "./events.ts";
import { fault } from "./fault.ts";
import { leave } from "./in-flight.ts";
import type { OpenCall } from "./open-call.ts";
import { isThenable } from "./promise.ts";
import type { Refusal } from "./refusal.ts";

/** How a call ended, told exactly once. */
export interface End {
  /**
   * `completed`: the whole reply was handed over. `client_gone`: the caller left first, or stopped
   * reading. `refused`: the proxy said no, before fal was asked or in place of its reply.
   * `upstream_failed`: fal could not be reached, or its answer was lost or broke off. `fault`: code
   * of the app or of the proxy threw.
   */
  readonly outcome: "completed" | "client_gone" | "refused" | "upstream_failed" | "fault";
  /** fal's own status; undefined when no reply came. */
  readonly status: number | undefined;
  /** fal's `x-fal-billable-units`, as sent. */
  readonly billableUnits: string | undefined;
  /** The status that the caller received; undefined when none was sent. */
  readonly callerStatus: number | undefined;
  /**
   * Whether the whole request went out to fal: if so and it was paid, it may have been charged. A
   * body that broke off on its way makes no run.
   */
  readonly sent: boolean;
  /** Whether fal was asked under its backup name, since no connection to the usual one could be made. */
  readonly viaBackup: boolean;
  /** Body bytes handed to the caller, as they went over the wire. */
  readonly bytes: number;
}

/** Notes and tells that the proxy itself answers: once for each refusal, however late. */
export function answered(call: OpenCall, { status, code }: Refusal): void {
  call.callerStatus = status;
  tell(call, { type: "refused", status, code });
}

/**
 * Ends a call. Only the first time counts. Hooks that answer with a promise go on in the background.
 *
 * @param forwarded whether it was planned to be sent: then the operator hears of the end too
 */
export function endCall(call: OpenCall, outcome: End["outcome"], forwarded: boolean): void {
  if (call.ended) return;
  call.ended = true;
  leave(call);
  const {
    falStatus: status,
    billableUnits,
    callerStatus,
    sent,
    viaBackup,
    bytes,
    firstByteMs,
  } = call;
  const end: End = { outcome, status, billableUnits, callerStatus, sent, viaBackup, bytes };
  // A guard that reserved something learns the end even when a later guard refused.
  for (const hook of call.endHooks) {
    const failed = (error: unknown): void => void fault(call, error);
    try {
      const told: unknown = hook(end);
      if (isThenable(told)) goOn(call, Promise.resolve(told).catch(failed));
    } catch (error) {
      failed(error);
    }
  }
  if (!forwarded) return;
  tell(call, { type: "ended", durationMs: Date.now() - call.arrived, firstByteMs, ...end });
}
