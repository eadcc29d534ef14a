/** The tables of the SQLite engine, and how its rows are read and written. */
import type { BucketRow, Tables } from "../ledger.ts";
import { slotsOf } from "../rolling.ts";
import type { SqliteDatabase, SqliteStatement } from "../sqlite.ts";
import type { Booking, Job, JobState, Override } from "../store.ts";

const VERSION = "1";

/** Makes what is missing. Amounts are integers of a billionth, times are ms since 1970. */
export const PREPARE: string = `
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS fal_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fal_jobs (
  scope TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, owner TEXT NOT NULL, account TEXT NOT NULL,
  endpoint TEXT NOT NULL, operation TEXT NOT NULL, request_id TEXT, dedupe TEXT, state TEXT NOT NULL,
  bookings TEXT NOT NULL, price TEXT, units TEXT, outcome TEXT, status INTEGER,
  born INTEGER NOT NULL, check_at INTEGER, ended INTEGER, told TEXT,
  PRIMARY KEY (scope, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS fal_jobs_request ON fal_jobs (scope, request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS fal_jobs_dedupe ON fal_jobs (scope, dedupe) WHERE dedupe IS NOT NULL AND state <> 'void';
CREATE INDEX IF NOT EXISTS fal_jobs_check ON fal_jobs (scope, check_at) WHERE check_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS fal_jobs_owner ON fal_jobs (scope, owner, born);
CREATE INDEX IF NOT EXISTS fal_jobs_ended ON fal_jobs (scope, ended) WHERE ended IS NOT NULL;
CREATE TABLE IF NOT EXISTS fal_buckets (
  scope TEXT NOT NULL, bucket TEXT NOT NULL, used INTEGER NOT NULL, held INTEGER NOT NULL, slots TEXT, until INTEGER,
  PRIMARY KEY (scope, bucket)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fal_buckets_until ON fal_buckets (scope, until) WHERE until IS NOT NULL;
CREATE TABLE IF NOT EXISTS fal_places (
  scope TEXT NOT NULL, bucket TEXT NOT NULL, job TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (scope, bucket, job)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fal_places_until ON fal_places (scope, bucket, until);
-- How many there are stands in the bucket, so that nobody has to count them.
CREATE TRIGGER IF NOT EXISTS fal_places_taken AFTER INSERT ON fal_places BEGIN
  INSERT INTO fal_buckets VALUES (new.scope, new.bucket, 1, 1, NULL, NULL)
    ON CONFLICT DO UPDATE SET used = used + 1, held = held + 1;
END;
CREATE TRIGGER IF NOT EXISTS fal_places_left AFTER DELETE ON fal_places BEGIN
  UPDATE fal_buckets SET used = used - 1, held = held - 1 WHERE scope = old.scope AND bucket = old.bucket;
END;
CREATE TABLE IF NOT EXISTS fal_overrides (
  scope TEXT NOT NULL, subject TEXT NOT NULL, guard TEXT NOT NULL, "limit" TEXT NOT NULL, until INTEGER,
  PRIMARY KEY (scope, subject, guard)
) WITHOUT ROWID;
INSERT OR IGNORE INTO fal_meta VALUES ('schema', '${VERSION}');
COMMIT;
`;

/** Whether its tables are there, and of this version. */
export function isPrepared(database: SqliteDatabase): boolean {
  const table = database.prepare("SELECT name FROM sqlite_master WHERE name = 'fal_meta'").get();
  if (table === undefined || table === null) return false;
  const row = database.prepare("SELECT value FROM fal_meta WHERE key = 'schema'").get();
  return (row as { value?: string } | undefined)?.value === VERSION;
}

const COLUMNS = [
  "hash",
  "owner",
  "account",
  "endpoint",
  "operation",
  "request_id",
  "dedupe",
  "state",
  "bookings",
  "price",
  "units",
  "outcome",
  "status",
  "born",
  "check_at",
  "ended",
  "told",
] as const;

const UPDATE = `UPDATE fal_jobs SET ${COLUMNS.map((name) => `${name} = ?`).join(", ")} WHERE scope = ? AND id = ?`;
const INSERT = `INSERT INTO fal_jobs (${COLUMNS.join(", ")}, scope, id) VALUES (${COLUMNS.map(() => "?").join(", ")}, ?, ?)`;

type JobRow = Record<"id" | (typeof COLUMNS)[number], string | number | bigint | null>;

/** Statements, made once each. Whole numbers that may be large go in and out as text: not every driver keeps them. */
export class SqliteTables implements Tables {
  readonly #database: SqliteDatabase;
  readonly #scope: string;
  readonly #statements = new Map<string, SqliteStatement>();
  /** Within a transaction: buckets as they stand, of which those that were changed are written at its end. */
  #read: Map<string, BucketRow | undefined> | undefined;
  readonly #changed = new Set<string>();
  /** Within a transaction, whether an operator has said anything: mostly not. */
  #isOverridden: boolean | undefined;

  constructor(database: SqliteDatabase, scope: string) {
    this.#database = database;
    this.#scope = scope;
  }

  #sql(text: string): SqliteStatement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      this.#statements.set(text, (statement = this.#database.prepare(text)));
    }
    return statement;
  }

  /** All or nothing of what is done, and nothing of other processes between. */
  transact<Answer>(work: () => Answer): Answer {
    this.#sql("BEGIN IMMEDIATE").run();
    try {
      this.#read = new Map();
      const answer = work();
      this.#writeBuckets();
      this.#sql("COMMIT").run();
      return answer;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#read = undefined;
      this.#changed.clear();
      this.#isOverridden = undefined;
    }
  }

  #job(where: string, value: string): Job | undefined {
    const row = this.#sql(`SELECT * FROM fal_jobs WHERE scope = ? AND ${where}`).get(
      this.#scope,
      value,
    );
    return row ? jobOf(row as JobRow) : undefined;
  }
  job(id: string): Job | undefined {
    return this.#job("id = ?", id);
  }
  jobOfRequest(requestId: string): Job | undefined {
    return this.#job("request_id = ?", requestId);
  }
  jobOfDedupe(dedupe: string): Job | undefined {
    return this.#job("dedupe = ? AND state <> 'void'", dedupe);
  }
  putJob(job: Job, before: Job | undefined): void {
    const values = [
      job.hash,
      job.owner,
      job.account,
      job.endpoint,
      job.operation,
      job.requestId ?? null,
      job.dedupe ?? null,
      job.state,
      JSON.stringify(
        job.bookings.map(({ bucket, kind, amount, booked, slot }) => [
          bucket,
          kind,
          `${amount}`,
          `${booked}`,
          slot,
        ]),
      ),
      job.price ?? null,
      job.units ?? null,
      job.outcome ?? null,
      job.status ?? null,
      job.born,
      job.checkAt ?? null,
      job.ended ?? null,
      job.told === undefined ? null : String(job.told),
    ];
    this.#sql(before ? UPDATE : INSERT).run(...values, this.#scope, job.id);
  }
  jobsDue(now: number, max: number): readonly Job[] {
    return this.#sql(
      "SELECT * FROM fal_jobs WHERE scope = ? AND check_at <= ? ORDER BY check_at LIMIT ?",
    )
      .all(this.#scope, now, max)
      .map((row) => jobOf(row as JobRow));
  }

  bucket(name: string): BucketRow | undefined {
    if (this.#read === undefined) return this.#bucket(name);
    if (!this.#read.has(name)) this.#read.set(name, this.#bucket(name));
    return this.#read.get(name);
  }
  putBucket(name: string, row: BucketRow): void {
    if (this.#read === undefined) return this.#writeBucket(name, row);
    this.#read.set(name, row);
    this.#changed.add(name);
  }
  /** After it, the tables themselves say how all buckets stand. */
  #writeBuckets(): void {
    for (const name of this.#changed) this.#writeBucket(name, this.#read?.get(name) as BucketRow);
    this.#changed.clear();
    this.#read?.clear();
  }

  #bucket(name: string): BucketRow | undefined {
    const row = this.#sql(
      "SELECT CAST(used AS TEXT) AS used, CAST(held AS TEXT) AS held, slots, until FROM fal_buckets WHERE scope = ? AND bucket = ?",
    ).get(this.#scope, name) as
      | { used: string; held: string; slots: string | null; until: unknown }
      | undefined
      | null;
    if (!row) return undefined;
    return {
      used: BigInt(row.used),
      held: BigInt(row.held),
      slots: row.slots === null ? undefined : slotsOf(JSON.parse(row.slots) as string[]),
      until: numberOf(row.until),
    };
  }
  #writeBucket(name: string, { used, held, slots, until }: BucketRow): void {
    const flat = slots?.flatMap((slot) => [`${slot.index}`, `${slot.used}`, `${slot.held}`]);
    this.#sql(
      `INSERT INTO fal_buckets VALUES (?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER), ?, ?)
       ON CONFLICT DO UPDATE SET used = excluded.used, held = excluded.held, slots = excluded.slots, until = excluded.until`,
    ).run(
      this.#scope,
      name,
      `${used}`,
      `${held}`,
      flat ? JSON.stringify(flat) : null,
      until ?? null,
    );
  }

  places(bucket: string, now: number): number {
    const row = this.#sql(
      `SELECT CAST(used AS TEXT) AS used,
         (SELECT count(*) FROM fal_places p WHERE p.scope = b.scope AND p.bucket = b.bucket AND until <= ?) AS over
       FROM fal_buckets b WHERE scope = ? AND bucket = ?`,
    ).get(now, this.#scope, bucket) as { used: string; over: unknown } | undefined | null;
    return row ? Number(row.used) - Number(row.over) : 0;
  }
  putPlace(bucket: string, job: string, until: number, now: number): void {
    const key = [this.#scope, bucket] as const;
    this.#sql("DELETE FROM fal_places WHERE scope = ? AND bucket = ? AND until <= ?").run(
      ...key,
      now,
    );
    this.#sql(
      "INSERT INTO fal_places VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
    ).run(...key, job, until);
  }
  dropPlace(bucket: string, job: string): void {
    this.#sql("DELETE FROM fal_places WHERE scope = ? AND bucket = ? AND job = ?").run(
      this.#scope,
      bucket,
      job,
    );
  }

  override(subject: string, guard: string, now: number): bigint | "none" | undefined {
    if (this.#read !== undefined) {
      this.#isOverridden ??= Boolean(
        this.#sql("SELECT 1 FROM fal_overrides WHERE scope = ? LIMIT 1").get(this.#scope),
      );
      if (!this.#isOverridden) return undefined;
    }
    const row = this.#sql(
      'SELECT "limit" AS "limit" FROM fal_overrides WHERE scope = ? AND subject = ? AND guard = ? AND (until IS NULL OR until > ?)',
    ).get(this.#scope, subject, guard, now) as { limit: string } | undefined | null;
    if (!row) return undefined;
    return row.limit === "none" ? "none" : BigInt(row.limit);
  }
  putOverride({ subject, guard = "", limit, until }: Override): void {
    this.#isOverridden = undefined;
    if (limit === undefined) {
      this.#sql("DELETE FROM fal_overrides WHERE scope = ? AND subject = ? AND guard = ?").run(
        this.#scope,
        subject,
        guard,
      );
    } else {
      this.#sql("INSERT OR REPLACE INTO fal_overrides VALUES (?, ?, ?, ?, ?)").run(
        this.#scope,
        subject,
        guard,
        String(limit),
        until ?? null,
      );
    }
  }

  forget(owner: string, subject: string): void {
    this.#writeBuckets();
    this.#sql("UPDATE fal_jobs SET owner = '' WHERE scope = ? AND owner = ?").run(
      this.#scope,
      owner,
    );
    // All that begin with the subject and `|`: `}` comes next after it.
    const range = [this.#scope, `${subject}|`, `${subject}}`] as const;
    this.#sql("DELETE FROM fal_buckets WHERE scope = ? AND bucket >= ? AND bucket < ?").run(
      ...range,
    );
    this.#sql("DELETE FROM fal_places WHERE scope = ? AND bucket >= ? AND bucket < ?").run(
      ...range,
    );
    this.#sql("DELETE FROM fal_overrides WHERE scope = ? AND subject = ?").run(
      this.#scope,
      subject,
    );
  }

  /** Rows of windows that are over, of leases that have ended, and of jobs that ended before `before`. */
  dropOver(now: number, before: number, max: number): void {
    this.#writeBuckets();
    this.#sql(
      "DELETE FROM fal_buckets WHERE scope = ? AND bucket IN (SELECT bucket FROM fal_buckets WHERE scope = ? AND until < ? LIMIT ?)",
    ).run(this.#scope, this.#scope, now, max);
    this.#sql("DELETE FROM fal_places WHERE scope = ? AND until < ?").run(this.#scope, now);
    this.#sql(
      "DELETE FROM fal_jobs WHERE scope = ? AND id IN (SELECT id FROM fal_jobs WHERE scope = ? AND ended < ? LIMIT ?)",
    ).run(this.#scope, this.#scope, before, max);
  }
}

function jobOf(row: JobRow): Job {
  const told = text(row.told);
  return {
    id: String(row.id),
    hash: String(row.hash),
    owner: String(row.owner),
    account: String(row.account),
    endpoint: String(row.endpoint),
    operation: String(row.operation),
    requestId: text(row.request_id),
    dedupe: text(row.dedupe),
    state: row.state as JobState,
    bookings: bookingsOf(String(row.bookings)),
    price: text(row.price),
    units: text(row.units),
    outcome: text(row.outcome),
    status: numberOf(row.status),
    born: Number(row.born),
    checkAt: numberOf(row.check_at),
    ended: numberOf(row.ended),
    told: told === undefined || told === "done" ? told : Number(told),
  };
}

const text = (value: unknown): string | undefined => (value === null ? undefined : String(value));
const numberOf = (value: unknown): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

const bookingsOf = (json: string): Booking[] =>
  (JSON.parse(json) as [string, Booking["kind"], string, string, number | null | undefined][]).map(
    ([bucket, kind, amount, booked, slot]) => ({
      bucket,
      kind,
      amount: BigInt(amount),
      booked: BigInt(booked),
      ...(typeof slot === "number" && { slot }),
    }),
  );
