/** Places: leases that end by themselves. */
import assert from "node:assert/strict";
import type { Claim } from "../../store.ts";
import { isOk, job, NOTHING, place, seen, sleep, spend, type StoreCase } from "../claims.ts";

export const places: readonly StoreCase[] = [
  [
    "a place is free again when its job is over, or says so, or its lease has ended",
    async ({ store }) => {
      const claim = (lease: number): Claim => place(1n, { bucket: "a|places|", lease });
      const first = job([claim(60_000)]);
      assert.ok(isOk(await store.take(first)));
      assert.ok("refused" in (await store.take(job([claim(60_000)]))));
      await store.advance(first.id, { state: "charged" });
      const second = job([spend(5n, 9n, { bucket: "a|usd|1" }), claim(60_000)]);
      assert.ok(isOk(await store.take(second)));
      await store.advance(second.id, { free: true });
      // The money waits.
      assert.equal((await store.look({ id: second.id })).job?.state, "open");
      assert.deepEqual(await seen(store, spend(0n, 9n, { bucket: "a|usd|1" })), {
        used: 5n,
        held: 5n,
      });
      assert.ok(isOk(await store.take(job([claim(1500)]))));
      assert.ok("refused" in (await store.take(job([claim(60_000)]))));
      await sleep(1700);
      assert.deepEqual(await seen(store, claim(0)), NOTHING);
      assert.ok(isOk(await store.take(job([claim(60_000)]))));
    },
  ],
  [
    "a place can be kept beyond a state, and void gives it back unless told",
    async ({ store }) => {
      const claim = place(1n, { bucket: "a|places|" });
      const [streaming, called] = [job([claim]), job([claim])];
      await store.take(streaming);
      await store.advance(streaming.id, { state: "charged", free: false });
      assert.equal((await seen(store, claim)).used, 1n);
      assert.equal((await store.advance(streaming.id, { free: true })).job?.state, "charged");
      assert.deepEqual(await seen(store, claim), NOTHING);
      await store.take(called);
      await store.advance(called.id, { state: "void" });
      assert.deepEqual(await seen(store, claim), NOTHING);
    },
  ],
  [
    "a lease is made longer while its job runs",
    async ({ store }) => {
      const claim = place(1n, { bucket: "a|places|", lease: 300 });
      const running = job([claim]);
      await store.take(running);
      await store.advance(running.id, { lease: 60_000 });
      await sleep(400);
      assert.equal((await seen(store, claim)).used, 1n);
      assert.ok("refused" in (await store.take(job([claim]))));
      // A place that was given back is not had again by it.
      await store.advance(running.id, { free: true });
      await store.advance(running.id, { lease: 60_000 });
      assert.deepEqual(await seen(store, claim), NOTHING);
    },
  ],
  [
    "a take that is refused for something else has not kept a place of one that ended",
    async ({ store }) => {
      const claim = (lease: number): Claim => place(1n, { bucket: "a|places|", lease });
      await store.take(job([claim(100)]));
      await sleep(200);
      assert.ok(
        "refused" in (await store.take(job([claim(60_000), spend(2n, 1n, { bucket: "a|usd|1" })]))),
      );
      assert.deepEqual(await seen(store, claim(0)), NOTHING);
      assert.ok(isOk(await store.take(job([claim(60_000)]))));
    },
  ],
];
