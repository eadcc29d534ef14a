/** Entries, overrides, and forgetting. */
import assert from "node:assert/strict";
import { count, isOk, job, NOTHING, place, seen, sleep, spend, type StoreCase } from "../claims.ts";

export const operating: readonly StoreCase[] = [
  [
    "an entry counts once, whatever delivers it again, and beside racing spends",
    async ({ store, other }) => {
      const purse = spend(0n, 0n, {
        bucket: "user/42|credits|",
        from: undefined,
        until: undefined,
      });
      const top = { id: "evt_1", purse, amount: 50n, why: "top-up" };
      const [entered, taken] = await Promise.all([
        Promise.all([store.enter(top), other.enter(top), store.enter(top)]),
        Promise.all(
          Array.from({ length: 30 }, (_, index) =>
            (index % 2 ? store : other).take(job([{ ...purse, amount: 1n }])),
          ),
        ),
      ]);
      assert.equal(entered.filter(Boolean).length, 1);
      const passed = taken.filter(isOk).length;
      assert.equal((await seen(store, purse)).used, BigInt(passed) - 50n);
      // Balance: what was entered less what was taken.
      for (let left = 50 - passed; left > 0; left--)
        assert.ok(isOk(await store.take(job([{ ...purse, amount: 1n }]))));
      assert.ok("refused" in (await store.take(job([{ ...purse, amount: 1n }]))));
      assert.deepEqual(await seen(store, purse), { used: 0n, held: 50n });
    },
  ],
  [
    "an entry's id stands for one amount and purse",
    async ({ store }) => {
      const purse = spend(0n, 0n, {
        bucket: "user/42|credits|",
        from: undefined,
        until: undefined,
      });
      assert.equal(await store.enter({ id: "e", purse, amount: 5n }), true);
      assert.equal(await store.enter({ id: "e", purse, amount: 5n }), false);
      await assert.rejects(store.enter({ id: "e", purse, amount: 6n }), /another amount or purse/);
      await assert.rejects(
        store.enter({ id: "e", purse: { ...purse, bucket: "user/43|credits|" }, amount: 5n }),
      );
      await assert.rejects(store.enter({ id: "", purse, amount: 5n }), /needs an id/);
      // A correction takes back, past nothing if need be.
      assert.equal(await store.enter({ id: "f", purse, amount: -7n }), true);
      assert.equal((await seen(store, purse)).used, 2n);
    },
  ],
  [
    "an override stands in the place of a limit while it lasts",
    async ({ store, other }) => {
      const claim = spend(5n, 10n, { bucket: "user/42|usd|1", guard: "usd" });
      const fits = async (): Promise<boolean> => isOk(await other.take(job([claim])));
      assert.ok((await fits()) && (await fits()) && !(await fits()));
      await store.override({ subject: "user/42", guard: "usd", limit: 15n });
      assert.ok((await fits()) && !(await fits()));
      assert.equal((await other.look({ buckets: [claim] })).buckets[0]?.override, 15n);
      await store.override({ subject: "user/42", guard: "usd", limit: "none" });
      assert.ok((await fits()) && (await fits()));
      assert.equal((await other.look({ buckets: [claim] })).buckets[0]?.override, "none");
      await store.override({ subject: "user/42", guard: "usd", limit: undefined });
      assert.ok(!(await fits()));
      await store.override({ subject: "user/43", guard: "usd", limit: "none" });
      await store.override({ subject: "user/42", guard: "other", limit: "none" });
      assert.ok(!(await fits()));
      await store.override({
        subject: "user/42",
        guard: "usd",
        limit: "none",
        until: Date.now() + 2000,
      });
      assert.ok(await fits());
      await sleep(2300);
      assert.ok(!(await fits()));
    },
  ],
  [
    "a subject is blocked without any budget",
    async ({ store }) => {
      const zero = count(undefined, {
        bucket: "user/42||",
        guard: "",
        amount: 0n,
        from: undefined,
        until: undefined,
      });
      assert.ok(isOk(await store.take(job([zero]))));
      await store.override({ subject: "user/42", limit: -1n });
      const refused = await store.take(job([zero]));
      assert.ok("refused" in refused && refused.limit === -1n);
      await store.override({ subject: "user/42", limit: undefined });
      assert.ok(isOk(await store.take(job([zero]))));
    },
  ],
  [
    "who is forgotten owns nothing, and what was used stays with everybody's",
    async ({ store }) => {
      const own = spend(5n, 10n, { bucket: "user/42|usd|1" });
      const all = spend(5n, 99n, { bucket: "all|usd|1", subject: "all", rank: 9 });
      const near = spend(5n, 10n, { bucket: "user/423|usd|1", subject: "user/423" });
      const held = place(3n, { bucket: "user/42|places|" });
      const [open, ended, others] = [
        job([own, held, all]),
        job([own, all]),
        job([near, all], { owner: "/423" }),
      ];
      for (const one of [open, ended, others]) assert.ok(isOk(await store.take(one)));
      await store.advance(open.id, { requestId: "r-1" });
      await store.advance(ended.id, { state: "charged", requestId: "r-2" });
      await store.override({ subject: "user/42", guard: "usd", limit: 99n });
      await store.forget("/42", "user/42");
      for (const requestId of ["r-1", "r-2"])
        assert.equal((await store.look({ requestId })).job?.owner, "");
      assert.deepEqual((await store.look({ buckets: [own] })).buckets, [
        { used: 0n, held: 0n, override: undefined },
      ]);
      assert.deepEqual(await seen(store, held), NOTHING);
      assert.deepEqual(await seen(store, near), { used: 5n, held: 5n });
      assert.equal((await store.look({ id: others.id })).job?.owner, "/423");
      // What was open is settled where it still stands.
      assert.equal(
        (await store.advance(open.id, { state: "charged", amounts: [7n, 0n, 7n] })).won,
        true,
      );
      assert.deepEqual(await seen(store, own), NOTHING);
      assert.deepEqual(await seen(store, all), { used: 17n, held: 5n });
    },
  ],
];
