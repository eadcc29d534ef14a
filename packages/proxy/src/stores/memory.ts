/** State within one process: for development, for tests, and for apps that run as one process and may forget. */
import { isNewEntry, jobOfEntry } from "./entry.ts";
import { advance, due, look, take, type BucketRow, type Tables } from "./ledger.ts";
import { StoreUnavailable, type Job, type Store } from "./store.ts";
import { Wheel } from "./wheel.ts";

export interface MemoryStoreOptions {
  /** One per fal account; kept apart from others. @default "main" */
  scope?: string;
  /**
   * How many jobs are kept, and how many buckets. Jobs that have ended go first, those that ended longest ago; when
   * only open ones are left, paid calls are refused.
   *
   * @default 1000000
   */
  max?: number;
}

/** How many of what is over are looked at for each job that is taken. */
const SWEPT = 16;

/**
 * A store in memory. It ends with its process, and no other process sees it.
 *
 * @throws TypeError for an option that is wrong
 *
 * @example
 * ```ts
 * defineProxy({ store: memoryStore(), limits: { user: { calls: { "1m": 20 } } } });
 * ```
 */
export function memoryStore({ scope = "main", max = 1_000_000 }: MemoryStoreOptions = {}): Store {
  if (!Number.isSafeInteger(max) || max < 1)
    throw new TypeError("fal proxy: memoryStore's max must be a whole number of at least 1.");
  const memory = new Memory(max);
  return {
    engine: "memory",
    durable: false,
    scope,
    take: async (job) => {
      const now = Date.now();
      memory.makeRoom(now, job.claims.length);
      return take(memory, now, job);
    },
    advance: async (id, change) => advance(memory, Date.now(), id, change),
    look: async (what) => look(memory, Date.now(), what),
    due: async (most, leaseMs) => due(memory, Date.now(), most, leaseMs),
    enter: async (entry) => {
      const job = await jobOfEntry(entry);
      return isNewEntry(entry, take(memory, Date.now(), job));
    },
    override: async ({ subject, guard = "", limit, until = Infinity }) => {
      if (limit === undefined) memory.overrides.delete(nameOf(subject, guard));
      else memory.overrides.set(nameOf(subject, guard), { limit, until });
    },
    forget: async (owner, subject) => memory.forget(owner, subject),
  };
}

const nameOf = (subject: string, guard: string): string => `${guard}\n${subject}`;

/** Leases by job, and before which time none of them ends. */
interface Places {
  readonly leases: Map<string, number>;
  firstEnd: number;
}

class Memory implements Tables {
  readonly overrides = new Map<string, { limit: bigint | "none"; until: number }>();
  readonly #max: number;
  readonly #jobs = new Map<string, Job>();
  /** Of those that have ended, the one that ended first comes first. */
  readonly #ended = new Set<string>();
  readonly #requests = new Map<string, string>();
  readonly #dedupes = new Map<string, string>();
  readonly #checks = new Wheel(100);
  readonly #buckets = new Map<string, BucketRow>();
  readonly #expiries = new Wheel(60_000);
  readonly #places = new Map<string, Places>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Forgets what is over. @throws StoreUnavailable where nothing is */
  makeRoom(now: number, claims: number): void {
    for (const name of this.#expiries.due(now, SWEPT)) this.#dropBucket(name);
    while (this.#jobs.size >= this.#max) {
      const [oldest] = this.#ended;
      if (oldest === undefined) throw full("jobs", this.#max);
      this.#dropJob(oldest);
    }
    if (this.#buckets.size + claims > this.#max) throw full("buckets", this.#max);
  }

  job(id: string): Job | undefined {
    return this.#jobs.get(id);
  }
  jobOfRequest(requestId: string): Job | undefined {
    return this.#jobs.get(this.#requests.get(requestId) ?? "");
  }
  jobOfDedupe(dedupe: string): Job | undefined {
    return this.#jobs.get(this.#dedupes.get(dedupe) ?? "");
  }
  putJob(job: Job, before: Job | undefined): void {
    this.#jobs.set(job.id, job);
    if (job.requestId !== undefined) this.#requests.set(job.requestId, job.id);
    if (job.dedupe !== undefined && job.state !== "void") this.#dedupes.set(job.dedupe, job.id);
    else this.#freeDedupe(job);
    if (before?.checkAt !== undefined) this.#checks.delete(job.id, before.checkAt);
    if (job.checkAt !== undefined) this.#checks.set(job.id, job.checkAt);
    if (job.ended !== undefined && before?.ended === undefined) this.#ended.add(job.id);
  }
  jobsDue(now: number, max: number): readonly Job[] {
    return this.#checks.due(now, max).map((id) => this.#jobs.get(id) as Job);
  }
  #dropJob(id: string): void {
    const job = this.#jobs.get(id) as Job;
    this.#jobs.delete(id);
    this.#ended.delete(id);
    if (job.requestId !== undefined) this.#requests.delete(job.requestId);
    if (job.checkAt !== undefined) this.#checks.delete(id, job.checkAt);
    this.#freeDedupe(job);
  }
  /** Another job may have the key by now. */
  #freeDedupe({ id, dedupe }: Job): void {
    if (dedupe !== undefined && this.#dedupes.get(dedupe) === id) this.#dedupes.delete(dedupe);
  }

  bucket(name: string): BucketRow | undefined {
    return this.#buckets.get(name);
  }
  putBucket(name: string, row: BucketRow): void {
    const before = this.#buckets.get(name)?.until;
    if (before !== undefined && before !== row.until) this.#expiries.delete(name, before);
    if (row.until !== undefined && before !== row.until) this.#expiries.set(name, row.until);
    this.#buckets.set(name, row);
  }
  #dropBucket(name: string): void {
    const until = this.#buckets.get(name)?.until;
    if (until !== undefined) this.#expiries.delete(name, until);
    this.#buckets.delete(name);
  }

  places(bucket: string, now: number): number {
    const places = this.#places.get(bucket);
    if (places === undefined) return 0;
    // Mostly none has ended: then none is looked at.
    if (places.firstEnd <= now) {
      for (const [job, until] of places.leases) if (until <= now) this.dropPlace(bucket, job);
      places.firstEnd = Infinity;
      for (const until of places.leases.values())
        places.firstEnd = Math.min(places.firstEnd, until);
    }
    return places.leases.size;
  }
  putPlace(bucket: string, job: string, until: number): void {
    let places = this.#places.get(bucket);
    if (places === undefined) {
      this.#places.set(bucket, (places = { leases: new Map(), firstEnd: Infinity }));
    }
    places.leases.set(job, until);
    places.firstEnd = Math.min(places.firstEnd, until);
  }
  dropPlace(bucket: string, job: string): void {
    const places = this.#places.get(bucket);
    places?.leases.delete(job);
    if (places?.leases.size === 0) this.#places.delete(bucket);
  }

  override(subject: string, guard: string, now: number): bigint | "none" | undefined {
    // Most stores have none.
    if (this.overrides.size === 0) return undefined;
    const found = this.overrides.get(nameOf(subject, guard));
    return found && found.until > now ? found.limit : undefined;
  }

  forget(owner: string, subject: string): void {
    for (const [id, job] of this.#jobs) {
      if (job.owner === owner) this.#jobs.set(id, { ...job, owner: "" });
    }
    const isOf = (name: string): boolean => name.startsWith(`${subject}|`);
    for (const name of this.#buckets.keys()) if (isOf(name)) this.#dropBucket(name);
    for (const name of this.#places.keys()) if (isOf(name)) this.#places.delete(name);
    for (const name of this.overrides.keys()) {
      if (name.endsWith(`\n${subject}`)) this.overrides.delete(name);
    }
  }
}

const full = (what: string, max: number): StoreUnavailable =>
  new StoreUnavailable(
    "full",
    `memoryStore holds ${max} ${what}, its max, and none of them is over. Raise max, or use a store with a server behind it.`,
  );
