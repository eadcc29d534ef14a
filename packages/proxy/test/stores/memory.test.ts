import { describe, expect, test } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { StoreUnavailable } from "../../src/stores/store.ts";
import { count, job } from "../../src/stores/testing/claims.ts";
import { storeTests } from "../../src/stores/testing/index.ts";

describe("what every store promises", () => {
  const suite = storeTests({
    open: (scope) => memoryStore({ scope }),
    shared: false,
    histories: 300,
  });
  test.each(suite)("%s", (_, run) => run());
});

test("jobs that ended first are forgotten first, and when only open ones are left, no more is taken", async () => {
  const store = memoryStore({ max: 4 });
  const jobs = Array.from({ length: 4 }, () => job([]));
  for (const one of jobs) await store.take(one);
  await expect(store.take(job([]))).rejects.toThrow(StoreUnavailable);
  await expect(store.take(job([]))).rejects.toMatchObject({ trouble: "full" });
  await store.advance(jobs[2]?.id ?? "", { state: "charged" });
  await store.advance(jobs[0]?.id ?? "", { state: "void" });
  expect(await store.take(job([]))).toMatchObject({ ok: true });
  expect((await store.look({ id: jobs[2]?.id })).job).toBeUndefined();
  expect((await store.look({ id: jobs[0]?.id })).job?.state).toBe("void");
});

test("buckets are bounded as well, and those that are over go by themselves", async () => {
  const store = memoryStore({ max: 50 });
  const claim = (index: number) => count(1n, { bucket: `user/${index}|calls|1` });
  const take = async (index: number): Promise<unknown> => {
    const one = job([claim(index)]);
    const taken = await store.take(one);
    await store.advance(one.id, { state: "charged" });
    return taken;
  };
  for (let index = 0; index < 50; index++) expect(await take(index)).toMatchObject({ ok: true });
  await expect(take(50)).rejects.toMatchObject({ trouble: "full" });
});

test.each([0, -1, 1.5, NaN, "9"])("a max of %s is an error", (max) => {
  expect(() => memoryStore({ max: max as number })).toThrow("max must be a whole number");
});
