/** The bound of a verb. */
import { StoreUnavailable } from "./store.ts";

/** @throws StoreUnavailable when there is no answer in time: what was asked may still happen */
export async function within<Answer>(
  ms: number,
  server: string,
  work: Promise<Answer>,
): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StoreUnavailable("timeout", `${server} did not answer within ${ms} ms.`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
