/** An entry as a job: booked whatever the limits say, once for its id. */
import type { BucketRef, Entry, NewJob, Taken } from "./store.ts";

/** @throws TypeError (as a rejection) for an amount that is no bigint, or an empty id */
export async function jobOfEntry({ id, purse, amount, owner = "", why }: Entry): Promise<NewJob> {
  if (typeof id !== "string" || id === "") throw new TypeError("fal proxy: an entry needs an id.");
  if (typeof amount !== "bigint") throw new TypeError("fal proxy: an entry needs an amount.");
  const { bucket, kind, subject, guard }: BucketRef = await purse;
  return {
    id: `entry:${id}`,
    hash: `${bucket}=${amount}`,
    owner,
    account: "",
    endpoint: why ?? "",
    operation: "entry",
    claims: [{ bucket, kind, subject, guard, amount: -amount, limit: undefined, rank: 0 }],
    entry: true,
  };
}

/** @throws Error where the id stands for something else */
export function isNewEntry({ id }: Entry, taken: Taken): boolean {
  if ("conflict" in taken) {
    throw new Error(
      `fal proxy: an entry ${JSON.stringify(id.slice(0, 100))} of another amount or purse is known.`,
    );
  }
  return "ok" in taken;
}
