/** Jobs and claims as the cases write them: what matters is said, the rest is filled in. */
import type { BucketRef, Claim, NewJob, Store, Taken } from "../store.ts";

/** What a case needs of the engine under test. */
export interface Bench {
  /** A store with a scope that nothing else uses. */
  store: Store;
  /** Another one over the same state, as another process would have; the same one where there is none. */
  other: Store;
}

/** A name, and what must hold. It rejects with what does not. */
export type StoreCase = readonly [name: string, run: (bench: Bench) => Promise<void>];

export const isOk = (taken: Taken): boolean => "ok" in taken;
export const NOTHING: { used: bigint; held: bigint } = { used: 0n, held: 0n };

let counter = 0;
/** Never given twice, in this process or another. */
export const freshId = (): string =>
  `${Date.now().toString(36)}-${(counter++).toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

const DAY = 86_400_000;
/** A window that began and ends well away from now. */
const window = (): { from: number; until: number } => {
  const from = Math.floor(Date.now() / DAY) * DAY - DAY;
  return { from, until: from + 3 * DAY };
};

type Given = Partial<Claim> & { bucket: string };

/** An amount in a window, held while the job is open. */
export const spend = (amount: bigint, limit: bigint | undefined, given: Given): Claim => ({
  kind: "spend",
  ...window(),
  ...common(given),
  amount,
  limit,
});

export const count = (limit: bigint | undefined, given: Given): Claim => ({
  kind: "count",
  amount: 1n,
  ...window(),
  ...common(given),
  limit,
});

export const place = (limit: bigint, given: Given): Claim => ({
  kind: "place",
  amount: 1n,
  lease: 60_000,
  ...common(given),
  limit,
});

export const rolling = (amount: bigint, limit: bigint, ms: number, given: Given): Claim => ({
  kind: "spend",
  rolling: { ms, slots: 8 },
  ...common(given),
  amount,
  limit,
});

const common = (given: Given): Omit<Claim, "kind" | "amount" | "limit"> => ({
  subject: "user/42",
  guard: given.bucket,
  rank: 0,
  ...given,
});

export const job = (claims: readonly Claim[], given: Partial<NewJob> = {}): NewJob => ({
  id: freshId(),
  hash: "h",
  owner: "/42",
  account: "main",
  endpoint: "fal-ai/flux/dev",
  operation: "submit",
  claims,
  ...given,
});

/** What stands in a bucket. */
export async function seen(store: Store, ref: BucketRef): Promise<{ used: bigint; held: bigint }> {
  const { buckets } = await store.look({ buckets: [ref] });
  const { used, held } = buckets[0] ?? { used: -1n, held: -1n };
  return { used, held };
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
