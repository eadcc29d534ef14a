/** Where work on a job happens: within a call, or beside all calls. */
import { goOn } from "../background.ts";
import { tell, type EventHandler, type Happening } from "../events.ts";
import type { OpenCall } from "../open-call.ts";
import { describeError, print } from "../print.ts";
import { isThenable } from "../promise.ts";
import { StoreUnavailable } from "../stores/store.ts";

export interface Site {
  /** Tells the operator. Never throws. */
  tell(what: Happening): void;
  /** Sees work through that goes on after an answer. @param work never rejects */
  goOn(work: Promise<unknown>): void;
}

export const siteOf = (call: OpenCall): Site => ({
  tell: (what) => tell(call, what),
  goOn: (work) => goOn(call, work),
});

/** The store had no answer, or something of ours or the app's threw. */
export function tellTrouble(site: Site, error: unknown, credential?: string): void {
  if (error instanceof StoreUnavailable) {
    site.tell({ type: "store_unavailable", trouble: error.trouble, message: error.message });
  } else site.tell({ type: "fault", error: describeError(error, credential) });
}

/** A site beside all calls. @param adapter what its events say in the place of an adapter's id */
export function siteBeside(
  onEvent: EventHandler | undefined,
  adapter: string,
): { site: Site; over(): Promise<void> } {
  const background = new Set<Promise<unknown>>();
  const failed = (error: unknown): void => print("onEvent failed", error);
  const tell = (what: Happening): void => {
    try {
      const told: unknown = onEvent?.({ adapter, method: "", ...what });
      if (isThenable(told)) void Promise.resolve(told).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  return {
    site: {
      tell,
      goOn: (work) => {
        background.add(work);
        void work.then(() => background.delete(work));
      },
    },
    over: async () => void (await Promise.all(background)),
  };
}
