/** Work that takes its time and says how far it is, as a diffusion model's progress bar does in fal's logs. */
import type { ModelContext } from "../model.ts";

const CELLS = 10;

/** Waits `steps` times `msPerStep` (scaled by the emulator's latency), logging each step. Rejects on cancel. */
export async function work(context: ModelContext, steps: number, msPerStep: number): Promise<void> {
  for (let step = 1; step <= steps; step += 1) {
    await context.wait(msPerStep);
    const share = step / steps;
    const bar = "█".repeat(Math.round(share * CELLS)).padEnd(CELLS, "·");
    const percent = `${Math.round(share * 100)}%`.padStart(4);
    context.log(`${percent}|${bar}| ${step}/${steps}`, "STDERR");
  }
}
