/** Many at once. */
import assert from "node:assert/strict";
import { count, isOk, job, place, rolling, seen, spend, type StoreCase } from "../claims.ts";

export const racing: readonly StoreCase[] = [
  [
    "128 at once against room for ten: ten pass, five times, for every kind of claim",
    async ({ store, other }) => {
      for (let round = 0; round < 5; round++) {
        for (const claim of [
          spend(10n, 100n, { bucket: `all|usd|${round}`, rank: 9 }),
          count(10n, { bucket: `all|calls|${round}`, rank: 9 }),
          place(10n, { bucket: `all|places|${round}`, rank: 9 }),
          rolling(10n, 100n, 600_000, { bucket: `all|usd 10m|${round}`, rank: 9 }),
        ]) {
          const answers = await Promise.all(
            Array.from({ length: 128 }, (_, index) => {
              const own = count(undefined, { bucket: `user/${index % 7}|calls|${round}` });
              return (index % 2 ? store : other).take(job([own, claim]));
            }),
          );
          assert.equal(answers.filter(isOk).length, 10, claim.bucket);
          assert.equal(answers.filter((answer) => "refused" in answer).length, 118, claim.bucket);
        }
        let own = 0n;
        for (let user = 0; user < 7; user++) {
          own += (await seen(store, count(0n, { bucket: `user/${user}|calls|${round}` }))).used;
        }
        assert.equal(own, 40n, "calls of those who passed");
      }
    },
  ],
  [
    "calls that share buckets never wait for one another in a ring",
    async ({ store, other }) => {
      const buckets = ["all|usd|1", "team/1|usd|1", "user/1|usd|1", "user/2|usd|1"];
      const rank = (bucket: string): number =>
        bucket.startsWith("user") ? 0 : bucket.startsWith("team") ? 1 : 9;
      const jobs = Array.from({ length: 120 }, (_, index) =>
        job(
          // In another order each time.
          buckets
            .map((_bucket, at) => buckets[(at * (index % 2 ? 1 : 3) + index) % 4] as string)
            .map((bucket) => spend(1n, undefined, { bucket, rank: rank(bucket) })),
        ),
      );
      const answers = await Promise.all(
        jobs.map((one, index) => (index % 2 ? store : other).take(one)),
      );
      assert.equal(answers.filter(isOk).length, 120);
      await Promise.all(
        jobs.map(({ id }, index) =>
          (index % 2 ? other : store).advance(id, { state: index % 3 ? "charged" : "void" }),
        ),
      );
      for (const bucket of buckets) {
        assert.deepEqual(await seen(store, spend(0n, 0n, { bucket })), { used: 80n, held: 0n });
      }
    },
  ],
];
