/** Rolling windows: never over, and honest about when there is room. */
import assert from "node:assert/strict";
import { isOk, job, NOTHING, rolling, seen, sleep, type StoreCase } from "../claims.ts";

export const rollingWindows: readonly StoreCase[] = [
  [
    "a rolling window is never over its limit, lets through again what has left it, and says when",
    async ({ store }) => {
      const ms = 1600;
      const claim = rolling(1n, 4n, ms, { bucket: "a|usd 1m|" });
      const passed: number[] = [];
      const until = Date.now() + 4000;
      let promised: number | undefined;
      while (Date.now() < until) {
        const before = Date.now();
        const taken = await store.take(job([claim]));
        if (isOk(taken)) {
          // Not before it was said, by more than the clocks' grain.
          if (promised !== undefined)
            assert.ok(before >= promised - 60, `${promised - before} ms early`);
          promised = undefined;
          passed.push(Date.now());
        } else if ("refused" in taken) {
          assert.ok(
            taken.after !== undefined && taken.after > 0 && taken.after <= ms * 1.2,
            `after ${taken.after}`,
          );
          promised ??= before + taken.after;
          if (before < promised - 150) await sleep(100);
        }
        await sleep(10);
      }
      for (const [index, time] of passed.entries()) {
        const within = passed.slice(index).filter((one) => one < time + ms - 60).length;
        assert.ok(within <= 4, `${within} within ${ms} ms`);
      }
      assert.ok(passed.length >= 8, `only ${passed.length} passed`);
    },
  ],
  [
    "a job is settled in the slot that it was booked in, and not at all once that is gone",
    async ({ store }) => {
      const claim = rolling(3n, 10n, 2000, { bucket: "a|usd 1m|" });
      const [soon, late] = [job([claim]), job([claim])];
      await store.take(soon);
      await store.take(late);
      await store.advance(soon.id, { state: "charged", amounts: [5n] });
      assert.deepEqual(await seen(store, claim), { used: 8n, held: 3n });
      await sleep(2600);
      assert.deepEqual(await seen(store, claim), NOTHING);
      assert.equal((await store.advance(late.id, { state: "charged", amounts: [9n] })).won, true);
      assert.deepEqual(await seen(store, claim), NOTHING);
      assert.equal((await store.look({ id: late.id })).job?.bookings[0]?.booked, 9n);
    },
  ],
  [
    "what no time can make fit has no time",
    async ({ store }) => {
      const refused = await store.take(job([rolling(5n, 4n, 60_000, { bucket: "a|usd 1m|" })]));
      assert.ok("refused" in refused && refused.after === undefined);
    },
  ],
];
