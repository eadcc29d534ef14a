/** What is due: handed out whole, to one at a time. */
import assert from "node:assert/strict";
import { job, place, sleep, spend, type StoreCase } from "../claims.ts";

const shown = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;

export const sweeping: readonly StoreCase[] = [
  [
    "what is due is handed out once, the longest due first, and again when nobody has settled it",
    async ({ store, other }) => {
      const [later, sooner, never] = [
        job([], { checkIn: 2200 }),
        job([], { checkIn: 2000 }),
        job([]),
      ];
      for (const one of [later, sooner, never]) await store.take(one);
      assert.deepEqual(await store.due(10, 1000), []);
      await sleep(2500);
      const [mine, theirs] = await Promise.all([store.due(10, 2000), other.due(10, 2000)]);
      const ids = [...mine, ...theirs].map(({ id }) => id);
      assert.deepEqual(ids.toSorted(), [later.id, sooner.id].toSorted());
      assert.deepEqual(await store.due(10, 700), []);
      await sleep(2300);
      assert.deepEqual((await store.due(1, 60_000)).length, 1);
      assert.deepEqual((await store.due(10, 60_000)).length, 1);
    },
  ],
  [
    "a job that is over is not looked at again, unless told",
    async ({ store }) => {
      const jobs = [job([], { checkIn: 50 }), job([], { checkIn: 50 }), job([], { checkIn: 50 })];
      for (const one of jobs) await store.take(one);
      const [charged, called, estimated] = jobs.map(({ id }) => id) as [string, string, string];
      await store.advance(charged, { state: "charged" });
      await store.advance(called, { state: "void" });
      await store.advance(estimated, { state: "estimated" });
      await sleep(400);
      assert.deepEqual(
        (await store.due(10, 60_000)).map(({ id }) => id),
        [estimated],
      );
      await store.advance(estimated, { checkIn: 50 });
      await sleep(400);
      assert.deepEqual(
        (await store.due(10, 60_000)).map(({ id }) => id),
        [estimated],
      );
      await store.advance(estimated, { checkIn: null });
      await store.advance(charged, { checkIn: 50 });
      await sleep(400);
      assert.deepEqual(await store.due(10, 60_000), []);
    },
  ],
  [
    "a job is handed out whole",
    async ({ store }) => {
      const taken = job(
        [spend(3n, 9n, { bucket: "a|usd|1" }), place(2n, { bucket: "a|places|" })],
        {
          checkIn: 1,
          dedupe: "key",
          price: '{"unitPrice":"0.04"}',
        },
      );
      await store.take(taken);
      await store.advance(taken.id, { requestId: "r" });
      await sleep(300);
      const [found] = await store.due(10, 60_000);
      const { born, checkAt, ...rest } = found as NonNullable<typeof found>;
      assert.ok(Math.abs(born - Date.now()) < 60_000 && checkAt !== undefined && checkAt > born);
      assert.deepEqual(JSON.parse(JSON.stringify(rest, shown)), {
        id: taken.id,
        hash: "h",
        owner: "/42",
        account: "main",
        endpoint: "fal-ai/flux/dev",
        operation: "submit",
        dedupe: "key",
        requestId: "r",
        state: "open",
        price: '{"unitPrice":"0.04"}',
        bookings: [
          { bucket: "a|usd|1", kind: "spend", amount: "3n", booked: "3n" },
          { bucket: "a|places|", kind: "place", amount: "1n", booked: "1n" },
        ],
      });
    },
  ],
];
