/** Windows that move along with time, as slots of it: what counts now, and when there will be room. */
import type { Claim, Rolling } from "./store.ts";

/** One slot of a rolling window. */
export interface Slot {
  readonly index: number;
  readonly used: bigint;
  readonly held: bigint;
}

const slotAt = (now: number, { ms, slots }: Rolling): number => Math.floor(now / (ms / slots));

/** Those that may reach into the window, the oldest first. */
export function liveSlots(
  slots: readonly Slot[] | undefined,
  now: number,
  rolling: Rolling,
): readonly Slot[] {
  const oldest = slotAt(now, rolling) - rolling.slots;
  return (slots ?? []).filter(({ index }) => index >= oldest);
}

/** When so much has left a rolling window that the claim fits, in ms from now. */
export function passesAfter(
  slots: readonly Slot[],
  now: number,
  { rolling, amount }: Claim,
  limit: bigint,
): number | undefined {
  if (rolling === undefined || amount > limit) return undefined;
  let used = slots.reduce((sum, slot) => sum + slot.used, 0n);
  for (const slot of slots) {
    used -= slot.used;
    if (used + amount <= limit) {
      return Math.ceil((slot.index + rolling.slots + 1) * (rolling.ms / rolling.slots)) - now;
    }
  }
  return undefined;
}

/** Slots as the servers keep them: number, used, held, and so on. */
export function slotsOf(flat: readonly (number | string)[]): Slot[] {
  return Array.from({ length: flat.length / 3 }, (_, at) => ({
    index: Number(flat[at * 3]),
    used: BigInt(flat[at * 3 + 1] as number | string),
    held: BigInt(flat[at * 3 + 2] as number | string),
  }));
}

/** Books an amount in the slot of now. @returns those that still count, and which it stands in */
export function addToSlots(
  before: readonly Slot[] | undefined,
  now: number,
  rolling: Rolling,
  amount: bigint,
  held: bigint,
): { slots: readonly Slot[]; index: number } {
  const live = liveSlots(before, now, rolling);
  const newest = live.at(-1);
  const index = slotAt(now, rolling);
  // A clock that went back books in the newest slot.
  if (newest && newest.index >= index) {
    const [used, both] = [newest.used + amount, newest.held + held];
    const more = { index: newest.index, used, held: both };
    return { slots: [...live.slice(0, -1), more], index: newest.index };
  }
  return { slots: [...live, { index, used: amount, held }], index };
}
