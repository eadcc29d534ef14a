/** `npx fal-proxy`, as an operator gives it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import Database from "libsql";
import { Pool } from "pg";
import { createEmulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { postgresStore } from "../src/stores/postgres.ts";
import { redisStore } from "../src/stores/redis.ts";
import { sqliteStore } from "../src/stores/sqlite.ts";
import { isOk, job } from "../src/stores/testing/claims.ts";
import { startPostgres, startRedis, type DatabaseServer } from "./support/database-servers.ts";

const proxy = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "fal-proxy-cli-"));
let postgres: DatabaseServer;
let redis: DatabaseServer;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([postgres.remove(), redis.remove()]);
  rmSync(folder, { recursive: true });
});

let env: Record<string, string> = {};
afterEach(() => {
  env = {};
});

function run(...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(proxy, "dist/esm/cli.js"), ...args], {
    cwd: proxy,
    env: { ...process.env, ...env },
  });
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

describe("doctor", () => {
  const file = join(folder, "doctor.db");
  test("says whether a store is ready", async () => {
    expect(await run("doctor", "--sqlite", join(folder, "none.db"))).toEqual({
      code: 1,
      said: expect.stringContaining("npx fal-proxy migrate"),
    });
    await run("migrate", "--sqlite", file);
    expect(await run("doctor", "--sqlite", file)).toEqual(ready);
  });

  test("with --reconcile holds what is booked against fal's bill", async () => {
    await run("migrate", "--sqlite", file);
    const fal = await createEmulator({ latency: 0 });
    env = { FAL_PROXY_UPSTREAM: fal.url, FAL_ADMIN_KEY: fal.adminKey };
    const doctor = ["doctor", "--sqlite", file, "--reconcile"];
    expect(await run(...doctor)).toMatchObject({
      code: 0,
      said: expect.stringContaining("fal lists 0 charges of 0 USD."),
    });
    const made = await fetch(`${fal.url}/fal.run/fal-ai/echo`, {
      method: "POST",
      headers: { authorization: `Key ${fal.key}`, "content-type": "application/json" },
      body: "{}",
    });
    expect(made.status).toBe(200);
    expect(await run(...doctor)).toEqual({
      code: 1,
      said: expect.stringMatching(/fal-ai\/echo: 0\.001 USD are billed, no job is known/),
    });
    expect(await run(...doctor, "--to", "2020-01-01")).toMatchObject({ code: 0 });
    expect(await run(...doctor, "--from", "soon")).toEqual({
      code: 1,
      said: expect.stringContaining("--from must be a date"),
    });
    env = { ...env, FAL_ADMIN_KEY: "" };
    expect(await run(...doctor)).toEqual({
      code: 1,
      said: expect.stringContaining("needs adminKey"),
    });
    await fal.close();
  });
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
