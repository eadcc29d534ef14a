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

/** What it gives, or undefined where that takes longer. @param work goes on then, and never rejects */
export async function atMost<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const value = await Promise.race([work, late]);
  clearTimeout(timer);
  return value;
}
