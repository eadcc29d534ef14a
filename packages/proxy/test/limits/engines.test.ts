/** The same promises on every engine, through the proxy, with the emulated fal's bill as the judge. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "fal-emulator";
import { Redis } from "ioredis";
import Database from "libsql";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { creditAmount, credits } from "../../src/limits/credits.ts";
import type { DefineOptions } from "../../src/limits/options.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { postgresStore } from "../../src/stores/postgres.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { startPostgres, startRedis, type DatabaseServer } from "../support/database-servers.ts";
import { fronts } from "../support/fronts.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

const FLUX = "fal.run/fal-ai/flux/dev";
const QUEUE = "queue.fal.run/fal-ai/flux/dev";
const SMALL = { prompt: "a cat", image_size: { width: 64, height: 64 } };
const prices = falPrices({}, { list: false });
const [[, node]] = fronts as [(typeof fronts)[number]];

let fal: Emulator;
let postgres: DatabaseServer;
let redis: DatabaseServer;
const folder = mkdtempSync(join(tmpdir(), "fal-proxy-engines-"));
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  [fal, postgres, redis] = await Promise.all([
    createEmulator({ latency: 0 }),
    startPostgres(),
    startRedis(),
  ]);
}, 60_000);
beforeEach(() => fal.reset());
afterAll(async () => {
  for (const close of closers) await close();
  await Promise.all([fal.close(), postgres.remove(), redis.remove()]);
  rmSync(folder, { recursive: true });
});

let scopes = 0;
const engines: Record<string, (scope: string, timeout?: number) => Store> = {
  memory: (scope) => memoryStore({ scope }),
  sqlite: (scope, timeout = 5000) => {
    const database = new Database(join(folder, "state.db"));
    const store = sqliteStore(database, { scope, timeout });
    closers.push(() => store.close().then(() => database.close()));
    return store;
  },
  postgres: (scope, timeout = 5000) => {
    const pool = new Pool({
      host: "127.0.0.1",
      port: postgres.port,
      user: "postgres",
      database: "postgres",
      max: 8,
    });
    pool.on("error", () => {});
    closers.push(() => pool.end());
    return postgresStore(pool, { scope, timeout });
  },
  redis: (scope, timeout = 5000) => {
    const client = new Redis(redis.port, "127.0.0.1", { maxRetriesPerRequest: 0 });
    client.on("error", () => {});
    closers.push(() => client.disconnect());
    return redisStore(client, { scope, timeout });
  },
};

const openWith = (store: Store, options: Partial<DefineOptions>): Promise<MeteredApp> =>
  openApp(node, fal, { prices, accounts: { main: () => fal.key }, ...options, store });

describe.each(Object.entries(engines))("on %s", (_name, make) => {
  test("of 128 submits at once against room for ten, ten reach fal, five times, whatever the room is of", async () => {
    const rooms: Partial<DefineOptions>[] = [
      { limits: { all: { usd: { day: "0.25" } } } },
      { limits: { all: { usd: { "1h": "0.25" } } } },
      { limits: { all: { calls: { day: 10 } } } },
      { limits: { all: { inFlight: 10 } } },
      { credits: { acceptLoss: true, cost: "1.5" } },
    ];
    for (const room of rooms) {
      fal.reset();
      const store = make(`room ${scopes++}`);
      await store.enter({ id: "top-up", purse: credits("42"), amount: creditAmount(16) });
      const app = await openWith(store, room);
      const answers = await Promise.all(
        Array.from({ length: 128 }, () => app.post("42", QUEUE, SMALL)),
      );
      const passed = answers.filter(({ status }) => status === 200).length;
      expect(passed, JSON.stringify(room)).toBe(10);
      expect(fal.requests.filter(({ method }) => method === "POST")).toHaveLength(10);
      expect(answers.every(({ status }) => [200, 402, 429].includes(status))).toBe(true);
      app.close();
    }
  }, 60_000);

  test("what is charged and estimated is what fal bills, to the nano-dollar", async () => {
    const store = make(`bill ${scopes++}`);
    const app = await openWith(store, { limits: { user: { usd: { ever: 50 } } } });
    const users = ["1", "2", "3", "4 acme"];
    const inputs = [
      SMALL,
      { ...SMALL, num_images: 3 },
      { prompt: 5 },
      { ...SMALL, image_size: { width: 1200, height: 1200 }, num_images: 1 },
    ];
    const ids: [string, string][] = [];
    await Promise.all(
      users.flatMap((user, at) =>
        inputs.map(async (input, kind) => {
          const reply = await app.post(user, (at + kind) % 2 ? FLUX : QUEUE, input);
          const { request_id: id } = (await reply.json()) as { request_id?: string };
          if (reply.status === 200 && id !== undefined) ids.push([user, id]);
        }),
      ),
    );
    for (const [user, id] of ids) {
      const path = `queue.fal.run/fal-ai/flux/requests/${id}`;
      await expect
        .poll(async () => (await app.ask(user, `${path}/status`)).status, { timeout: 20_000 })
        .toBe(200);
      await (await app.ask(user, path)).text();
    }
    await app.front.drain();
    for (const [, requestId] of ids) {
      expect((await store.look({ requestId })).job?.state).toMatch(/charged|void/);
    }
    let booked = 0n;
    for (const subject of ["user/1", "user/2", "user/3", "user/acme/4"]) {
      const ref = {
        bucket: `${subject}|usd ever|`,
        kind: "spend",
        subject,
        guard: "usd ever",
      } as const;
      const [seen] = (await store.look({ buckets: [ref] })).buckets;
      expect(seen?.held, subject).toBe(0n);
      booked += seen?.used ?? 0n;
    }
    const billed = fal.charges.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n);
    expect(booked).toBe(billed);
    expect(billed).toBeGreaterThan(500_000_000n);
    app.close();
  }, 60_000);

  test("nothing that was used falls when limits change, and an app of another order sees the same", async () => {
    const store = make(`changes ${scopes++}`);
    const first = await openWith(store, {
      limits: { user: { usd: { day: "0.2" }, calls: { day: 9 } }, all: { usd: { day: 5 } } },
    });
    for (let round = 0; round < 4; round++)
      expect((await first.post("42", FLUX, SMALL)).status).toBe(200);
    first.close();
    // Another key, another order, half the limit, one more limit.
    const second = await openWith(store, {
      resolveFalAuth: () => fal.adminKey,
      limits: {
        all: { usd: { day: 5 } },
        user: { calls: { day: 9, "1h": 50 }, usd: { day: "0.1" } },
      },
    });
    const refused = await second.post("42", FLUX, SMALL);
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({ used: "0.1", limit: "0.1" });
    second.close();
    // Twice as many instances.
    const limits = { user: { usd: { day: "0.15" } } };
    const doubled = await Promise.all([openWith(store, { limits }), openWith(store, { limits })]);
    const answers = await Promise.all(
      [...doubled, ...doubled].map((instance) => instance.post("42", FLUX, SMALL)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 402, 402]);
    for (const instance of doubled) instance.close();
  }, 30_000);
});

describe.each([
  ["postgres", () => postgres, 500],
  ["postgres", () => postgres, 2000],
  ["postgres", () => postgres, 10_000],
  ["redis", () => redis, 500],
  ["redis", () => redis, 2000],
  ["redis", () => redis, 10_000],
] as const)("while %s stands still in a burst", (name, server, ms) => {
  test(`of ${ms} ms nothing paid passes, and afterwards everybody can spend what was not billed`, async () => {
    const open = engines[name] as (scope: string, timeout?: number) => Store;
    const scope = `still ${name} ${ms}`;
    const warm = open(scope);
    await warm.enter({ id: "warm", purse: credits("warm"), amount: 1n });
    const store = open(scope, 300);
    const app = await openWith(store, { limits: { user: { usd: { ever: "0.5" } } } });
    const users = ["1", "2", "3", "4"];
    const burst = users.flatMap((user) =>
      Array.from({ length: 25 }, async (_, at) => {
        await new Promise((resolve) => setTimeout(resolve, at * 15));
        return (await app.post(user, FLUX, SMALL)).status;
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    server().pause();
    try {
      // What was let pass before is still on its way.
      let before = -1;
      for (let quiet = 0; quiet < 4;) {
        quiet = fal.requests.length === before ? quiet + 1 : 0;
        before = fal.requests.length;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await new Promise((resolve) => setTimeout(resolve, ms));
      expect(fal.requests.length).toBe(before);
    } finally {
      server().resume();
    }
    const statuses = await Promise.all(burst);
    expect(
      statuses.every((status) => [200, 402, 503].includes(status)),
      statuses.join(" "),
    ).toBe(true);
    expect(statuses).toContain(503);
    await app.front.drain();
    for (const user of users) {
      let last = 200;
      for (let tries = 0; tries < 40 && last !== 402; tries++)
        last = (await app.post(user, FLUX, SMALL)).status;
      expect(last, user).toBe(402);
    }
    await app.front.drain();
    // 20 of 0.025 USD fit into each.
    expect(fal.charges).toHaveLength(80);
    app.close();
  }, 60_000);
});
