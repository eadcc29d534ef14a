/** `npx fal-proxy migrate`, as an operator gives it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import Database from "libsql";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresStore } from "../../src/stores/postgres.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { isOk, job } from "../../src/stores/testing/claims.ts";
import { startPostgres, startRedis, type DatabaseServer } from "../support/database-servers.ts";

const proxy = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "fal-proxy-migrate-"));
let postgres: DatabaseServer;
let redis: DatabaseServer;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([postgres.remove(), redis.remove()]);
  rmSync(folder, { recursive: true });
});

function run(...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(proxy, "dist/esm/cli.js"), ...args], { cwd: proxy });
  let said = "";
  for (const output of [child.stdout, child.stderr])
    output.on("data", (text: Buffer) => (said += String(text)));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
}
const ready = { code: 0, said: "fal-proxy: the store is ready.\n" };

test("Postgres", async () => {
  const pool = new Pool({
    host: "127.0.0.1",
    port: postgres.port,
    user: "postgres",
    database: "postgres",
  });
  const store = postgresStore(pool, { autoPrepare: false, schema: "mine" });
  await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
  const where = [
    "--postgres",
    `postgres://postgres@127.0.0.1:${postgres.port}/postgres`,
    "--schema",
    "mine",
  ];
  expect(await run("migrate", ...where)).toEqual(ready);
  expect(await run("migrate", ...where)).toEqual(ready);
  expect(isOk(await store.take(job([])))).toBe(true);
  await pool.end();
});

test("Redis", async () => {
  const client = new Redis(redis.port, "127.0.0.1");
  const store = redisStore(client, { autoPrepare: false, scope: "mine" });
  await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
  expect(
    await run("migrate", "--redis", `redis://127.0.0.1:${redis.port}`, "--scope", "mine"),
  ).toEqual(ready);
  expect(isOk(await store.take(job([])))).toBe(true);
  client.disconnect();
});

test("SQLite", async () => {
  const file = join(folder, "fal.db");
  expect(await run("migrate", "--sqlite", file)).toEqual(ready);
  const store = sqliteStore(new Database(file), {
    autoPrepare: false,
  });
  expect(isOk(await store.take(job([])))).toBe(true);
});

test.each<[string[], string]>([
  [[], "Say what to do"],
  [["upgrade"], "Say what to do"],
  [["migrate"], "Say where"],
  [["migrate", "--sqlite", "a", "--redis", "b"], "Say where"],
  [["migrate", "--mysql", "a"], "--mysql"],
  [["migrate", "--postgres", "postgres://127.0.0.1:9/x"], "ECONNREFUSED"],
  [["migrate", "--redis", "redis://127.0.0.1:9"], "fal-proxy: "],
])("%s says what is wrong", async (args, says) => {
  const { code, said } = await run(...args);
  expect([code, said]).toEqual([1, expect.stringContaining(says)]);
});

test("--help", async () => {
  expect(await run("--help")).toEqual({
    code: 0,
    said: expect.stringContaining("fal-proxy migrate --postgres"),
  });
});
