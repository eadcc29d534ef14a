/** A model that takes as long as asked, and stops at once when it is cancelled. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Model } from "../model.ts";
import { check } from "../schema/check.ts";
import { number } from "../schema/fields.ts";
import { object } from "../schema/schema.ts";
import { numberOf } from "../schema/values.ts";
import { invalid } from "./failure.ts";

const input = object("SlowInput", {
  seconds: number({ minimum: 0, maximum: 3600, default: 10 }),
});

export const slow: Model = {
  id: "fal-ai/slow",
  title: "Takes its time",
  price: { unitPrice: 0.001, unit: "compute seconds" },
  /** `seconds` are real ones: the emulator's latency factor does not shorten what a test wants to interrupt. */
  async run(given, context) {
    const { values, issues } = check(input, given);
    if (issues.length > 0) return invalid(issues);
    const seconds = numberOf(values, "seconds", 10);
    const ticks = Math.max(1, Math.ceil(seconds));
    for (let tick = 1; tick <= ticks; tick += 1) {
      context.log(`${tick}/${ticks}`);
      await sleep((seconds * 1000) / ticks, undefined, { signal: context.signal });
    }
    return { body: { seconds }, billableUnits: seconds.toFixed(8) };
  },
};
