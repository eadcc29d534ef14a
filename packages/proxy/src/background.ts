/** Work that goes on after an answer: given to the host where it keeps a process alive, and waited for by `drain`. */
import { ambientWaitUntil } from "./environment.ts";
import type { Incoming, WaitUntil } from "./incoming.ts";

/** What a front has under way besides its answers. */
export type Background = Set<Promise<unknown>>;

/** The host's own `waitUntil`, if it has one. */
export const hostOf = ({ waitUntil }: Incoming): WaitUntil | undefined =>
  waitUntil ?? ambientWaitUntil();

/** Sees work of a call through. @param work never rejects */
export function goOn(call: Incoming, work: Promise<unknown>): void {
  const { background } = call;
  const kept = work.then(() => void background.delete(kept));
  background.add(kept);
  hostOf(call)?.(kept);
}

/**
 * Waits for all work that goes on, also for what it starts.
 *
 * @returns never rejects
 */
export async function drain(background: Background): Promise<void> {
  while (background.size > 0) await Promise.all(background);
}
