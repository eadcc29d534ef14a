/** What the proxy tells its operator: typed, without bodies, headers or keys. */
import type { End } from "./call.ts";
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

/** Handed to `onEvent`. A handler that throws is reported on stderr and changes nothing. */
export type ProxyEvent = EventSubject &
  (
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
      }
  );

/** The `onEvent` option. */
export type EventHandler = (event: ProxyEvent) => void;

/** What an event says of a target. */
export function subjectOf(
  adapter: string,
  method: string,
  target: Target | undefined,
  userId: string | undefined,
  ip: string | undefined,
): EventSubject {
  return {
    adapter,
    method,
    operation: target?.operation,
    host: target?.host,
    endpoint: target?.endpoint,
    app: target?.app,
    requestId: target?.requestId,
    userId,
    ip,
  };
}

/** Calls the handler so that its trouble stays its own. */
export function emit(handler: EventHandler | undefined, event: ProxyEvent): void {
  try {
    handler?.(event);
  } catch (error) {
    console.error("fal proxy: onEvent threw", error);
  }
}
