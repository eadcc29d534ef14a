/** Taking: all or none, judged from the first call on, exactly. */
import assert from "node:assert/strict";
import { StoreUnavailable, type Claim } from "../../store.ts";
import {
  count,
  freshId,
  isOk,
  job,
  NOTHING,
  place,
  rolling,
  seen,
  spend,
  type StoreCase,
} from "../claims.ts";

export const taking: readonly StoreCase[] = [
  [
    "a take books every claim, and says what stands then",
    async ({ store }) => {
      const claims = [
        spend(30n, 100n, { bucket: "a|usd|1" }),
        count(5n, { bucket: "a|calls|1" }),
        place(2n, { bucket: "a|places|" }),
      ];
      assert.deepEqual(await store.take(job(claims)), {
        ok: true,
        buckets: [
          { used: 30n, held: 30n, override: undefined },
          { used: 1n, held: 0n, override: undefined },
          { used: 1n, held: 1n, override: undefined },
        ],
      });
      assert.deepEqual(await seen(store, claims[0] as Claim), { used: 30n, held: 30n });
      assert.deepEqual(await seen(store, claims[1] as Claim), { used: 1n, held: 0n });
      assert.deepEqual(await seen(store, claims[2] as Claim), { used: 1n, held: 1n });
    },
  ],
  [
    "what fills a limit passes, and the least beyond does not",
    async ({ store }) => {
      const bucket = { bucket: "a|usd|1" };
      assert.ok(isOk(await store.take(job([spend(99n, 100n, bucket)]))));
      assert.ok(isOk(await store.take(job([spend(1n, 100n, bucket)]))));
      const refused = await store.take(job([spend(1n, 100n, bucket)]));
      assert.ok("refused" in refused);
      const { refused: index, used, held, limit } = refused;
      assert.deepEqual(
        { index, used, held, limit },
        { index: 0, used: 100n, held: 100n, limit: 100n },
      );
    },
  ],
  [
    "the first call of a bucket is judged too",
    async ({ store }) => {
      for (const claim of [
        spend(101n, 100n, { bucket: "a|usd|1" }),
        count(0n, { bucket: "a|calls|1" }),
        place(0n, { bucket: "a|places|" }),
        rolling(101n, 100n, 60_000, { bucket: "a|usd 1m|" }),
      ]) {
        assert.ok("refused" in (await store.take(job([claim]))), claim.bucket);
        assert.deepEqual(await seen(store, claim), NOTHING, claim.bucket);
      }
    },
  ],
  [
    "a take that is refused takes nothing anywhere, whichever claim it was",
    async ({ store }) => {
      const fit = (): Claim[] => [
        spend(1n, 100n, { bucket: "a|usd|1" }),
        count(100n, { bucket: "a|calls|1" }),
        place(100n, { bucket: "a|places|" }),
        rolling(1n, 100n, 60_000, { bucket: "a|usd 1m|" }),
        spend(1n, 100n, { bucket: "all|usd|1", subject: "all", rank: 9 }),
      ];
      for (const [index, claim] of fit().entries()) {
        const claims = fit().with(index, { ...claim, limit: 0n });
        const taken = job(claims, { dedupe: freshId() });
        const refused = await store.take(taken);
        assert.equal("refused" in refused && refused.refused, index);
        for (const one of claims) assert.deepEqual(await seen(store, one), NOTHING, one.bucket);
        assert.deepEqual(await store.look({ id: taken.id }), { job: undefined, buckets: [] });
        // Its key is free, and so is its id.
        assert.ok(isOk(await store.take({ ...taken, claims: [] })));
      }
    },
  ],
  [
    "no limit counts and never refuses",
    async ({ store }) => {
      const claim = spend(7n, undefined, { bucket: "a|usd|1" });
      for (let round = 0; round < 3; round++) assert.ok(isOk(await store.take(job([claim]))));
      assert.deepEqual(await seen(store, claim), { used: 21n, held: 21n });
    },
  ],
  [
    "amounts are exact up to nine million dollars in billionths",
    async ({ store }) => {
      const claim = (amount: bigint): Claim =>
        spend(amount, 9_000_000_000_000_000n, { bucket: "a|usd|1" });
      assert.ok(isOk(await store.take(job([claim(8_999_999_999_999_998n)]))));
      assert.ok(isOk(await store.take(job([claim(1n)]))));
      assert.equal((await seen(store, claim(0n))).used, 8_999_999_999_999_999n);
      const refused = await store.take(job([claim(2n)]));
      assert.ok("refused" in refused && refused.used === 8_999_999_999_999_999n);
      assert.ok(isOk(await store.take(job([claim(1n)]))));
    },
  ],
  [
    "a window that is over or has not begun is not booked in, by more than a minute",
    async ({ store }) => {
      const now = Date.now();
      for (const window of [
        { from: now - 7_200_000, until: now - 120_000 },
        { from: now + 120_000, until: now + 7_200_000 },
      ]) {
        const claim = spend(1n, 100n, { bucket: "a|usd|1", ...window });
        await assert.rejects(
          store.take(job([claim])),
          (error) => error instanceof StoreUnavailable && error.trouble === "clock",
        );
        assert.deepEqual(await seen(store, claim), NOTHING);
      }
      const nearly = { from: now - 7_200_000, until: now - 10_000 };
      assert.ok(isOk(await store.take(job([spend(1n, 100n, { bucket: "a|usd|2", ...nearly })]))));
    },
  ],
  [
    "names may hold anything",
    async ({ store }) => {
      const names = [
        "}",
        "{a}",
        "a'b\"c",
        "a\\b",
        "ü€😀",
        "%25",
        "a b\tc",
        "*",
        "[x]",
        "a:b",
        "$1",
        "x".repeat(300),
      ];
      for (const name of names) {
        const claims = [
          spend(1n, 1n, { bucket: `${name}|usd|1`, subject: name }),
          place(1n, { bucket: `${name}|places|`, subject: name }),
          rolling(1n, 1n, 60_000, { bucket: `${name}|usd 1m|`, subject: name }),
        ];
        const taken = job(claims, { owner: name, dedupe: name, endpoint: name, price: name });
        assert.ok(isOk(await store.take(taken)), name);
        await store.advance(taken.id, { requestId: name, outcome: name });
        const { job: found } = await store.look({ requestId: name });
        assert.equal(found?.id, taken.id, name);
        assert.deepEqual(
          [found?.owner, found?.endpoint, found?.price, found?.outcome],
          [name, name, name, name],
        );
        for (const claim of claims) assert.equal((await seen(store, claim)).used, 1n, name);
      }
    },
  ],
];
