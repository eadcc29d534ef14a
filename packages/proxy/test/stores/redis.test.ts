import { Redis as UpstashRedis } from "@upstash/redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisStore, type RedisClient, type RedisStoreOptions } from "../../src/stores/redis.ts";
import { isOk, job, seen, spend } from "../../src/stores/testing/claims.ts";
import { storeTests } from "../../src/stores/testing/index.ts";
import { startRedis, type DatabaseServer } from "../support/database-servers.ts";
import { startRestFront, type RestFront } from "../support/redis-rest.ts";

let server: DatabaseServer;
let front: RestFront;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
  front = await startRestFront(server.port);
}, 30_000);
afterAll(async () => {
  for (const close of closers) await close();
  await front.close();
  await server.remove();
});

/** A client of the test's own, to look at and to harm what is kept. */
function raw(): Redis {
  const client = new Redis(server.port, "127.0.0.1");
  client.on("error", () => {});
  closers.push(() => client.disconnect());
  return client;
}

const clients: Record<string, () => Promise<RedisClient>> = {
  ioredis: async () => {
    const client = new Redis(server.port, "127.0.0.1", { maxRetriesPerRequest: 1 });
    client.on("error", () => {});
    closers.push(() => client.disconnect());
    return client;
  },
  "node-redis": async () => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}` });
    client.on("error", () => {});
    await client.connect();
    closers.push(() => client.destroy());
    return client as unknown as RedisClient;
  },
  "@upstash/redis": async () => new UpstashRedis({ url: front.url, token: front.token }),
};

describe.each(Object.entries(clients))("what every store promises, by %s", (_, make) => {
  let made: Promise<[RedisClient, RedisClient]> | undefined;
  let next = 0;
  const suite = storeTests({
    open: async (scope) => {
      made ??= Promise.all([make(), make()]);
      return redisStore((await made)[next++ % 2] as RedisClient, { scope, timeout: 20_000 });
    },
    histories: 20,
  });
  test.each(suite)("%s", (_name, run) => run(), 60_000);
});
const open = async (
  options: RedisStoreOptions = {},
  kind = "ioredis",
): Promise<ReturnType<typeof redisStore>> =>
  redisStore(await (clients[kind] as () => Promise<RedisClient>)(), options);

test("an unknown client, or braces in a prefix, is an error", async () => {
  expect(() => redisStore({} as RedisClient)).toThrow("needs a client of ioredis");
  await expect(open({ prefix: "a{b}" })).rejects.toThrow("without braces");
});

test("a script that the server has forgotten is told again", async () => {
  for (const kind of Object.keys(clients)) {
    const store = await open({ scope: `scripts ${kind}` }, kind);
    expect(isOk(await store.take(job([])))).toBe(true);
    await raw().script("FLUSH");
    expect(isOk(await store.take(job([])))).toBe(true);
  }
});

test("all keys of a scope share a tag, whatever its name, and nothing open has an end", async () => {
  const scope = "a}{b é";
  const store = await open({ scope });
  const [left, ended] = [spend(1n, 9n, { bucket: "user/1|usd|1" }), job([], { dedupe: "k" })];
  const one = job([left], { dedupe: "d", checkIn: 60_000 });
  await store.take(one);
  await store.advance(one.id, { requestId: "r" });
  await store.take(ended);
  await store.advance(ended.id, { state: "charged", requestId: "s" });
  const client = raw();
  const keys = await client.keys(`fal:{${encodeURIComponent(scope)}}:*`);
  const lives = await Promise.all(
    keys.map(async (key) => [key.split(":").slice(2).join(":"), await client.pttl(key)] as const),
  );
  const forever = lives.filter(([, ttl]) => ttl === -1).map(([key]) => key);
  expect(forever.toSorted()).toEqual(["d:d", "due", `j:${one.id}`, "meta", "r:r"]);
  expect(lives.map(([key]) => key)).toEqual(
    expect.arrayContaining([`j:${ended.id}`, "d:k", "r:s", "b:user/1|usd|1"]),
  );
});

describe("a server that may forget", () => {
  const policy = async (name: string): Promise<void> => {
    await raw().config("SET", "maxmemory-policy", name);
  };

  test("by throwing out keys is refused, until it says otherwise", async () => {
    for (const kind of Object.keys(clients)) {
      await policy("allkeys-lru");
      const store = await open({ scope: `evicting ${kind}` }, kind);
      await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
      await expect(store.take(job([]))).rejects.toThrow("allkeys-lru");
      expect(isOk(await (await open({ scope: "vouched", noEviction: true })).take(job([])))).toBe(
        true,
      );
      await policy("noeviction");
      expect(isOk(await store.take(job([])))).toBe(true);
    }
  });

  test("and a scope that is not there is missed, until prepare() or the command has begun it", async () => {
    const store = await open({ scope: "production", autoPrepare: false });
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "unprepared" });
    await store.prepare();
    await store.prepare();
    expect(isOk(await store.take(job([])))).toBe(true);
  });

  test.each([true, false])(
    "is noticed when it was emptied (begun anew by itself: %s)",
    async (autoPrepare) => {
      const scope = `emptied ${autoPrepare}`;
      const store = await open({ scope, autoPrepare });
      await store.prepare();
      for (let round = 0; round < 3; round++) await store.take(job([]));
      const raw = new Redis(server.port, "127.0.0.1");
      await raw.flushall();
      raw.disconnect();
      const trouble = autoPrepare ? "lost" : "unprepared";
      await expect(store.take(job([]))).rejects.toMatchObject({ trouble });
      await store.prepare();
      await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "lost" });
    },
  );

  test("is noticed when it was set back", async () => {
    const store = await open({ scope: "back" });
    for (let round = 0; round < 3; round++) await store.take(job([]));
    await raw().hset("fal:{back}:meta", "seq", "1");
    await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "lost" });
  });
});

test("a server that stands still, or is gone, is an answer within the bound, and what was asked counts once", async () => {
  for (const kind of Object.keys(clients)) {
    const store = await open({ scope: `still ${kind}`, timeout: 500 }, kind);
    const claim = spend(1n, 100n, { bucket: "all|usd|1" });
    await store.take(job([claim]));
    const second = job([claim]);
    server.pause();
    const before = Date.now();
    await expect(store.take(second)).rejects.toMatchObject({ trouble: "timeout" });
    expect(Date.now() - before).toBeLessThan(1500);
    server.resume();
    await expect
      .poll(async () => isOk(await store.take(second)) || "replay", { timeout: 10_000 })
      .toBe("replay");
    expect((await seen(store, claim)).used).toBe(2n);
  }
  const store = await open({ scope: "gone", timeout: 500 });
  await store.take(job([]));
  await server.kill();
  await expect(store.take(job([]))).rejects.toMatchObject({ name: "StoreUnavailable" });
  await expect(store.look({ id: "x" })).rejects.toMatchObject({ name: "StoreUnavailable" });
  await server.start();
  // It kept nothing, which is noticed.
  await expect
    .poll(() => store.take(job([])).catch((error: { trouble?: string }) => error.trouble), {
      timeout: 20_000,
    })
    .toBe("lost");
}, 60_000);
