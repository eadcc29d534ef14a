/** The account's concurrency limit: a run without a free slot is refused, a queued job waits for one. */

/** Gives the slot back; further calls do nothing. */
export type Release = () => void;

export interface Slots {
  /** A slot at once, or undefined. */
  tryAcquire(account: string): Release | undefined;
  /** A slot as soon as one is free, first come first served; rejects when `signal` is aborted. */
  acquire(account: string, signal: AbortSignal): Promise<Release>;
}

/** @param limit running calls per account at the same time */
export function createSlots(limit: number): Slots {
  const running = new Map<string, number>();
  const waiting = new Map<string, Array<() => void>>();

  const take = (account: string): Release => {
    running.set(account, (running.get(account) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      running.set(account, (running.get(account) ?? 1) - 1);
      waiting.get(account)?.shift()?.();
    };
  };
  const tryAcquire = (account: string): Release | undefined =>
    (running.get(account) ?? 0) < limit ? take(account) : undefined;

  return {
    tryAcquire,
    acquire: (account, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const release = tryAcquire(account);
        if (release) return resolve(release);
        const line = waiting.get(account) ?? [];
        waiting.set(account, line);
        const enter = (): void => {
          signal.removeEventListener("abort", leave);
          resolve(take(account));
        };
        const leave = (): void => {
          line.splice(line.indexOf(enter), 1);
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", leave, { once: true });
        line.push(enter);
      }),
  };
}
