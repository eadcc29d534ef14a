/** What became of a job, asked of fal itself: where nobody has fetched a result, or its answer said too little. */
import type { Change, Job } from "../stores/store.ts";
import type { Definition } from "./definition.ts";
import { appOf } from "./endpoint.ts";
import type { FalReply } from "./fal-beside.ts";
import { settle } from "./paid-call.ts";
import { persist } from "./persist.ts";
import type { Site } from "./site.ts";
import { isFals, UNKNOWN, verdictOf, type Verdict } from "./verdict.ts";

/** What was learnt of a job. */
export interface Resolved {
  readonly what: "settled" | "running" | "unanswered";
  /** fal's answer for its result, where it was asked for. */
  readonly result?: FalReply | undefined;
}

/** The outcome of a job that fal took out of its queue before it ran. */
export const CANCELLED = "cancelled";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** After so long it is no more asked for: what is not known by then stays an estimate. */
const AT_LAST = 24 * HOUR;
/** How long a place is kept beyond the next check, in ms. */
const SLACK = 10 * MINUTE;

/**
 * Asks for the status first, and for the result only of a job that is over.
 *
 * @param now in ms since 1970
 * @returns never rejects
 */
export async function resolve(
  site: Site,
  job: Job,
  definition: Definition,
  now: number = Date.now(),
): Promise<Resolved> {
  const { store } = definition;
  const age = now - job.born;
  // Nobody knows its id: it was never accepted, or that was not heard.
  if (job.requestId === undefined || job.operation !== "submit") return end(UNKNOWN);
  const path = `/${appOf(job.endpoint)}/requests/${job.requestId}`;
  const status = await definition.fal.get(`${path}/status`, job.account);
  if (status === undefined || isNoWord(status)) return later("unanswered");
  if (status.status === 404) return end(gone(job));
  const state = (status.body as { status?: unknown } | undefined)?.status;
  if (state !== "COMPLETED") return later("running");
  const result = await definition.fal.get(path, job.account);
  if (result === undefined || isNoWord(result)) return later("unanswered");
  return { ...(await end(verdictOfResult(job, result))), result };

  async function later(what: "running" | "unanswered"): Promise<Resolved> {
    if (age >= AT_LAST) return end(UNKNOWN);
    // From two minutes, doubling to an hour.
    const checkIn = Math.min(Math.max(age, 2 * MINUTE), HOUR);
    const change: Change = { checkIn, ...(what === "running" && { lease: checkIn + SLACK }) };
    await persist(site, () => store.advance(job.id, change), 0);
    return { what };
  }

  async function end(verdict: Verdict): Promise<Resolved> {
    // An estimate that fal may still correct is asked for again, as long as fal keeps results.
    const again = verdict.state === "estimated" && !verdict.unknown && age < HOUR;
    const notes: Change = { checkIn: again ? 5 * MINUTE : null };
    if (verdict.state === job.state) {
      await persist(site, () => store.advance(job.id, notes), 0);
    } else await settle(site, job, verdict, definition, notes);
    return { what: "settled" };
  }
}

/** Something in front of fal, an outage, or a key that was turned off: it says nothing about the job. */
const isNoWord = (reply: FalReply): boolean =>
  [401, 403, 429].includes(reply.status) ||
  (reply.status >= 300 && reply.status < 400) ||
  (reply.status >= 500 && !isFals(reply));

/** fal does not know it any more: called off while it waited, or longer ago than fal keeps results. */
const gone = ({ outcome }: Job): Verdict => (outcome === CANCELLED ? { state: "void" } : UNKNOWN);

function verdictOfResult(job: Job, result: FalReply): Verdict {
  if (result.status === 404) return gone(job);
  const verdict = verdictOf(result);
  // It was told to stop: what it did until then is billed where it says so.
  if (result.status === 499 && result.header("x-fal-billable-units") === undefined) {
    return job.outcome === CANCELLED ? { state: "void" } : UNKNOWN;
  }
  // Never given back on a word that is not fal's own.
  const isNamed = result.header("x-fal-request-id") !== undefined;
  return verdict.state === "void" && !isNamed ? UNKNOWN : verdict;
}
