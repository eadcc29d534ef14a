import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresStore, type PostgresStoreOptions } from "../../src/stores/postgres.ts";
import { isOk, job, seen, spend } from "../../src/stores/testing/claims.ts";
import { storeTests } from "../../src/stores/testing/index.ts";
import { startPostgres, type DatabaseServer } from "../support/database-servers.ts";

let server: DatabaseServer;
const pools: Pool[] = [];

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => {
  for (const pool of pools) await pool.end();
  await server.remove();
});

function pool(settings: object = {}): Pool {
  const made = new Pool({
    host: "127.0.0.1",
    port: server.port,
    user: "postgres",
    database: "postgres",
    max: 8,
    ...settings,
  });
  made.on("error", () => {});
  pools.push(made);
  return made;
}

describe("what every store promises", () => {
  const own = [() => pool(), () => pool()];
  const made: Pool[] = [];
  let next = 0;
  const suite = storeTests({
    open: (scope) => {
      made.push(...own.splice(0).map((make) => make()));
      return postgresStore(made[next++ % 2] as Pool, { scope, timeout: 20_000 });
    },
    histories: 20,
  });
  test.each(suite)("%s", (_, run) => run(), 60_000);
});
/** What the ledger and the buckets say of one another: nothing, where they agree. */
async function audit(client: Pool): Promise<unknown[]> {
  const { rows } = await client.query(`
    WITH booked AS (
      SELECT scope, b AS bucket, sum(n) AS used,
        sum(CASE WHEN k = 'spend' AND state = 0 THEN n ELSE 0 END) AS held
      FROM fal_proxy.jobs, unnest(buckets, booked, kinds, slots) AS u(b, n, k, s) WHERE k <> 'place' AND s IS NULL
      GROUP BY 1, 2
    )
    SELECT * FROM booked FULL JOIN fal_proxy.buckets USING (scope, bucket)
    WHERE slots IS NULL AND (coalesce(booked.used, 0) <> coalesce(buckets.used, 0)
      OR coalesce(booked.held, 0) <> coalesce(buckets.held, 0)) AND bucket NOT LIKE '%places%'
      AND NOT (buckets.bucket IS NULL AND scope LIKE 'test-%')`);
  return rows;
}

test("every bucket holds what its jobs have booked", async () => {
  expect(await audit(pool())).toEqual([]);
});

test("the server's stronger isolation is asked again, not told to the caller", async () => {
  for (const level of ["repeatable\\ read", "serializable"]) {
    const strict = pool({ options: `-c default_transaction_isolation=${level}` });
    const store = postgresStore(strict, { scope: level, timeout: 20_000, concurrency: 8 });
    const claim = spend(10n, 100n, { bucket: "all|usd|1", rank: 9 });
    const answers = await Promise.all(Array.from({ length: 128 }, () => store.take(job([claim]))));
    expect(answers.filter(isOk)).toHaveLength(10);
    expect(answers.filter((answer) => "refused" in answer)).toHaveLength(118);
  }
}, 60_000);

test("an entry within the app's own transaction stands and falls with it", async () => {
  const client = await pool().connect();
  const purse = spend(0n, 0n, { bucket: "user/1|credits|", from: undefined, until: undefined });
  const own = postgresStore(client, { scope: "entries" });
  const store = postgresStore(pool(), { scope: "entries" });
  await client.query("BEGIN");
  await own.enter({ id: "e1", purse, amount: 50n });
  await client.query("ROLLBACK");
  expect((await seen(store, purse)).used).toBe(0n);
  await client.query("BEGIN");
  expect(await own.enter({ id: "e1", purse, amount: 50n })).toBe(true);
  expect(await own.enter({ id: "e1", purse, amount: 50n })).toBe(false);
  await client.query("COMMIT");
  client.release();
  expect((await seen(store, purse)).used).toBe(-50n);
});

describe("tables that are missing", () => {
  const open = (options: PostgresStoreOptions) => postgresStore(pool(), options);

  test("are made on first use where they may, by any number of processes at once", async () => {
    const stores = Array.from({ length: 6 }, () =>
      open({ schema: "fresh", autoPrepare: true, timeout: 10_000 }),
    );
    const answers = await Promise.all(stores.map((store) => store.take(job([]))));
    expect(answers.every(isOk)).toBe(true);
  });

  test("are missed elsewhere, until prepare() or the command has made them", async () => {
    const store = open({ schema: "production", autoPrepare: false });
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
    await expect(store.look({ id: "x" })).rejects.toMatchObject({ trouble: "unprepared" });
    await store.prepare();
    await store.prepare();
    expect(isOk(await store.take(job([])))).toBe(true);
  });

  test("or were lost, which a running process notices for good", async () => {
    const store = open({ schema: "lost", autoPrepare: true });
    await store.take(job([]));
    await pool().query("DROP SCHEMA lost CASCADE");
    // Made anew, but not what it was.
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "lost" });
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "lost" });
    expect(isOk(await open({ schema: "lost" }).take(job([])))).toBe(true);
  });

  test("a server that was set back is noticed", async () => {
    const store = open({ schema: "back", autoPrepare: true });
    for (let round = 0; round < 3; round++) await store.take(job([]));
    await pool().query("SELECT setval('back.takes', 1)");
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "lost" });
  });

  test.each(["Fal", "fal-proxy", "x; DROP TABLE jobs", "", "1x"])(
    "a schema of %j is an error",
    (schema) => {
      expect(() => open({ schema })).toThrow("schema must be a plain lower-case name");
    },
  );
  test.each([0, 1.5, NaN])("a concurrency of %s is an error", (concurrency) => {
    expect(() => open({ concurrency })).toThrow("concurrency must be");
  });
});

test("a row that somebody else holds is not waited for longer than told", async () => {
  const store = postgresStore(pool(), { scope: "held", timeout: 1000 });
  const claim = spend(1n, 100n, { bucket: "all|usd|1" });
  await store.take(job([claim]));
  const holder = await pool().connect();
  await holder.query("BEGIN");
  await holder.query("UPDATE fal_proxy.buckets SET used = used WHERE scope = 'held'");
  const before = Date.now();
  await expect(store.take(job([claim]))).rejects.toMatchObject({ trouble: "timeout" });
  expect(Date.now() - before).toBeLessThan(1500);
  await holder.query("COMMIT");
  holder.release();
  expect(isOk(await store.take(job([claim])))).toBe(true);
  expect((await seen(store, claim)).used).toBe(2n);
});

test("a server that stands still, or is gone, is an answer within the bound, and what was asked counts once", async () => {
  const store = postgresStore(pool({ connectionTimeoutMillis: 2000 }), {
    scope: "gone",
    timeout: 500,
  });
  const claim = spend(1n, 100n, { bucket: "all|usd|1" });
  await store.take(job([claim]));
  const [second, third] = [job([claim]), job([claim])];
  server.pause();
  const before = Date.now();
  await expect(store.take(second)).rejects.toMatchObject({ trouble: "timeout" });
  expect(Date.now() - before).toBeLessThan(1500);
  server.resume();
  await expect.poll(async () => isOk(await store.take(second)) || "replay").toBe("replay");
  await server.kill();
  await expect(store.take(third)).rejects.toMatchObject({ name: "StoreUnavailable" });
  await expect(store.look({ buckets: [claim] })).rejects.toMatchObject({
    name: "StoreUnavailable",
  });
  await server.start();
  await expect
    .poll(async () => store.take(third).then(isOk, () => false), { timeout: 20_000 })
    .toBe(true);
  expect((await seen(store, claim)).used).toBe(3n);
  expect(await audit(pool())).toEqual([]);
}, 60_000);
