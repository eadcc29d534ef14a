/** The life of one paid call, from the moment when its claims were taken to its end. */
import type { Reply } from "../call.ts";
import type { End } from "../end.ts";
import type { OpenCall } from "../open-call.ts";
import type { Change, Job, JobState } from "../stores/store.ts";
import type { Definition } from "./definition.ts";
import { persist } from "./persist.ts";
import { moneyOf, settlementOf } from "./price-tag.ts";
import { tellTrouble, type Site } from "./site.ts";
import { UNKNOWN, verdictOf, verdictOfEnd, verdictOfSubmit, type Verdict } from "./verdict.ts";

/** How long a reply waits for the store, in ms: to be settled, and to be bound to its owner. */
const TO_SETTLE = 1000;
const TO_BIND = 3000;
/** When a job is looked at for the first time, in ms. */
const FIRST_CHECK = 120_000;

/** What is known of a job before the store has told more. */
export type Known = Pick<Job, "id" | "price" | "bookings" | "endpoint">;

/** Follows a call that was let pass. */
export function follow(call: OpenCall, site: Site, job: Known, definition: Definition): void {
  const { operation } = call.target;
  let isJudged = false;

  async function onReply(reply: Reply): Promise<void> {
    isJudged = true;
    try {
      const verdict = operation === "submit" ? verdictOfSubmit(reply) : verdictOf(reply);
      if (verdict === "accepted") await bind(site, job, reply, definition);
      // The place of a stream is given back at its end.
      else await settle(site, job, verdict, definition, noted(reply, operation !== "stream"));
    } catch (error) {
      tellTrouble(site, error);
    }
  }

  function onEnd(end: End): Promise<unknown> | void {
    if (!isJudged)
      return settle(site, job, verdictOfEnd(end), definition, { outcome: end.outcome });
    if (operation === "stream") {
      return persist(site, () => definition.store.advance(job.id, { free: true }), TO_SETTLE);
    }
  }

  // Before those of guards: one that refuses a reply does not change what fal has done.
  call.replyHooks.unshift(onReply);
  call.endHooks.unshift((end) => void onEnd(end));
}

const noted = (reply: Reply, free: boolean): Change => ({
  requestId: reply.header("x-fal-request-id"),
  status: reply.status,
  free,
});

/** Books a verdict, and tells of it. Never rejects. */
export async function settle(
  site: Site,
  job: Known,
  verdict: Verdict,
  definition: Definition,
  notes: Change = {},
): Promise<Job | undefined> {
  const { amounts, overrun } = settlementOf(job, verdict, definition);
  const change: Change = { ...notes, state: verdict.state, amounts, units: verdict.units };
  const advanced = await persist(site, () => definition.store.advance(job.id, change), TO_SETTLE);
  const settled = advanced?.job;
  if (settled && advanced?.won) {
    tellMetered(site, settled, settled.state, settled.units);
    if (overrun) site.tell({ type: "overrun", jobId: job.id, ...overrun });
  }
  return settled;
}

/** fal has accepted a job: its id is kept before the caller sees it, so that only he can ask for it. */
async function bind(site: Site, job: Known, reply: Reply, definition: Definition): Promise<void> {
  const body = (await reply.json()) as { request_id?: unknown } | null | undefined;
  const requestId = body?.request_id;
  if (typeof requestId !== "string" || requestId === "") {
    // It may run, and nobody will hear of it.
    site.tell({ type: "unbound", jobId: job.id });
    await settle(site, job, UNKNOWN, definition, { status: reply.status });
    return;
  }
  definition.attendance.submitted();
  const change: Change = { requestId, status: reply.status, checkIn: FIRST_CHECK };
  const advanced = await persist(site, () => definition.store.advance(job.id, change), TO_BIND);
  if (advanced === undefined) site.tell({ type: "unbound", jobId: job.id });
}

export function tellMetered(
  site: Site,
  job: Pick<Job, "id" | "price" | "bookings">,
  state: JobState,
  units?: string,
): void {
  if (site.hears) site.tell({ type: "metered", jobId: job.id, state, units, ...moneyOf(job) });
}
