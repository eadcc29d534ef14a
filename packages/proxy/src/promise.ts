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

/** A value that is mostly there at once. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Goes on with values: at once where all are there, since a turn for each would cost more than most of them. */
export function withAll<Values extends readonly unknown[], Result>(
  values: { readonly [At in keyof Values]: MaybePromise<Values[At]> },
  goOn: (values: Values) => Result,
): MaybePromise<Result> {
  if (!values.some(isThenable)) return goOn(values as unknown as Values);
  return owned(Promise.all(values).then((all) => goOn(all as unknown as Values)));
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
