/** Where work on a job happens: within a call, or beside all calls. */
import { drain, goOn, type Background } from "../background.ts";
import { hand, tell, type EventHandler, type Happening } from "../events.ts";
import type { OpenCall } from "../open-call.ts";
import { describeError } from "../print.ts";
import { StoreUnavailable } from "../stores/store.ts";

export interface Site {
  /** Whether anybody hears what is told. */
  readonly hears: boolean;
  /** Never written, whatever an exception says. */
  readonly credential?: string | undefined;
  /** Tells the operator. Never throws. */
  tell(what: Happening): void;
  /** Sees work through that goes on after an answer. @param work never rejects */
  goOn(work: Promise<unknown>): void;
}

export const siteOf = (call: OpenCall): Site => ({
  hears: call.config.onEvent !== undefined,
  credential: call.credential,
  tell: (what) => tell(call, what),
  goOn: (work) => goOn(call, work),
});

/** A site beside all calls. @param adapter what its events say in the place of an adapter's id */
export function siteBeside(
  onEvent: EventHandler | undefined,
  adapter: string,
): { site: Site; over(): Promise<void> } {
  const background: Background = new Set();
  const see = (work: Promise<unknown>): void => {
    background.add(work);
    void work.then(() => background.delete(work));
  };
  return {
    site: {
      hears: onEvent !== undefined,
      tell: (what) => onEvent && hand(onEvent, { adapter, method: "", ...what }, see),
      goOn: see,
    },
    over: () => drain(background),
  };
}

/** The store had no answer, or something of ours or the app's threw. */
export function tellTrouble(site: Site, error: unknown): void {
  if (error instanceof StoreUnavailable) {
    site.tell({ type: "store_unavailable", trouble: error.trouble, message: error.message });
  } else site.tell({ type: "fault", error: describeError(error, site.credential) });
}
