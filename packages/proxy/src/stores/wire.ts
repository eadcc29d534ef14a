/** Jobs, claims and buckets as they are written to a server and read from it: JSON with amounts as text. */
import { KEPT_BUCKET } from "./ledger.ts";
import { passesAfter, slotsOf } from "./rolling.ts";
import {
  StoreUnavailable,
  type Booking,
  type BucketRef,
  type Change,
  type Claim,
  type ClaimKind,
  type Job,
  type JobState,
  type NewJob,
  type Seen,
  type Taken,
} from "./store.ts";

const STATES: readonly JobState[] = ["open", "estimated", "charged", "void"];

export const writtenJob = (job: NewJob): object => ({
  ...job,
  locking: lockingOf(job.claims),
  claims: job.claims.map((claim) => ({
    bucket: claim.bucket,
    kind: claim.kind,
    subject: claim.subject,
    guard: claim.guard,
    amount: `${claim.amount}`,
    limit: claim.limit === undefined ? undefined : `${claim.limit}`,
    from: claim.from,
    until: claim.until,
    lease: claim.lease,
    ms: claim.rolling?.ms,
    slots: claim.rolling?.slots,
    keptUntil: keptUntil(claim),
  })),
});

/** In which order buckets are locked, from 1: narrow to wide, and by name, by code units. */
function lockingOf(claims: readonly Claim[]): number[] {
  const places = claims.map((_, index) => index);
  places.sort((one, other) => {
    const [a, b] = [claims[one] as Claim, claims[other] as Claim];
    return a.rank - b.rank || (a.bucket < b.bucket ? -1 : 1);
  });
  return places.map((index) => index + 1);
}

/** In whole minutes, so that a row in steady use is not written for it. */
function keptUntil({ until, rolling }: Claim): number | undefined {
  if (rolling) return Math.ceil((Date.now() + 2 * rolling.ms) / 60_000 + 1) * 60_000;
  return until === undefined ? undefined : until + KEPT_BUCKET;
}

export const writtenChange = ({ state, amounts, ...change }: Change): object => ({
  ...change,
  ...(state && { state: STATES.indexOf(state) }),
  ...(amounts && { amounts: amounts.map(String) }),
});

export const writtenRef = ({ bucket, kind, subject, guard, rolling }: BucketRef): object => ({
  bucket,
  kind,
  subject,
  guard,
  ...rolling,
});

/** What a server leaves out, or knows not how to leave out. */
type Missing = null | undefined | false;

export interface SeenRow {
  readonly used: string;
  readonly held: string;
  readonly override?: string | Missing;
}

export const seenOf = ({ used, held, override }: SeenRow): Seen => ({
  used: BigInt(used),
  held: BigInt(held),
  override: override ? (override === "none" ? override : BigInt(override)) : undefined,
});

export type TakeAnswer =
  | { readonly ok: true; readonly buckets: readonly SeenRow[] }
  | (SeenRow & {
      readonly refused: number;
      readonly limit: string;
      /** Of a rolling window, flat. */
      readonly slots?: readonly (number | string)[] | Missing;
      readonly now: number;
    })
  | { readonly replay: JobRow }
  | { readonly conflict: true }
  | { readonly clock: true };

/** @throws StoreUnavailable where the clocks differ */
export function takenOf(job: NewJob, answer: TakeAnswer): Taken {
  if ("ok" in answer) return { ok: true, buckets: listOf(answer.buckets).map(seenOf) };
  if ("replay" in answer) return { replay: jobOf(answer.replay) };
  if ("conflict" in answer) return { conflict: true };
  if ("clock" in answer) {
    throw new StoreUnavailable("clock", "the clocks of this process and of its store differ.");
  }
  const { refused, limit, slots, now } = answer;
  const claim = job.claims[refused] as Claim;
  const after = passesAfter(slotsOf(listOf(slots || [])), now, claim, BigInt(limit));
  return { ...seenOf(answer), refused, limit: BigInt(limit), after };
}

/** What may be left out may be missing in any of these ways. */
type Row<T> = { [Name in keyof T]: undefined extends T[Name] ? T[Name] | Missing : T[Name] };

/** A job as a server writes it: its bookings by column. */
export interface JobRow extends Row<Omit<Job, "state" | "bookings">> {
  readonly state: number;
  readonly buckets: readonly string[];
  readonly kinds: readonly ClaimKind[];
  readonly amounts: readonly string[];
  readonly booked: readonly string[];
  readonly slots: readonly (number | Missing)[];
}

export const jobOf = (row: JobRow): Job => ({
  id: row.id,
  hash: row.hash,
  owner: row.owner,
  account: row.account,
  endpoint: row.endpoint,
  operation: row.operation,
  requestId: orUndefined(row.requestId),
  dedupe: orUndefined(row.dedupe),
  state: STATES[row.state] as JobState,
  bookings: listOf(row.buckets).map((bucket, index): Booking => {
    const slot = row.slots[index];
    return {
      bucket,
      kind: row.kinds[index] as ClaimKind,
      amount: BigInt(row.amounts[index] as string),
      booked: BigInt(row.booked[index] as string),
      ...(typeof slot === "number" && { slot }),
    };
  }),
  price: orUndefined(row.price),
  units: orUndefined(row.units),
  outcome: orUndefined(row.outcome),
  status: orUndefined(row.status),
  born: row.born,
  checkAt: orUndefined(row.checkAt),
  ended: orUndefined(row.ended),
  told: orUndefined(row.told),
});

const orUndefined = <T>(value: T | Missing): T | undefined =>
  value === null || value === false ? undefined : value;

/** Lua writes a list of nothing as an object. */
export const listOf = <T>(list: readonly T[]): readonly T[] => (Array.isArray(list) ? list : []);
