/** Work that goes on after an answer: given to the host where it keeps a process alive, and waited for by `drain`. */
import { ambientWaitUntil } from "./environment.ts";
import type { Incoming } from "./incoming.ts";

/** What a front has under way besides its answers. */
export type Background = Set<Promise<unknown>>;

/**
 * Tells the host, where it has a `waitUntil`, of work that must not be cut off. Never throws: without
 * the host's help the work goes on as long as the process does.
 */
export function announce(
  { waitUntil = ambientWaitUntil() }: Incoming,
  work: Promise<unknown>,
): void {
  try {
    waitUntil?.(work);
  } catch {
    // Workers refuse it once the call is over.
  }
}

/** Sees work of a call through. @param work never rejects */
export function goOn(call: Incoming, work: Promise<unknown>): void {
  const { background } = call;
  const kept = work.then(() => void background.delete(kept));
  background.add(kept);
  announce(call, kept);
}

/**
 * Waits for all work that goes on, also for what it starts.
 *
 * @returns never rejects
 */
export async function drain(background: Background): Promise<void> {
  while (background.size > 0) await Promise.all(background);
}
