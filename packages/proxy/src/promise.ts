/** Promises that a hook may hold on to. */

/** The same promise: its failure is told to whoever waits, and ends no process when nobody does. */
export function owned<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** Whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
