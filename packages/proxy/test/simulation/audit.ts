/** The auditor: at rest, what the app has booked is held against its jobs, and against what fal has billed. */
import assert from "node:assert/strict";
import type { BucketRef, Job, NewJob, Store } from "../../src/stores/store.ts";
import type { SimulatedFal } from "./simulated-fal.ts";

/** What each user has bought before, in billionths of a credit. */
export const BOUGHT = 12_000_000_000n;

/** What was seen of a history. */
export interface Books {
  readonly store: Store;
  readonly fal: SimulatedFal;
  /** By id, what was ever asked to be set aside. */
  readonly taken: Map<string, NewJob>;
  /** How often each job has reached a final state. */
  readonly finals: Map<string, number>;
  /** Marks of calls whose answer nobody heard: the caller had left, or the process ended with it. */
  readonly unheard: Set<string>;
  /** Marks of calls that carried an idempotency key. */
  readonly keyed: Set<string>;
}

/** @throws AssertionError that names what does not agree */
export async function audit(books: Books): Promise<void> {
  const jobs: Job[] = [];
  for (const id of books.taken.keys()) {
    const { job } = await books.store.look({ id });
    if (job) jobs.push(job);
  }
  for (const job of jobs) {
    assert.notEqual(job.state, "open", `job ${job.id} (${job.endpoint}, ${job.operation}) is open`);
    assert.equal(job.checkAt, undefined, `job ${job.id} is still due`);
    assert.ok((books.finals.get(job.id) ?? 0) <= 1, `job ${job.id} ended twice`);
  }
  await auditBuckets(books, jobs);
  auditBill(books, jobs);
}

async function auditBuckets({ store, taken }: Books, jobs: readonly Job[]): Promise<void> {
  const sums = new Map<string, { ref: BucketRef; booked: bigint }>();
  for (const job of jobs) {
    const claims = taken.get(job.id)?.claims ?? [];
    for (const [index, { bucket, booked, kind }] of job.bookings.entries()) {
      const ref = claims[index] as BucketRef;
      // What moves along has moved on.
      if (ref.rolling !== undefined) continue;
      const sum = sums.get(bucket) ?? { ref, booked: 0n };
      sums.set(bucket, { ref, booked: sum.booked + (kind === "place" ? 0n : booked) });
    }
  }
  for (const [bucket, { ref, booked }] of sums) {
    const [seen] = (await store.look({ buckets: [ref] })).buckets;
    // A purse holds what was bought as well.
    const entered = bucket.endsWith("|credits|") ? -BOUGHT : 0n;
    assert.equal(seen?.used, booked + entered, `${bucket} holds another sum than its jobs`);
    assert.equal(seen?.held, 0n, `${bucket} holds something at rest`);
  }
}

function auditBill({ fal, taken, unheard, keyed }: Books, jobs: readonly Job[]): void {
  const booked = new Map<string, bigint>();
  const exact = new Map<string, boolean>();
  for (const job of jobs) {
    const mark = job.endpoint.split("/").at(-1) as string;
    const claims = taken.get(job.id)?.claims ?? [];
    const at = claims.findIndex(({ guard }) => guard === "usd day");
    booked.set(mark, (booked.get(mark) ?? 0n) + (job.bookings[at]?.booked ?? 0n));
    exact.set(mark, (exact.get(mark) ?? true) && job.state !== "estimated");
  }
  const marks = new Set(fal.works.map(({ mark }) => mark));
  for (const mark of marks) {
    const works = fal.works.filter((work) => work.mark === mark);
    const billed = works.reduce((sum, { bill }) => sum + bill, 0n);
    const sum = booked.get(mark) ?? 0n;
    assert.ok(sum >= billed, `call ${mark}: ${sum} booked, ${billed} billed`);
    if (exact.get(mark))
      assert.equal(sum, billed, `call ${mark} is charged, and not what was billed`);
    // What fal has told is known, unless nobody heard it.
    const isSure = exact.get(mark) || unheard.has(mark) || works.some(({ told }) => !told);
    const calls = jobs.filter(({ endpoint }) => endpoint.endsWith(`/${mark}`)).length;
    assert.ok(
      isSure || calls > works.length,
      `call ${mark}: fal told what it billed, and it is an estimate`,
    );
    // A job may be billed later; a run that was not billed may be made again.
    const bought = works.filter(({ kind, bill }) => kind === "submit" || bill > 0n).length;
    if (keyed.has(mark))
      assert.ok(bought <= 1, `call ${mark} was bought ${bought} times under one key`);
  }
  for (const [mark, sum] of booked) {
    // What fal never had is given back, or nobody can know.
    if (!marks.has(mark) && exact.get(mark))
      assert.equal(sum, 0n, `call ${mark} is charged, and fal never had it`);
  }
}
