/** From a call to its claims: one for each limit that it falls under, and one on each subject for an operator's word. */
import type { Call } from "../call.ts";
import { withAll, type MaybePromise } from "../promise.ts";
import { SUBJECT_GUARD, type Claim, type ClaimKind } from "../stores/store.ts";
import type { Gauge, Unit } from "./gauge.ts";
import type { Window } from "./period.ts";

/** A claim, and what it is made of; without a gauge it is the one by which a subject is blocked. */
export interface Made {
  readonly claim: Claim;
  readonly gauge?: Gauge;
  /** The limit, also where it only reports. */
  readonly limit: bigint | undefined;
}

/** How much a call takes of each unit, in billionths where it is money or credits. */
export type Takes = Readonly<Record<Unit, bigint>>;

/** How long a place is kept without a word, in ms: as long as fal may work on one request. */
const LEASE = 3_600_000;

const KINDS: Readonly<Record<Unit, ClaimKind>> = {
  usd: "spend",
  credits: "spend",
  calls: "count",
  inFlight: "place",
};

/**
 * Made at once where no function of the app has to be waited for.
 *
 * @throws Refused where a limit needs to know something that the call does not tell
 * @throws TypeError where a function of the app gives no amount or period
 */
export const claimsOf = (
  call: Call,
  gauges: readonly Gauge[],
  takes: Takes,
  now: number,
): MaybePromise<Made[]> =>
  withAll<Made[], Made[]>(
    gauges.map((gauge) => claimOf(call, gauge, takes, now)),
    (made) => made,
  );

/** With a claim on each subject, for an operator's word. */
export function withBlocks(made: readonly Made[]): Made[] {
  const subjects = new Map(made.map(({ claim }) => [claim.subject, claim.rank]));
  subjects.set("all", 9);
  // An operator's word comes first.
  const blocks = [...subjects].map(([subject, rank]): Made => ({
    claim: blockable(subject, rank),
    limit: undefined,
  }));
  return [...blocks, ...made];
}

function claimOf(call: Call, gauge: Gauge, takes: Takes, now: number): MaybePromise<Made> {
  const { unit, guard, rolling, whose, dryRun } = gauge;
  return withAll<[string, bigint | undefined, Window | undefined], Made>(
    [whose.subjectOf(call), gauge.limitOf(call), gauge.windowOf(call, now)],
    ([subject, limit, window]) => {
      const claim: Claim = {
        bucket: `${subject}|${guard}|${window?.name ?? ""}`,
        kind: KINDS[unit],
        subject,
        guard,
        rank: whose.rank,
        amount: takes[unit],
        limit: dryRun ? undefined : limit,
        rolling,
        from: window?.from,
        until: window?.until,
        lease: unit === "inFlight" ? LEASE : undefined,
      };
      return { claim, gauge, limit };
    },
  );
}

const blockable = (subject: string, rank: number): Claim => ({
  bucket: `${subject}|${SUBJECT_GUARD}|`,
  kind: "count",
  subject,
  guard: SUBJECT_GUARD,
  rank,
  amount: 0n,
  limit: undefined,
});
