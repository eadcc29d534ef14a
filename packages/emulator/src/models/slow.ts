/** A model that takes as long as asked, and stops at once when it is cancelled. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Model } from "../model.ts";
import { readInput } from "./input.ts";

export const slow: Model = {
  id: "fal-ai/slow",
  title: "Takes its time",
  price: { unitPrice: 0.001, unit: "compute seconds" },
  /** `seconds` are real ones: the emulator's latency factor does not shorten what a test wants to interrupt. */
  async run(input, context) {
    const read = readInput(input);
    const seconds = read.number("seconds", { default: 10, min: 0, max: 3600 });
    const refusal = read.refusal();
    if (refusal !== undefined) return refusal;
    const ticks = Math.max(1, Math.ceil(seconds));
    for (let tick = 1; tick <= ticks; tick += 1) {
      context.log(`${tick}/${ticks}`);
      await sleep((seconds * 1000) / ticks, undefined, { signal: context.signal });
    }
    return { body: { seconds }, billableUnits: seconds.toFixed(8) };
  },
};
