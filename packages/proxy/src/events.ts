/** What the proxy tells its operator: typed, without bodies, headers or keys. */
import { goOn } from "./background.ts";
import type { End } from "./end.ts";
import type { OpenCall } from "./open-call.ts";
import { print } from "./print.ts";
import { isThenable } from "./promise.ts";
import type { RefusalCode } from "./refusal.ts";
import type { Operation, Target } from "./target.ts";

/** What every event says of its call, as far as it was known by then. */
export interface EventSubject {
  /** The adapter's id, such as `express`. */
  readonly adapter: string;
  readonly method: string;
  readonly operation?: Operation | undefined;
  readonly host?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly app?: string | undefined;
  readonly requestId?: string | undefined;
  /** From `isAuthenticated`. */
  readonly userId?: string | undefined;
  readonly ip?: string | undefined;
}

/** What happened. */
export type Happening =
  | {
      /** A request was answered by the proxy itself: once for each. */
      readonly type: "refused";
      readonly status: number;
      readonly code: RefusalCode;
    }
  | ({
      /** A call that was to be forwarded is over. */
      readonly type: "ended";
      /** Since the request arrived, in ms. */
      readonly durationMs: number;
      /** Until fal's reply began, in ms; undefined when none came. */
      readonly firstByteMs: number | undefined;
    } & End)
  | {
      /** Code of the app (a hook, a guard) or of the proxy threw. */
      readonly type: "fault";
      /** One line, bounded, without control characters. */
      readonly error: string;
    }
  | MeterHappening;

/** What the meter of `defineProxy` tells besides. Amounts are decimal strings, in USD where they are money. */
export type MeterHappening =
  | {
      /** A limit said no, or would have (`dryRun`). */
      readonly type: "limited";
      readonly scope: string;
      readonly unit: string;
      readonly per: string;
      readonly dryRun: boolean;
      readonly limit: string;
      readonly used: string;
      readonly needed: string;
    }
  | {
      /** A job was let pass, or more was learnt of it: what it was quoted at, and what is booked for it now. */
      readonly type: "metered";
      readonly jobId: string;
      readonly state: "open" | "estimated" | "charged" | "void";
      readonly rule: string | undefined;
      readonly quotedUsd: string | undefined;
      readonly bookedUsd: string | undefined;
      readonly units: string | undefined;
    }
  | {
      /** fal's bill was above what the call was quoted at: its price rule is too low. */
      readonly type: "overrun";
      readonly jobId: string;
      readonly rule: string;
      readonly quotedUsd: string;
      readonly billedUsd: string;
    }
  | {
      /** fal has accepted a job whose id could not be kept: nobody can ask for it by now. */
      readonly type: "unbound";
      readonly jobId: string;
    }
  | {
      /** The store had no answer. */
      readonly type: "store_unavailable";
      readonly trouble: string;
      readonly message: string;
    };

/** Handed to `onEvent`. */
export type ProxyEvent = EventSubject & Happening;

/** The `onEvent` option. One that throws or rejects is reported on stderr and changes nothing. */
export type EventHandler = (event: ProxyEvent) => unknown;

/** Tells the operator's handler, if there is one, so that its trouble stays its own. */
export function tell(call: OpenCall, what: Happening): void {
  const { config, id: adapter, method, ip } = call;
  if (config.onEvent === undefined) return;
  const { operation, host, endpoint, app, requestId }: Partial<Target> = call.target ?? {};
  const userId = call.user?.id;
  const subject = { adapter, method, operation, host, endpoint, app, requestId, userId, ip };
  const see = (work: Promise<unknown>): void => goOn(call, work);
  hand(config.onEvent, { ...subject, ...what }, see, call.credential);
}

/**
 * Hands an event over. Never throws.
 *
 * @param see sees through what the handler answers with a promise
 * @param credential never written, whatever the handler fails with
 */
export function hand(
  onEvent: EventHandler,
  event: ProxyEvent,
  see: (work: Promise<unknown>) => void,
  credential?: string,
): void {
  const failed = (error: unknown): void => print("onEvent failed", error, credential);
  try {
    const told: unknown = onEvent(event);
    if (isThenable(told)) see(Promise.resolve(told).catch(failed));
  } catch (error) {
    failed(error);
  }
}
