/**
 * The four verbs over tables of one process, each without a pause: what `memory` and `sqlite` share. `postgres` and
 * `redis` say the same in their own languages.
 */
import { addToSlots, liveSlots, passesAfter, type Slot } from "./rolling.ts";
import {
  CLOCK_SLACK,
  RANK,
  StoreUnavailable,
  SUBJECT_GUARD,
  TOMBSTONE,
  type Advanced,
  type Booking,
  type BucketRef,
  type Change,
  type Claim,
  type Job,
  type Look,
  type Looked,
  type NewJob,
  type Refused,
  type Seen,
  type Taken,
} from "./store.ts";

/** What a bucket holds. Of places, only that it is there: its leases are apart. */
export interface BucketRow {
  readonly used: bigint;
  readonly held: bigint;
  readonly slots?: readonly Slot[] | undefined;
  /** When it can be forgotten, in ms since 1970; undefined for never. */
  readonly until: number | undefined;
}

/** What an engine keeps. All of it is read and written within one verb, which nothing else comes between. */
export interface Tables {
  job(id: string): Job | undefined;
  jobOfRequest(requestId: string): Job | undefined;
  jobOfDedupe(dedupe: string): Job | undefined;
  /** Writes it over the one before; `dedupe` is findable unless it is void. */
  putJob(job: Job, before: Job | undefined): void;
  /** In the order of their time. */
  jobsDue(now: number, max: number): readonly Job[];
  bucket(name: string): BucketRow | undefined;
  putBucket(name: string, row: BucketRow): void;
  /** How many leases of a bucket have not ended. */
  places(bucket: string, now: number): number;
  /** Those that have ended by `now` may go. */
  putPlace(bucket: string, job: string, until: number, now: number): void;
  dropPlace(bucket: string, job: string): void;
  override(subject: string, guard: string, now: number): bigint | "none" | undefined;
}

/** How long a bucket is kept after its window, for bills that come late, in ms. */
export const KEPT_BUCKET: number = 35 * 86_400_000;

export function take(tables: Tables, now: number, job: NewJob): Taken {
  const known =
    tables.job(job.id) ?? (job.dedupe === undefined ? undefined : tables.jobOfDedupe(job.dedupe));
  if (known) {
    return known.hash === job.hash || known.hash === TOMBSTONE
      ? { replay: known }
      : { conflict: true };
  }
  const buckets: Seen[] = [];
  for (const [index, claim] of job.claims.entries()) {
    const refused = judge(tables, now, claim, index, job.entry === true, buckets);
    if (refused) return refused;
  }
  const bookings = job.claims.map((claim) => book(tables, now, claim, job));
  tables.putJob(
    {
      id: job.id,
      hash: job.hash,
      owner: job.owner,
      account: job.account,
      endpoint: job.endpoint,
      operation: job.operation,
      dedupe: job.dedupe,
      state: job.entry ? "charged" : "open",
      bookings,
      price: job.price,
      born: now,
      checkAt: job.checkIn === undefined ? undefined : now + job.checkIn,
      ended: job.entry ? now : undefined,
    },
    undefined,
  );
  return { ok: true, buckets };
}

/** Notes what will stand there, or says why it does not fit. */
function judge(
  tables: Tables,
  now: number,
  claim: Claim,
  index: number,
  isEntry: boolean,
  buckets: Seen[],
): Refused | undefined {
  const { from, until, amount, kind } = claim;
  if ((from ?? now) - CLOCK_SLACK > now || (until ?? now + 1) + CLOCK_SLACK <= now) {
    throw new StoreUnavailable("clock", "the clocks of this process and of its store differ.");
  }
  const seen = see(tables, now, claim);
  const limit = seen.override ?? claim.limit ?? "none";
  if (isEntry || limit === "none" || seen.used + amount <= limit) {
    const held = seen.held + (kind === "count" || isEntry ? 0n : amount);
    buckets.push({ used: seen.used + amount, held, override: seen.override });
    return undefined;
  }
  const slots = claim.rolling
    ? liveSlots(tables.bucket(claim.bucket)?.slots, now, claim.rolling)
    : [];
  return { ...seen, refused: index, limit, after: passesAfter(slots, now, claim, limit) };
}

function see(tables: Tables, now: number, ref: BucketRef): Seen {
  const override = tables.override(ref.subject, ref.guard, now);
  // Nothing is counted there: it is for an operator's word alone.
  if (ref.guard === SUBJECT_GUARD) return { used: 0n, held: 0n, override };
  if (ref.kind === "place") {
    const used = BigInt(tables.places(ref.bucket, now));
    return { used, held: used, override };
  }
  const row = tables.bucket(ref.bucket);
  if (ref.rolling === undefined) return { used: row?.used ?? 0n, held: row?.held ?? 0n, override };
  let [used, held] = [0n, 0n];
  for (const slot of liveSlots(row?.slots, now, ref.rolling)) {
    used += slot.used;
    held += slot.held;
  }
  return { used, held, override };
}

function book(tables: Tables, now: number, claim: Claim, job: NewJob): Booking {
  const { bucket, kind, amount, rolling, until } = claim;
  const booking = { bucket, kind, amount, booked: amount };
  if (kind === "place") {
    tables.putPlace(bucket, job.id, now + (claim.lease ?? 0), now);
    return booking;
  }
  if (kind === "count" && amount === 0n) return booking;
  const held = kind === "spend" && !job.entry ? amount : 0n;
  const row = tables.bucket(bucket);
  if (rolling === undefined) {
    tables.putBucket(bucket, {
      used: (row?.used ?? 0n) + amount,
      held: (row?.held ?? 0n) + held,
      until: until === undefined ? undefined : until + KEPT_BUCKET,
    });
    return booking;
  }
  const { slots, index } = addToSlots(row?.slots, now, rolling, amount, held);
  const over = Math.ceil((now + 2 * rolling.ms) / CLOCK_SLACK + 1) * CLOCK_SLACK;
  tables.putBucket(bucket, { used: 0n, held: 0n, slots, until: over });
  return { ...booking, slot: index };
}

export function advance(tables: Tables, now: number, id: string, change: Change): Advanced {
  const before = tables.job(id);
  if (before === undefined) return change.state === "void" ? bury(tables, now, id) : { won: false };
  const { state, requestId, tell } = change;
  const rises = state !== undefined && RANK[state] > RANK[before.state];
  const isFinal = RANK[before.state] === RANK.charged;
  const binds =
    requestId !== undefined &&
    before.requestId === undefined &&
    tables.jobOfRequest(requestId) === undefined;
  const tells =
    tell === "done" || (tell !== undefined && before.told !== "done" && (before.told ?? 0) <= now);

  const frees = change.free ?? rises;
  const bookings = before.bookings.map((booking, index) => {
    if (booking.kind === "place")
      return movePlace(tables, now, before, booking, frees, change.lease);
    return rises ? move(tables, before, booking, amountOf(change, booking, index)) : booking;
  });
  // Written out: a copy that is spread costs more than all of the rest.
  const job: Job = {
    id,
    hash: before.hash,
    owner: before.owner,
    account: before.account,
    endpoint: before.endpoint,
    operation: before.operation,
    requestId: binds ? requestId : before.requestId,
    dedupe: before.dedupe,
    state: rises ? state : before.state,
    bookings,
    price: before.price,
    // What is final stays as it was found.
    units: (isFinal ? undefined : change.units) ?? before.units,
    outcome: (isFinal ? undefined : change.outcome) ?? before.outcome,
    status: (isFinal ? undefined : change.status) ?? before.status,
    born: before.born,
    checkAt: nextCheck(now, before, change, rises && state !== "estimated", isFinal),
    ended: rises ? (before.ended ?? now) : before.ended,
    told: tells ? (tell === "done" ? tell : now + tell) : before.told,
  };
  tables.putJob(job, before);
  const won =
    state === undefined
      ? tell === undefined
        ? requestId === undefined || job.requestId === requestId
        : tells
      : rises;
  return { won, job };
}

const amountOf = ({ state, amounts }: Change, { booked }: Booking, index: number): bigint =>
  amounts?.[index] ?? (state === "void" ? 0n : booked);

function nextCheck(
  now: number,
  before: Job,
  { checkIn }: Change,
  ends: boolean,
  isFinal: boolean,
): number | undefined {
  if (isFinal && checkIn !== null) return before.checkAt;
  if (checkIn === undefined) return ends ? undefined : before.checkAt;
  return checkIn === null ? undefined : now + checkIn;
}

/** A `take` that comes later finds it, and does not pass. */
function bury(tables: Tables, now: number, id: string): Advanced {
  const job: Job = {
    id,
    hash: TOMBSTONE,
    owner: "",
    account: "",
    endpoint: "",
    operation: "",
    state: "void",
    bookings: [],
    born: now,
    ended: now,
  };
  tables.putJob(job, undefined);
  return { won: true, job };
}

/** Books the difference to what stands. A bucket or a slot that is gone is not made anew. */
function move(tables: Tables, { state }: Job, booking: Booking, amount: bigint): Booking {
  const { bucket, kind, booked, slot } = booking;
  const used = amount - booked;
  const held = kind === "spend" && state === "open" ? -booked : 0n;
  const row = tables.bucket(bucket);
  if (row && slot === undefined) {
    tables.putBucket(bucket, { ...row, used: row.used + used, held: row.held + held });
  } else if (row?.slots) {
    const slots = row.slots.map((one) =>
      one.index === slot ? { ...one, used: one.used + used, held: one.held + held } : one,
    );
    tables.putBucket(bucket, { ...row, slots });
  }
  return { ...booking, booked: amount };
}

function movePlace(
  tables: Tables,
  now: number,
  { id }: Job,
  booking: Booking,
  frees: boolean,
  lease: number | undefined,
): Booking {
  if (booking.booked === 0n) return booking;
  if (frees) {
    tables.dropPlace(booking.bucket, id);
    return { ...booking, booked: 0n };
  }
  if (lease !== undefined) tables.putPlace(booking.bucket, id, now + lease, now);
  return booking;
}

export function look(tables: Tables, now: number, { id, requestId, buckets = [] }: Look): Looked {
  const job =
    id !== undefined
      ? tables.job(id)
      : requestId !== undefined
        ? tables.jobOfRequest(requestId)
        : undefined;
  return { job, buckets: buckets.map((ref) => see(tables, now, ref)) };
}

export function due(tables: Tables, now: number, max: number, leaseMs: number): readonly Job[] {
  return tables.jobsDue(now, max).map((before) => {
    const job = { ...before, checkAt: now + leaseMs };
    tables.putJob(job, before);
    return job;
  });
}
