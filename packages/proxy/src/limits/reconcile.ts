/** Holds what was booked against fal's own bill: estimates become what was billed, and what does not agree is named. */
import { toAuthorization } from "../credentials.ts";
import { writeAmount } from "../money/amount.ts";
import { isRefusal } from "../refusal.ts";
import type { Job } from "../stores/store.ts";
import type { FalProxy } from "./define.ts";
import { settle } from "./paid-call.ts";
import { moneyOf } from "./price-tag.ts";
import { siteBeside, type Site } from "./site.ts";

export interface ReconcileOptions {
  /** A fal key that may read billing: an admin key, `FAL_ADMIN_KEY` by custom. */
  adminKey: string | undefined;
  /** From when on, in ms since 1970 or as a date. @default a day before `to` */
  from?: number | Date;
  /** Until when. @default now */
  to?: number | Date;
}

/** One charge of fal's that does not agree with what is booked. Amounts are decimal strings in USD. */
export interface Difference {
  readonly requestId: string;
  readonly endpoint: string;
  readonly billedUsd: string;
  /** Missing where no job of this store is known: it went past the proxy, or its answer was heard by nobody. */
  readonly bookedUsd?: string;
}

export interface Reconciled {
  /** How many charges fal has listed. */
  readonly charges: number;
  readonly billedUsd: string;
  /** Estimates that are charged now, as fal billed them. */
  readonly corrected: number;
  /** What is left, of charges without a job and of jobs that were settled otherwise: at most 1,000 of them. */
  readonly differences: readonly Difference[];
  /** How many differ. */
  readonly differing: number;
}

const DAY = 86_400_000;
/** The longest page that fal gives. */
const PAGE = 100;
/** How many jobs are looked at at once. */
const AT_ONCE = 8;
const MOST_TOLD = 1000;

/** A charge as fal lists it (platform facts, section 12). */
interface Charge {
  readonly requestId: string;
  readonly endpoint: string;
  /** Nano-dollars. */
  readonly cost: bigint;
}

/**
 * Reads fal's billing events of a time, and settles by them what was estimated. Doing it again changes nothing more.
 *
 * @throws TypeError for a key or a time that is none
 * @throws Error where fal's events could not be read: what was corrected until then stays
 * @throws StoreUnavailable where the store has no answer
 *
 * @example
 * ```ts
 * const { differences } = await reconcile(fal, { adminKey: process.env.FAL_ADMIN_KEY });
 * ```
 */
export async function reconcile(
  fal: FalProxy,
  { adminKey, to = Date.now(), from = Number(to) - DAY }: ReconcileOptions,
): Promise<Reconciled> {
  const authorization = toAuthorization(adminKey, "adminKey is");
  if (isRefusal(authorization))
    throw new TypeError("fal proxy: reconcile needs adminKey, a fal key that may read billing.");
  const [start, end] = [Number(from), Number(to)];
  if (!(start < end)) throw new TypeError("fal proxy: reconcile's from must be before its to.");
  const { site, over } = siteBeside(fal.onEvent, "reconcile");
  const differences: Difference[] = [];
  let [charges, billed, corrected, differing] = [0, 0n, 0, 0];
  try {
    for await (const page of pagesOf(fal, authorization, start, end)) {
      charges += page.length;
      const waiting = [...page];
      const lane = async (): Promise<void> => {
        for (let charge = waiting.shift(); charge; charge = waiting.shift()) {
          billed += charge.cost;
          const found = await compare(fal, site, charge);
          if (found === "corrected") corrected += 1;
          else if (found) {
            differing += 1;
            if (differences.length < MOST_TOLD) differences.push(found);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    }
  } finally {
    await over();
  }
  return { charges, billedUsd: writeAmount(billed), corrected, differences, differing };
}

async function compare(
  { meter: { definition } }: FalProxy,
  site: Site,
  { requestId, endpoint, cost }: Charge,
): Promise<Difference | "corrected" | undefined> {
  const difference = (job?: Job): Difference | undefined => {
    const bookedUsd = job && moneyOf(job).bookedUsd;
    const billedUsd = writeAmount(cost);
    if (job && (bookedUsd === undefined || bookedUsd === billedUsd)) return undefined;
    return { requestId, endpoint, billedUsd, ...(bookedUsd !== undefined && { bookedUsd }) };
  };
  const { job } = await definition.store.look({ requestId });
  // One that is still open is settled by its result.
  if (job === undefined || job.state !== "estimated") {
    return job?.state === "open" ? undefined : difference(job);
  }
  const settled = await settle(site, job, { state: "charged", billed: cost }, definition);
  return settled?.state === "charged" && difference(settled) === undefined
    ? "corrected"
    : difference(settled ?? job);
}

async function* pagesOf(
  { meter: { definition } }: FalProxy,
  authorization: string,
  start: number,
  end: number,
): AsyncGenerator<readonly Charge[]> {
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
      limit: String(PAGE),
      ...(cursor !== undefined && { cursor }),
    });
    const path = `/v1/models/billing-events?${query}`;
    const reply = await definition.fal.ask("api.fal.ai", path, authorization);
    if (reply?.status === 401 || reply?.status === 403)
      throw new Error(
        "fal proxy: fal does not show its billing to adminKey: it must be an admin key.",
      );
    const { billing_events: events, next_cursor: next } = (reply?.body ?? {}) as {
      billing_events?: unknown;
      next_cursor?: unknown;
    };
    if (reply?.status !== 200 || !Array.isArray(events))
      throw new Error("fal proxy: fal's billing events could not be read now.");
    yield events.flatMap(chargeOf);
    cursor = typeof next === "string" && next !== cursor ? next : undefined;
  } while (cursor !== undefined);
}

function chargeOf(event: Readonly<Record<string, unknown>> | null): Charge[] {
  const { request_id: requestId, endpoint_id: endpoint = "", ...costs } = event ?? {};
  // Without the exact figure, the rounded one.
  const nano = Number(costs["cost_estimate_nano_usd"] ?? Number(costs["cost_total"]) * 1e9);
  if (typeof requestId !== "string" || !(nano >= 0 && nano <= Number.MAX_SAFE_INTEGER)) return [];
  return [{ requestId, endpoint: String(endpoint), cost: BigInt(Math.round(nano)) }];
}
