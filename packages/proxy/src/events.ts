/** What the proxy tells its operator: typed, without bodies, headers or keys. */
import type { End, Incoming, OpenCall } from "./call.ts";
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
      /** A request was answered by the proxy itself. */
      readonly type: "refused";
      readonly status: number;
      readonly code: RefusalCode;
    }
  | ({
      /** A forwarded request is over. */
      readonly type: "ended";
      /** Since the request arrived, in ms. */
      readonly durationMs: number;
      /** Until fal's reply began, in ms; undefined when none came. */
      readonly firstByteMs: number | undefined;
      /** fal's `x-fal-billable-units`, as sent. */
      readonly billableUnits: string | undefined;
    } & End)
  | {
      /** Code of the app (a hook, a guard) or of the proxy threw. */
      readonly type: "fault";
      readonly error: string;
    };

/** Handed to `onEvent`. A handler that throws is reported on stderr and changes nothing. */
export type ProxyEvent = EventSubject & Happening;

/** The `onEvent` option. */
export type EventHandler = (event: ProxyEvent) => void;

/** Tells the operator's handler, if there is one, so that its trouble stays its own. */
export function tell(incoming: Incoming, call: OpenCall | undefined, what: Happening): void {
  const { config, adapter, method, ip } = incoming;
  if (config.onEvent === undefined) return;
  const { operation, host, endpoint, app, requestId }: Partial<Target> = call?.target ?? {};
  const userId = call?.user?.id;
  const subject = { adapter, method, operation, host, endpoint, app, requestId, userId, ip };
  try {
    config.onEvent({ ...subject, ...what });
  } catch (error) {
    console.error("fal proxy: onEvent threw", error);
  }
}
