/** Four processes, kills, and money that adds up: a short run of what `npm run processes` plays at length. */
import { expect, test } from "vitest";
import { playLoad } from "./mixed-load.ts";

test.each(["postgres", "redis", "sqlite"] as const)(
  "on %s, four processes of which some are killed book what fal bills",
  async (engine) => {
    const outcome = await playLoad({ engine, users: 100, jobs: 1000, seed: 1 });
    expect(outcome.killed).toBe(3);
    expect(outcome.charges).toBeGreaterThan(500);
    expect(outcome.exact).toBeGreaterThan(30);
  },
  120_000,
);
