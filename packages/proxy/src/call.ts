/** What hooks and guards see of one request, and where they ask to see its reply and its end. */
import type { ProxyBehavior } from "./behavior.ts";
import type { End } from "./end.ts";
import type { Env } from "./environment.ts";
import type { Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/** Who is calling, as the app's `isAuthenticated` says. */
export interface User {
  /** Stable, not empty, and unique within its tenant. */
  readonly id: string;
  readonly tenant?: string;
  readonly plan?: string;
  readonly [claim: string]: unknown;
}

/** fal's reply, shown to the guards that asked before it is relayed. */
export interface Reply {
  /** As fal sent it. */
  readonly status: number;
  /** One header of fal's, whatever the case of `name`. */
  header(name: string): string | undefined;
  /**
   * The parsed body; undefined when it is not JSON, larger than 1 MiB or broken off. The caller
   * receives it unchanged, once the hook that waits for it has answered.
   */
  json(): Promise<unknown>;
}

/**
 * One request, as `isAuthenticated`, `resolveFalAuth` and every guard see it. Its read half has the
 * member names of the published package's `ProxyBehavior`.
 */
export interface Call {
  /** The adapter's id, such as `express`. */
  readonly id: string;
  readonly method: string;
  readonly target: Target;
  /** Set once authentication has passed and named somebody. */
  readonly user: User | undefined;
  /** The address of the peer that connected: a proxy's, if one stands in front. */
  readonly ip: string | undefined;
  /** The framework's own request object or context. */
  readonly native: unknown;
  /** Bindings that the platform hands over per call (Workers). */
  readonly env: Env;
  /** One request header, whatever the case of `name`. */
  getHeader(name: string): string | undefined;
  /** All request headers under lower-case names. */
  getHeaders(): Record<string, string>;
  /** The body as text; undefined when there is none. Reading it does not consume it. */
  getRequestBody(): Promise<string | undefined>;
  /**
   * The body parsed as JSON; undefined when there is none. Up to `inspectBytes`.
   *
   * @throws (as a rejection that answers the call with 413 or 422 unless caught) when it is larger,
   *   no JSON, compressed, sent as a form or in another charset, or holds a key twice: fal might read
   *   it otherwise than the guard did
   */
  json(): Promise<unknown>;
  /**
   * What fal's model is given: the members of the body's object, and of the query of a GET. Values of
   * a query are texts. Up to `inspectBytes`.
   *
   * @throws as `json`; also when the body is no object, a name stands twice, the query has a bare
   *   semicolon, or the query of a paid call that is no GET names an input
   */
  inputs(): Promise<Record<string, unknown>>;
  /**
   * Asks to see the reply before it is relayed; answering with a refusal replaces it. The reply waits
   * only for a hook that answers with a promise.
   */
  onReply(hook: ReplyHook): void;
  /** Asks to be told how the call ended: exactly once, whatever happens. */
  onEnd(hook: EndHook): void;
}

export type ReplyHook = (reply: Reply) => Refusal | void | Promise<Refusal | void>;
export type EndHook = (end: End) => void | Promise<void>;

/**
 * Decides about one call: nothing to let it pass, a refusal to stop it. Any other answer, and an
 * exception, stops it as a fault.
 */
export type Guard = (call: Call) => Refusal | void | Promise<Refusal | void>;

/** What the documented hooks receive: a {@link Call} that is the published behavior as well. */
export type HookCall = Call & ProxyBehavior<unknown>;
