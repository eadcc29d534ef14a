/** Seeded histories beside a model that is plain enough to be believed: every answer and every bucket must agree. */
import assert from "node:assert/strict";
import { RANK, type Change, type Claim, type JobState, type NewJob, type Store } from "../store.ts";
import { freshId, job } from "./claims.ts";

/** @param seed the same one gives the same history */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Known {
  readonly hash: string;
  readonly dedupe: string | undefined;
  readonly claims: readonly Claim[];
  booked: bigint[];
  state: JobState;
  requestId?: string;
}

/** What a store is, said with nothing but sums over jobs. */
class Model {
  readonly jobs = new Map<string, Known>();

  sum(bucket: string, what: (job: Known, index: number) => bigint): bigint {
    let sum = 0n;
    for (const known of this.jobs.values()) {
      for (const [index, claim] of known.claims.entries()) {
        if (claim.bucket === bucket) sum += what(known, index);
      }
    }
    return sum;
  }
  used(bucket: string): bigint {
    return this.sum(bucket, ({ booked }, index) => booked[index] as bigint);
  }
  held(bucket: string): bigint {
    return this.sum(bucket, ({ booked, claims, state }, index) =>
      claims[index]?.kind === "place" || (claims[index]?.kind === "spend" && state === "open")
        ? (booked[index] as bigint)
        : 0n,
    );
  }
  take({ id, hash, dedupe, claims }: NewJob): string {
    const twin = [...this.jobs].find(
      ([, known]) => dedupe !== undefined && known.dedupe === dedupe && known.state !== "void",
    );
    const known = this.jobs.get(id) ?? twin?.[1];
    if (known)
      return known.hash === hash || known.hash === "" ? `replay ${known.state}` : "conflict";
    const at = claims.findIndex(
      ({ bucket, amount, limit }) => limit !== undefined && this.used(bucket) + amount > limit,
    );
    if (at >= 0) return `refused`;
    this.jobs.set(id, {
      hash,
      dedupe,
      claims,
      booked: claims.map(({ amount }) => amount),
      state: "open",
    });
    return "ok";
  }
  advance(id: string, { state: given, amounts, requestId, free }: Change): boolean {
    const state: JobState = given ?? "open";
    const known = this.jobs.get(id);
    if (known === undefined) {
      if (state === "void")
        this.jobs.set(id, { hash: "", dedupe: undefined, claims: [], booked: [], state });
      return state === "void";
    }
    const taken = [...this.jobs.values()].some((one) => one.requestId === requestId);
    if (requestId !== undefined && known.requestId === undefined && !taken)
      known.requestId = requestId;
    const rises = RANK[state] > RANK[known.state];
    known.booked = known.booked.map((booked, index) => {
      if (known.claims[index]?.kind === "place") return (free ?? rises) ? 0n : booked;
      return rises ? (amounts?.[index] ?? (state === "void" ? 0n : booked)) : booked;
    });
    if (rises) known.state = state;
    return state === "open" ? requestId === undefined || known.requestId === requestId : rises;
  }
}

const BUCKETS = [
  { bucket: "user/1|usd|1", kind: "spend", limit: 60n, rank: 0 },
  { bucket: "user/2|usd|1", kind: "spend", limit: 60n, rank: 0 },
  { bucket: "user/1|calls|1", kind: "count", limit: 9n, rank: 0 },
  { bucket: "user/1|places|", kind: "place", limit: 3n, rank: 1 },
  { bucket: "all|usd|1", kind: "spend", limit: 150n, rank: 9 },
] as const;

/**
 * Walks a store and the model through one history.
 *
 * @param stores objects over one state
 * @throws AssertionError that names the seed and the step
 */
export async function playHistory(
  stores: readonly Store[],
  seed: number,
  steps: number,
): Promise<void> {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const model = new Model();
  const unknown = Array.from({ length: 5 }, freshId);
  const taken: NewJob[] = [];
  for (let step = 0; step < steps; step++) {
    const at = `seed ${seed}, step ${step}`;
    const store = pick(stores);
    const kind = random(10);
    if (kind < 4 || taken.length === 0) {
      const claims = BUCKETS.filter(() => random(3) > 0).map((given): Claim => ({
        ...given,
        guard: "g",
        subject: "s",
        amount: given.kind === "spend" ? BigInt(random(20)) : 1n,
        ...(given.kind === "place" && { lease: 3_600_000 }),
      }));
      const again = random(6) === 0 ? pick(taken) : undefined;
      const one =
        again ??
        job(claims, {
          hash: `h${random(2)}`,
          ...(random(3) === 0 && { dedupe: `k${random(4)}` }),
          ...(random(8) === 0 && { id: pick(unknown) }),
        });
      const expected = model.take(one);
      const answer = await store.take(one);
      const got =
        "ok" in answer
          ? "ok"
          : "replay" in answer
            ? `replay ${answer.replay.state}`
            : "conflict" in answer
              ? "conflict"
              : "refused";
      assert.equal(got, expected, at);
      if (got === "ok") taken.push(one);
    } else {
      const id = random(8) === 0 ? pick(unknown) : pick(taken).id;
      const claims = model.jobs.get(id)?.claims ?? [];
      const change: Change = {
        state: pick([undefined, "estimated", "charged", "void"] as const),
        ...(random(2) === 0 && {
          amounts: claims.map(({ kind: of }) => (of === "place" ? 0n : BigInt(random(30)))),
        }),
        ...(random(3) === 0 && { requestId: `r${seed}-${random(12)}` }),
        ...(random(4) === 0 && { free: random(2) === 0 }),
        ...(random(4) === 0 && { units: String(random(9)) }),
      };
      const { won } = await store.advance(id, change);
      assert.equal(
        won,
        model.advance(id, change),
        `${at}: ${JSON.stringify(change, (_, value) => String(value))}`,
      );
    }
    const ref = { ...pick(BUCKETS), guard: "g", subject: "s" };
    const { buckets } = await pick(stores).look({ buckets: [ref] });
    const [found] = buckets;
    assert.deepEqual(
      [found?.used, found?.held],
      [model.used(ref.bucket), model.held(ref.bucket)],
      `${at}: ${ref.bucket}`,
    );
  }
  for (const [id, known] of model.jobs) {
    const found = (await stores[0]?.look({ id }))?.job;
    assert.deepEqual(
      [found?.state, found?.requestId],
      [known.state, known.requestId],
      `seed ${seed}: ${id}`,
    );
    assert.deepEqual(
      found?.bookings.map(({ booked }) => booked),
      known.booked,
      `seed ${seed}: ${id}`,
    );
  }
}
