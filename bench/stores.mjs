// `npm run bench:stores`: what the stores cost by themselves. Only ratios within one run mean something, and stalls.
//   --only memory,postgres,sqlite
//   --seconds N    how long SQLite is watched, 60 by default
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";
import { postgresStore } from "@fal-ai/server-proxy/stores/postgres";
import { sqliteStore } from "@fal-ai/server-proxy/stores/sqlite";
import Database from "libsql";
import pg from "pg";
import { startPostgres } from "../packages/proxy/test/support/database-servers.ts";
import { median } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "memory,postgres,sqlite" },
    seconds: { type: "string", default: "60" },
  },
});

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;

/** @param {boolean} met @param {string} said */
const say = (met, said) => console.log(`- ${met ? "✓" : "✗"} ${said}`);
/** @param {number} ratio */
const times = (ratio) => `${ratio.toFixed(2)}×`;

const window = { from: today, until: today + DAY };
const rolling = { ms: 60_000, slots: 16 };
/** What a call with two rates, two budgets and a place claims. */
const claimsOf = (user, all = true) => [
  claim(user, "", { kind: "count", amount: 0n, limit: undefined }),
  claim(user, "inFlight", { kind: "place", amount: 1n, lease: 60_000 }),
  claim(user, "calls 1m", { kind: "count", amount: 1n, rolling }),
  claim(user, "usd day", { kind: "spend", amount: 25_000_000n, ...window }),
  ...(all
    ? [
        claim("all", "", { kind: "count", amount: 0n, limit: undefined }),
        claim("all", "calls 1m", { kind: "count", amount: 1n, rolling }),
        claim("all", "usd day", { kind: "spend", amount: 25_000_000n, ...window }),
      ]
    : []),
];
const claim = (subject, guard, more) => ({
  bucket: `${subject}|${guard}|${more.from === undefined ? "" : "2026"}`,
  subject,
  guard,
  rank: subject === "all" ? 9 : 0,
  limit: 10n ** 18n,
  ...more,
});
const jobOf = (claims) => ({
  id: crypto.randomUUID(),
  hash: "-",
  owner: "user/42",
  account: "main",
  endpoint: "fal-ai/flux/dev",
  operation: "run",
  claims,
  checkIn: 3_900_000,
});

/** Takes and settles. */
async function pair(store, claims) {
  const job = jobOf(claims);
  const taken = await store.take(job);
  if (!("ok" in taken)) throw new Error(`not taken: ${JSON.stringify(taken, (_, v) => String(v))}`);
  await store.advance(job.id, {
    state: "charged",
    units: "1",
    amounts: claims.map((c) => c.amount),
  });
}

const random = (most) => () => `user/${Math.floor(Math.random() * most)}`;
const heap = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

async function memory() {
  /** Jobs that share a bucket, or have one each. */
  const fill = async (bucketOf) => {
    const filled = memoryStore();
    const before = heap();
    for (let at = 0; at < 200_000; at++) {
      const user = bucketOf(at);
      await filled.take(jobOf([claim(user, "usd day", { kind: "spend", amount: 1n, ...window })]));
    }
    return { bytes: (heap() - before) / 200_000, filled };
  };
  const shared = await fill(() => "user/1");
  const own = await fill((at) => `user/${at}`);
  const bytes = own.bytes - shared.bytes;
  say(bytes <= 400, `a bucket in memory at most 400 bytes: ${bytes.toFixed(0)}`);
}

/** How many a second 64 callers get done. */
async function rateOf(work, ms = 5000) {
  let done = 0;
  const until = Date.now() + ms;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (Date.now() < until) {
        await work();
        done += 1;
      }
    }),
  );
  return (done * 1000) / ms;
}

async function postgres() {
  const server = await startPostgres({ fsync: "on", synchronous_commit: "on" });
  const pool = new pg.Pool({
    host: "127.0.0.1",
    port: server.port,
    user: "postgres",
    database: "postgres",
    max: 8,
  });
  pool.on("error", () => {});
  await pool.query("CREATE TABLE bare (id text PRIMARY KEY, used bigint, most bigint)");
  await pool.query("INSERT INTO bare SELECT 'user/' || g, 0, 1e18 FROM generate_series(0, 999) g");
  const bare = (pick) => () =>
    pool.query("UPDATE bare SET used = used + 1 WHERE id = $1 AND used < most RETURNING used", [
      pick(),
    ]);
  const store = postgresStore(pool);
  await store.prepare();
  for (const [name, pick, claims] of [
    ["a user's own buckets", random(1000), (user) => claimsOf(user, false)],
    ["buckets that all share", () => "user/0", (user) => claimsOf(user)],
  ]) {
    const ratios = [];
    for (let round = 0; round < 3; round++) {
      const updates = await rateOf(bare(pick));
      const pairs = await rateOf(() => pair(store, claims(pick())));
      ratios.push(updates / pairs);
    }
    const ratio = median(ratios);
    say(
      ratio <= 3.5,
      `Postgres, ${name}: pairs at most 3.5× slower than bare conditional updates: ${times(ratio)}`,
    );
  }
  await pool.end();
  await server.remove();
}

async function sqlite() {
  const folder = mkdtempSync(join(tmpdir(), "fal-bench-"));
  const database = new Database(join(folder, "fal.db"));
  const store = sqliteStore(database);
  await store.prepare();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const until = Date.now() + Number(values.seconds) * 1000;
  let pairs = 0;
  delay.enable();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (Date.now() < until) {
        await pair(store, claimsOf(random(1000)()));
        pairs += 1;
      }
    }),
  );
  delay.disable();
  const stall = delay.percentile(99.9) / 1e6;
  say(
    stall <= 20,
    `SQLite: no stall above 20 ms at p99.9 in ${values.seconds} s: ${stall.toFixed(1)} ms (the longest ${(delay.max / 1e6).toFixed(0)}; ${Math.round(pairs / Number(values.seconds))} pairs a second)`,
  );
  await store.close();
  database.close();
  rmSync(folder, { recursive: true });
}

const parts = { memory, postgres, sqlite };
for (const name of values.only.split(",")) {
  const run = parts[name];
  if (run === undefined) throw new Error(`bench:stores knows ${Object.keys(parts).join(", ")}`);
  await run();
}
process.exit();
