import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, describe, expect, test } from "vitest";
import {
  sqliteStore,
  type SqliteDatabase,
  type SqliteStoreOptions,
} from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { count, isOk, job, seen, spend } from "../../src/stores/testing/claims.ts";
import { storeTests } from "../../src/stores/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fal-proxy-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a driver's connection has besides. */
type Connection = SqliteDatabase & { close(): void };

/** Node has one of its own from line 22 on: it is tested there. */
const own = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown as
  | { DatabaseSync: new (file: string) => Connection }
  | undefined;
const drivers: [string, (file: string) => Connection][] = [
  ["libsql", (file) => new Database(file) as unknown as Connection],
  ...(own
    ? [["node:sqlite", (file) => new own.DatabaseSync(file)] as (typeof drivers)[number]]
    : []),
];

describe.each(drivers)("by %s", (driver, make) => {
  const connect = (file: string): Connection =>
    make(join(folder, `${driver} ${file}`.replace(":", "-")));
  const onto = (
    database: Connection,
    options: SqliteStoreOptions = {},
  ): ReturnType<typeof sqliteStore> => sqliteStore(database, { timeout: 10_000, ...options });

  function open(file: string, options: SqliteStoreOptions = {}): Store {
    const database = connect(file);
    const store = onto(database, options);
    const close = async (): Promise<void> => {
      await store.close();
      database.close();
    };
    return { ...store, close };
  }

  test("a process that is writing is waited for without holding this one up, and no longer than told", async () => {
    const writer = connect("busy.db");
    const store = open("busy.db", { timeout: 300 });
    await store.take(job([]));
    writer.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const counting = setInterval(() => turns++, 5);
    const before = Date.now();
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "timeout" });
    clearInterval(counting);
    expect(Date.now() - before).toBeLessThan(3000);
    expect(turns).toBeGreaterThan(3);
    const taken = store.take(job([]));
    writer.exec("COMMIT");
    expect(isOk(await taken)).toBe(true);
  });

  describe("what every store promises", () => {
    const suite = storeTests({ open: (scope) => open("suite.db", { scope }), histories: 30 });
    test.each(suite)("%s", (_, run) => run(), 30_000);
  });

  test("what was taken is there after the process ended", async () => {
    const [claim, one] = [spend(5n, 9n, { bucket: "user/1|usd|1" }), job([])];
    const store = open("kept.db");
    await store.take({ ...one, claims: [claim] });
    const again = open("kept.db");
    expect(await seen(again, claim)).toEqual({ used: 5n, held: 5n });
    expect((await again.look({ id: one.id })).job?.state).toBe("open");
  });

  test("a file that was lost is noticed, unless it may be begun anew", async () => {
    const store = onto(connect("new.db"), { autoPrepare: false });
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
    await expect(store.look({ id: "x" })).rejects.toMatchObject({ trouble: "unprepared" });
    await store.prepare();
    expect(isOk(await store.take(job([])))).toBe(true);
  });

  test("an entry within the app's own transaction stands and falls with it", async () => {
    const database = connect("entry.db");
    const store = onto(database);
    const purse = spend(0n, 0n, { bucket: "user/1|credits|", from: undefined, until: undefined });
    await store.enter({ id: "e0", purse, amount: 1n });
    database.exec("BEGIN");
    await store.enter({ id: "e1", purse, amount: 50n });
    database.exec("ROLLBACK");
    expect((await seen(store, purse)).used).toBe(-1n);
    database.exec("BEGIN");
    await store.enter({ id: "e1", purse, amount: 50n });
    database.exec("COMMIT");
    expect((await seen(store, purse)).used).toBe(-51n);
  });

  test("what is over goes with the sweeps", async () => {
    const store = open("over.db", { keepDays: 0 });
    const one = job([count(9n, { bucket: "user/1|calls|2" })]);
    await store.take(one);
    await store.advance(one.id, { state: "charged" });
    const raw = connect("over.db");
    raw.exec("UPDATE fal_buckets SET until = 1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.due(10, 1000);
    for (const table of ["fal_buckets", "fal_jobs"]) {
      expect(raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toMatchObject({ n: 0 });
    }
  });
});

test("a synchronous that is none is an error", () => {
  const database = new Database(":memory:") as unknown as SqliteDatabase;
  expect(() => sqliteStore(database, { synchronous: "off" as "full" })).toThrow(
    "synchronous must be",
  );
});
