/** Settling: what is learnt later books the difference, once for each state. */
import assert from "node:assert/strict";
import type { Claim } from "../../store.ts";
import {
  count,
  job,
  NOTHING,
  place,
  rolling,
  seen,
  sleep,
  spend,
  type StoreCase,
} from "../claims.ts";

export const settling: readonly StoreCase[] = [
  [
    "what is learnt books the difference: estimated, then charged",
    async ({ store }) => {
      const claims = [
        spend(30n, 100n, { bucket: "a|usd|1" }),
        spend(1n, 10n, { bucket: "a|credits|" }),
      ];
      const taken = job(claims);
      await store.take(taken);
      assert.equal(
        (await store.advance(taken.id, { state: "estimated", amounts: [40n, 0n] })).won,
        true,
      );
      assert.deepEqual(await seen(store, claims[0] as Claim), { used: 40n, held: 0n });
      assert.deepEqual(await seen(store, claims[1] as Claim), NOTHING);
      const { won, job: ended } = await store.advance(taken.id, {
        state: "charged",
        amounts: [25n, 2n],
        units: "2.5",
        status: 200,
        outcome: "completed",
      });
      assert.equal(won, true);
      assert.deepEqual(await seen(store, claims[0] as Claim), { used: 25n, held: 0n });
      assert.deepEqual(await seen(store, claims[1] as Claim), { used: 2n, held: 0n });
      assert.deepEqual(
        ended?.bookings.map(({ amount, booked }) => [amount, booked]),
        [
          [30n, 25n],
          [1n, 2n],
        ],
      );
      assert.deepEqual(
        [ended?.state, ended?.units, ended?.status, ended?.outcome],
        ["charged", "2.5", 200, "completed"],
      );
    },
  ],
  [
    "a true bill above the limit is booked, and the next call does not pass",
    async ({ store }) => {
      const claim = spend(30n, 100n, { bucket: "a|usd|1" });
      const taken = job([claim]);
      await store.take(taken);
      await store.advance(taken.id, { state: "charged", amounts: [150n] });
      assert.deepEqual(await seen(store, claim), { used: 150n, held: 0n });
      assert.ok("refused" in (await store.take(job([{ ...claim, amount: 0n }]))));
    },
  ],
  [
    "void gives everything back, and what is charged stays",
    async ({ store }) => {
      const claims = [
        spend(30n, 100n, { bucket: "a|usd|1" }),
        count(5n, { bucket: "a|calls|1" }),
        place(2n, { bucket: "a|places|" }),
        rolling(3n, 9n, 60_000, { bucket: "a|usd 1m|" }),
      ];
      const [called, charged] = [job(claims), job(claims)];
      await store.take(called);
      await store.take(charged);
      await store.advance(called.id, { state: "void" });
      await store.advance(charged.id, { state: "charged" });
      const stand = await Promise.all(claims.map((claim) => seen(store, claim)));
      assert.deepEqual(stand, [
        { used: 30n, held: 0n },
        { used: 1n, held: 0n },
        NOTHING,
        { used: 3n, held: 0n },
      ]);
    },
  ],
  [
    "a state never falls, and is reached once",
    async ({ store }) => {
      const claim = spend(30n, 100n, { bucket: "a|usd|1" });
      const taken = job([claim]);
      await store.take(taken);
      await store.advance(taken.id, { state: "charged", amounts: [20n], units: "2", status: 200 });
      for (const change of [
        { state: "void" },
        { state: "charged", amounts: [99n] },
        { state: "estimated", amounts: [99n] },
      ] as const) {
        const { won, job: found } = await store.advance(taken.id, {
          ...change,
          units: "9",
          status: 500,
        });
        assert.deepEqual(
          [won, found?.state, found?.units, found?.status],
          [false, "charged", "2", 200],
        );
      }
      assert.deepEqual(await seen(store, claim), { used: 20n, held: 0n });
    },
  ],
  [
    "of many that settle a job at once, one wins",
    async ({ store, other }) => {
      for (let round = 0; round < 5; round++) {
        const claim = spend(10n, undefined, { bucket: `a|usd|${round}` });
        const taken = job([claim]);
        await store.take(taken);
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            (index % 2 ? store : other).advance(
              taken.id,
              index % 3 === 0 ? { state: "void" } : { state: "charged", amounts: [BigInt(index)] },
            ),
          ),
        );
        assert.equal(answers.filter(({ won }) => won).length, 1);
        const { job: found } = await store.look({ id: taken.id });
        assert.deepEqual(await seen(store, claim), { used: found?.bookings[0]?.booked, held: 0n });
      }
    },
  ],
  [
    "a request id is bound once, and finds its job",
    async ({ store, other }) => {
      const [one, two] = [job([], { owner: "/1" }), job([], { owner: "/2" })];
      await store.take(one);
      await store.take(two);
      assert.equal((await store.advance(one.id, { requestId: "r-1" })).won, true);
      assert.equal((await other.advance(one.id, { requestId: "r-1" })).won, true);
      assert.equal((await store.advance(one.id, { requestId: "r-2" })).won, false);
      assert.equal((await store.advance(two.id, { requestId: "r-1" })).won, false);
      assert.equal((await other.look({ requestId: "r-1" })).job?.owner, "/1");
      assert.equal((await store.look({ requestId: "r-2" })).job, undefined);
      await store.advance(one.id, { state: "charged" });
      assert.equal((await store.look({ requestId: "r-1" })).job?.state, "charged");
      // Late, but true: a job that ended has a request id nonetheless.
      await store.advance(two.id, { state: "estimated", requestId: "r-3" });
      assert.equal((await store.look({ requestId: "r-3" })).job?.id, two.id);
    },
  ],
  [
    "the right to tell the app is had by one at a time, and by nobody once it was told",
    async ({ store, other }) => {
      const taken = job([]);
      await store.take(taken);
      await store.advance(taken.id, { state: "charged" });
      const answers = await Promise.all(
        [store, other, store, other].map((one) => one.advance(taken.id, { tell: 2000 })),
      );
      assert.equal(answers.filter(({ won }) => won).length, 1);
      await sleep(2200);
      assert.equal((await other.advance(taken.id, { tell: 60_000 })).won, true);
      assert.equal((await store.advance(taken.id, { tell: 60_000 })).won, false);
      await other.advance(taken.id, { tell: "done" });
      assert.equal((await store.advance(taken.id, { tell: 1 })).won, false);
      assert.equal((await store.look({ id: taken.id })).job?.told, "done");
    },
  ],
  [
    "looking makes nothing",
    async ({ store }) => {
      const claim = spend(1n, 1n, { bucket: "a|usd|1" });
      assert.deepEqual(await store.look({ id: "x", buckets: [claim] }), {
        job: undefined,
        buckets: [{ used: 0n, held: 0n, override: undefined }],
      });
      assert.deepEqual(await store.look({ requestId: "x" }), { job: undefined, buckets: [] });
      assert.deepEqual(await store.look({}), { job: undefined, buckets: [] });
      assert.equal((await store.advance("x", { state: "charged" })).won, false);
    },
  ],
];
