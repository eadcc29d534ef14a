/** State in one SQLite file: for a machine with one or a few processes. It outlives them. */
import { isDevelopment } from "../environment.ts";
import { isNewEntry, jobOfEntry } from "./entry.ts";
import { advance, due, look, take } from "./ledger.ts";
import { GroupCommit } from "./sqlite/group-commit.ts";
import { isPrepared, PREPARE, SqliteTables } from "./sqlite/tables.ts";
import { troubleOf, unprepared } from "./sqlite/trouble.ts";
import type { Store } from "./store.ts";

/** What is asked of a driver: `node:sqlite`, better-sqlite3, libsql and `bun:sqlite` have it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}
/** Of values only texts, numbers and null are bound: the types of drivers differ in what they say of them. */
export interface SqliteStatement {
  run(...values: any[]): unknown;
  get(...values: any[]): unknown;
  all(...values: any[]): unknown[];
}

export interface SqliteStoreOptions {
  /** One per fal account; kept apart from others. @default "main" */
  scope?: string;
  /**
   * `full` keeps every call that was let through also when the power fails, `normal` when the process does. Entries
   * (a payment, a refund) are always kept in full.
   *
   * @default "normal"
   */
  synchronous?: "normal" | "full";
  /** How long a verb may wait for other processes, in ms. @default 1000 */
  timeout?: number;
  /** How many days a job is kept after its end. @default 90 */
  keepDays?: number;
  /**
   * Whether tables that are missing are made on first use. Where they are not, `prepare()` makes them: then a file that
   * was lost is noticed instead of being begun anew.
   *
   * @default true unless NODE_ENV is "production"
   */
  autoPrepare?: boolean;
}

/** How often what was written is moved into the file, in ms: in small steps, since it holds the process up. */
const CHECKPOINT = 100;
/** How long opening may wait for another process that opens, in ms. */
const OPENING = 5000;
/** How many rows that are over go with each sweep. */
const SWEPT = 200;

type Verb<Answer> = (tables: SqliteTables, now: number) => Answer;
interface Work {
  readonly verb: Verb<unknown>;
  /** Kept also when the power fails. */
  readonly full: boolean;
}

/**
 * A store in SQLite.
 *
 * @param database a connection of its own to a file; not closed by the store
 * @throws TypeError for an option that is wrong
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * const store = sqliteStore(new DatabaseSync("fal.db"));
 * ```
 */
export function sqliteStore(
  database: SqliteDatabase,
  {
    scope = "main",
    synchronous = "normal",
    timeout = 1000,
    keepDays = 90,
    autoPrepare = isDevelopment(),
  }: SqliteStoreOptions = {},
): Store & { prepare(): Promise<void>; close(): Promise<void> } {
  if (synchronous !== "normal" && synchronous !== "full")
    throw new TypeError('fal proxy: sqliteStore\'s synchronous must be "normal" or "full".');
  let tables: SqliteTables | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(): SqliteTables {
    if (tables) return tables;
    database.exec(`PRAGMA busy_timeout = ${OPENING}`);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA wal_autocheckpoint = 0");
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    if (autoPrepare) database.exec(PREPARE);
    else if (!isPrepared(database)) throw unprepared();
    // From here on, waiting is done without holding the process up.
    database.exec("PRAGMA busy_timeout = 0");
    return (tables = new SqliteTables(database, scope));
  }

  function checkpointSoon(): void {
    timer ??= unreferenced(() => {
      timer = undefined;
      try {
        database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      } catch {
        // Closed by the app, or busy: another one comes with the next write.
      }
    }, CHECKPOINT);
  }

  const commits = new GroupCommit<Work>(timeout, (works) => {
    const all = open();
    const isFull = synchronous === "normal" && works.some(({ full }) => full);
    if (isFull) database.exec("PRAGMA synchronous = full");
    try {
      const now = Date.now();
      const answers = all.transact(() => works.map(({ verb }) => verb(all, now)));
      checkpointSoon();
      return answers;
    } finally {
      if (isFull) database.exec("PRAGMA synchronous = normal");
    }
  });

  /** Runs one verb: no other process comes between. */
  const alone = <Answer>(verb: Verb<Answer>, full = false): Promise<Answer> =>
    commits.run({ verb, full }) as Promise<Answer>;

  return {
    engine: "sqlite",
    durable: true,
    scope,
    take: (job) => alone((all, now) => take(all, now, job)),
    advance: (id, change) => alone((all, now) => advance(all, now, id, change)),
    look: async (what) => {
      try {
        return look(open(), Date.now(), what);
      } catch (error) {
        throw troubleOf(error);
      }
    },
    due: (max, leaseMs) =>
      alone((all, now) => {
        all.dropOver(now, now - keepDays * 86_400_000, SWEPT);
        return due(all, now, max, leaseMs);
      }),
    enter: async (entry) => {
      const job = await jobOfEntry(entry);
      const write = (all: SqliteTables, now: number) => take(all, now, job);
      // Within the app's own transaction, it stands and falls with it.
      if (isWithin(database)) return isNewEntry(entry, write(open(), Date.now()));
      return isNewEntry(entry, await alone(write, true));
    },
    override: (one) => alone((all) => all.putOverride(one)),
    forget: (owner, subject) => alone((all) => all.forget(owner, subject)),
    prepare: async () => {
      database.exec(`PRAGMA busy_timeout = ${OPENING}`);
      database.exec(PREPARE);
    },
    close: async () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** As the drivers say it, each in its own way; `bun:sqlite` and libsql as well. */
const isWithin = (database: SqliteDatabase): boolean => {
  const { inTransaction, isTransaction } = database as {
    inTransaction?: unknown;
    isTransaction?: unknown;
  };
  return inTransaction === true || isTransaction === true;
};

/** A timer that keeps no process alive, where there are such. */
function unreferenced(work: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(work, ms);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
