/** Once: an id, and a dedupe key, stand for one job. */
import assert from "node:assert/strict";
import type { Claim } from "../../store.ts";
import { freshId, isOk, job, NOTHING, place, seen, spend, type StoreCase } from "../claims.ts";

export const once: readonly StoreCase[] = [
  [
    "the same id again is the same job, and books once",
    async ({ store, other }) => {
      const claim = spend(30n, 100n, { bucket: "a|usd|1" });
      const taken = job([claim]);
      assert.ok(isOk(await store.take(taken)));
      const again = await other.take(taken);
      assert.ok("replay" in again && again.replay.id === taken.id && again.replay.state === "open");
      assert.deepEqual(await store.take({ ...taken, hash: "other" }), { conflict: true });
      assert.equal((await seen(store, claim)).used, 30n);
    },
  ],
  [
    "the same id sixteen times at once books once",
    async ({ store, other }) => {
      const claims = [spend(30n, 100n, { bucket: "a|usd|1" }), place(3n, { bucket: "a|places|" })];
      const taken = job(claims);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => (index % 2 ? store : other).take(taken)),
      );
      assert.equal(answers.filter(isOk).length, 1);
      assert.equal(answers.filter((answer) => "replay" in answer).length, 15);
      assert.equal((await seen(store, claims[0] as Claim)).used, 30n);
      assert.equal((await seen(store, claims[1] as Claim)).used, 1n);
    },
  ],
  [
    "a dedupe key that is in use answers with the job it stands for",
    async ({ store, other }) => {
      const claim = spend(30n, 100n, { bucket: "a|usd|1" });
      const first = job([claim], { dedupe: "key" });
      assert.ok(isOk(await store.take(first)));
      const twin = await other.take(job([claim], { dedupe: "key" }));
      assert.ok("replay" in twin && twin.replay.id === first.id);
      const another = await other.take(job([claim], { dedupe: "key", hash: "other" }));
      assert.deepEqual(another, { conflict: true });
      assert.equal((await seen(store, claim)).used, 30n);
      await store.advance(first.id, { state: "charged" });
      assert.ok("replay" in (await store.take(job([claim], { dedupe: "key" }))));
    },
  ],
  [
    "void gives a dedupe key back",
    async ({ store }) => {
      const first = job([], { dedupe: "key" });
      await store.take(first);
      await store.advance(first.id, { state: "void" });
      const second = job([], { dedupe: "key", hash: "other" });
      assert.ok(isOk(await store.take(second)));
      const third = await store.take(job([], { dedupe: "key", hash: "other" }));
      assert.ok("replay" in third && third.replay.id === second.id);
      // The one that was called off does not free it again.
      await store.advance(first.id, { state: "void" });
      assert.ok("replay" in (await store.take(job([], { dedupe: "key", hash: "other" }))));
    },
  ],
  [
    "of sixteen with one dedupe key at once, one passes",
    async ({ store, other }) => {
      const claim = spend(1n, 100n, { bucket: "a|usd|1" });
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          (index % 2 ? store : other).take(job([claim], { dedupe: "key" })),
        ),
      );
      assert.equal(answers.filter(isOk).length, 1);
      const ids = answers.flatMap((answer) => ("replay" in answer ? [answer.replay.id] : []));
      assert.equal(ids.length, 15);
      assert.equal(new Set(ids).size, 1);
      assert.equal((await seen(store, claim)).used, 1n);
    },
  ],
  [
    "a job that is called off before it came does not pass when it comes",
    async ({ store }) => {
      const claim = spend(30n, 100n, { bucket: "a|usd|1" });
      const taken = job([claim]);
      assert.equal((await store.advance(taken.id, { state: "void" })).won, true);
      const late = await store.take(taken);
      assert.ok("replay" in late && late.replay.state === "void");
      assert.deepEqual(await seen(store, claim), NOTHING);
    },
  ],
  [
    "of an id that nobody knows, nothing else is remembered",
    async ({ store }) => {
      const id = freshId();
      for (const change of [
        { state: "charged", amounts: [5n] },
        { requestId: "r" },
        { tell: 1000 },
      ] as const) {
        const { won, job: found } = await store.advance(id, change);
        assert.deepEqual([won, found], [false, undefined]);
      }
      assert.equal((await store.look({ id })).job, undefined);
      assert.equal((await store.look({ requestId: "r" })).job, undefined);
      assert.ok(isOk(await store.take(job([], { id }))));
    },
  ],
];
