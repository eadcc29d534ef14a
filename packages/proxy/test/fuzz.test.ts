/** A part of what `npm run fuzz` tries at length: hostile requests through both fronts. */
import { expect, test } from "vitest";
import { fuzz } from "./fuzz/judge.ts";

test(
  "what is judged is what is sent, and nothing ends the process",
  { timeout: 120_000 },
  async () => {
    const count = 10_000;
    const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_000);
    const { wrong, reached } = await fuzz(count, seed);
    expect(wrong, `seed ${seed}`).toEqual([]);
    // Both fronts let a good part through, or nothing was tried.
    expect(Math.min(reached.node, reached.web)).toBeGreaterThan(count / 50);
  },
);
