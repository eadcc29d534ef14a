/**
 * What state is kept in: four atomic verbs that every engine keeps in the same way, and three for operators. An engine
 * is one file beside this one; `testing.ts` is the suite that each of them passes, and any other can be held against.
 */

/** How far a job is. It only rises: open < estimated < charged | void. */
export type JobState = "open" | "estimated" | "charged" | "void";

/**
 * What a claim is on. `spend`: an amount that is held while the job is open, and corrected by what is learnt later.
 * `count`: an amount that stands at once. `place`: a lease, given back at the end of the job or with its time.
 */
export type ClaimKind = "spend" | "count" | "place";

/** A window that moves along with time, counted in slots: never more than the limit, a little less in steady flow. */
export interface Rolling {
  /** How long it is, in ms. */
  readonly ms: number;
  /** In how many slots; it is judged as if the slot before the first counted in full. */
  readonly slots: number;
}

/** Which bucket, and how it is counted. */
export interface BucketRef {
  /** Its name within the scope: subject, guard and window with `|` between, so that no two can meet. */
  readonly bucket: string;
  readonly kind: ClaimKind;
  readonly rolling?: Rolling | undefined;
  /** Whose it is (`user/42`, `all`), and which guard's: what an override speaks of. */
  readonly subject: string;
  readonly guard: string;
}

/** One bucket, and how much of it a job takes. */
export interface Claim extends BucketRef {
  /**
   * In billionths where it is money or credits; whole for counts; 1 for a place. Below 0 only in an entry. A count of 0
   * is judged, and leaves nothing.
   */
  readonly amount: bigint;
  /** The most that may be used, this claim included; undefined for none. */
  readonly limit: bigint | undefined;
  /** When the window begins and ends, in ms since 1970; undefined where it is rolling or has no end. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** How long a place is kept without a word, in ms. */
  readonly lease?: number | undefined;
  /** In which order buckets are locked: narrow ones first, those that all calls share last. Equal for a bucket always. */
  readonly rank: number;
}

/** What a job is of, from its beginning on. */
interface JobFacts {
  /** Made by the caller, so that a `take` whose answer was lost can be repeated. */
  readonly id: string;
  /** What tells this call from another one under the same `dedupe`. */
  readonly hash: string;
  /** Who submitted it, with the tenant; empty where nobody is known. */
  readonly owner: string;
  /** Which of the operator's fal accounts pays. */
  readonly account: string;
  readonly endpoint: string;
  readonly operation: string;
  /** A caller's idempotency key, hashed with its owner. */
  readonly dedupe?: string | undefined;
  /** The price that it is settled by, as JSON. */
  readonly price?: string | undefined;
}

/** What is set aside before a call is sent. */
export interface NewJob extends JobFacts {
  readonly claims: readonly Claim[];
  /** When to look at it, in ms from now, if nothing is heard before. */
  readonly checkIn?: number | undefined;
  /** Booked whatever the limits say, and final at once: a top-up, a correction. */
  readonly entry?: boolean | undefined;
}

/** A claim as it stands in its job. */
export interface Booking {
  readonly bucket: string;
  readonly kind: ClaimKind;
  /** What was set aside. */
  readonly amount: bigint;
  /** What stands in the bucket now. */
  readonly booked: bigint;
  /** The slot of a rolling window that it stands in. */
  readonly slot?: number | undefined;
}

export interface Job extends JobFacts {
  readonly requestId?: string | undefined;
  readonly state: JobState;
  readonly bookings: readonly Booking[];
  /** fal's count, as it was given. */
  readonly units?: string | undefined;
  /** What became of it, in a word. */
  readonly outcome?: string | undefined;
  /** The status of fal's answer. */
  readonly status?: number | undefined;
  /** In ms since 1970, by the store's clock, as all times of a job. */
  readonly born: number;
  readonly checkAt?: number | undefined;
  /** When it was no longer open. */
  readonly ended?: number | undefined;
  /** Whether its result was handed to the app, or until when somebody is about to. */
  readonly told?: number | "done" | undefined;
}

/** What stands in a bucket. `used` contains `held`. */
export interface Seen {
  readonly used: bigint;
  /** What open jobs may still give back. */
  readonly held: bigint;
  /** What an operator has put in the place of the limit: undefined for nothing, `"none"` for no limit. */
  readonly override?: bigint | "none" | undefined;
}

/** What became of a `take`. */
export type Taken =
  | { readonly ok: true; readonly buckets: readonly Seen[] }
  | Refused
  /** The id, or the `dedupe`, is known with this hash. A job that is void was called off before it came. */
  | { readonly replay: Job }
  /** It is known with another hash. */
  | { readonly conflict: true };

/** Nothing was changed. */
export interface Refused extends Seen {
  /** Which of the claims does not fit. */
  readonly refused: number;
  readonly limit: bigint;
  /** After how many ms it would in a rolling window, if nobody else came; undefined where that is not known. */
  readonly after?: number | undefined;
}

/** What is learnt of a job. */
export interface Change {
  /** fal's id for it; one that it has already stays. */
  readonly requestId?: string | undefined;
  readonly state?: Exclude<JobState, "open"> | undefined;
  /** What is to stand in each bucket, in the order of its claims. Left out: nothing if void, else what stood there. */
  readonly amounts?: readonly bigint[] | undefined;
  /** Look again in so many ms; null for never. Left out: as it was, and never once it is charged or void. */
  readonly checkIn?: number | null | undefined;
  /** Keeps its places for so many ms more. */
  readonly lease?: number | undefined;
  /** Gives its places back. Left out: when the state rises. */
  readonly free?: boolean | undefined;
  readonly units?: string | undefined;
  readonly outcome?: string | undefined;
  readonly status?: number | undefined;
  /** Asks to hand its result to the app, alone for so many ms; or says that it was. */
  readonly tell?: number | "done" | undefined;
}

/** `won`: the state rose; without one, the right to tell was had; without that, the request id stands. */
export interface Advanced {
  readonly won: boolean;
  /** As it is now; undefined where nobody knows it. */
  readonly job?: Job | undefined;
}

export interface Look {
  readonly id?: string | undefined;
  readonly requestId?: string | undefined;
  readonly buckets?: readonly BucketRef[] | undefined;
}

export interface Looked {
  readonly job?: Job | undefined;
  readonly buckets: readonly Seen[];
}

/** A change of a purse that no call makes: a top-up, a refund, an expiry. */
export interface Entry {
  /** The payment event's own id: delivered twice, it counts once. */
  readonly id: string;
  readonly purse: BucketRef | PromiseLike<BucketRef>;
  /** In billionths: above 0 it adds to what can be spent. */
  readonly amount: bigint;
  readonly owner?: string | undefined;
  readonly why?: string | undefined;
}

/** An operator's word on one subject, in the place of a limit. */
export interface Override {
  readonly subject: string;
  /** The guard whose limit it is; left out, the subject itself: no call of it passes while the limit is below 0. */
  readonly guard?: string | undefined;
  /** `"none"` lifts the limit; undefined takes the override back. */
  readonly limit: bigint | "none" | undefined;
  /** In ms since 1970; undefined for until it is taken back. */
  readonly until?: number | undefined;
}

export interface Store {
  /** `memory`, `sqlite`, `postgres`, `redis`, or the name of another. */
  readonly engine: string;
  /** Whether it outlives the process. */
  readonly durable: boolean;
  readonly scope: string;
  /** All claims or none, once for an id. */
  take(job: NewJob): Promise<Taken>;
  /**
   * What is learnt later. A state is reached once, whatever races: each change books the difference to what stands.
   * Of an unknown id, `void` is remembered (a `take` that comes after it does not pass), and nothing else.
   */
  advance(id: string, change: Change): Promise<Advanced>;
  /** Reads, and makes nothing. */
  look(what: Look): Promise<Looked>;
  /** Jobs whose check is due, the longest due first; for `leaseMs` nobody else gets them. */
  due(max: number, leaseMs: number): Promise<readonly Job[]>;
  /** @returns false where it was known. @throws Error where its id stands for another amount or purse */
  enter(entry: Entry): Promise<boolean>;
  override(override: Override): Promise<void>;
  /** Forgets who a subject is: its jobs are nobody's, its buckets and overrides are gone. */
  forget(owner: string, subject: string): Promise<void>;
  /** Ends what it has begun: timers, not the client it was given. */
  close?(): Promise<void>;
}

/**
 * Why a verb has no answer. `timeout`: not within its bound, and what was asked may still happen. `unreachable`: the
 * server could not be asked. `clock`: its clock and ours differ by more than a minute. `lost`: what it holds is not
 * what it held. `full`: it takes no more. `unprepared`: its tables are missing or of another version.
 */
export type StoreTrouble = "timeout" | "unreachable" | "clock" | "lost" | "full" | "unprepared";

/** A verb had no answer: what depends on it must not pass. */
export class StoreUnavailable extends Error {
  readonly trouble: StoreTrouble;

  constructor(trouble: StoreTrouble, message: string, options?: ErrorOptions) {
    super(`fal proxy: ${message}`, options);
    this.name = "StoreUnavailable";
    this.trouble = trouble;
  }
}

/** How far a state is. */
export const RANK: Readonly<Record<JobState, number>> = {
  open: 0,
  estimated: 1,
  charged: 2,
  void: 2,
};

/** How far our clock and the store's may be apart, in ms. */
export const CLOCK_SLACK = 60_000;

/** The hash of a job that was called off before it came. */
export const TOMBSTONE = "";

/** The guard of the claim that every call has on its subject, so that an operator can block it. */
export const SUBJECT_GUARD = "";
