/** Where work on a job happens: within a call, or beside all calls. */
import { goOn } from "../background.ts";
import { tell, type Happening } from "../events.ts";
import type { OpenCall } from "../open-call.ts";
import { describeError } from "../print.ts";
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
