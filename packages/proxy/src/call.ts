/** What hooks and guards see of one request, and where they ask to see its reply and its end. */
import type { ProxyBehavior } from "./behavior.ts";
import type { IncomingBody } from "./body.ts";
import type { ResolvedConfig } from "./config.ts";
import type { Env } from "./environment.ts";
import type { Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/** Who is calling, as the app's `isAuthenticated` says. */
export interface User {
  /** Stable and unique within the app. */
  readonly id: string;
  readonly plan?: string;
  readonly [claim: string]: unknown;
}

/** What a front supplies about a request before anything is decided. Header names in lower case. */
export interface Incoming {
  /** The options that judge it. */
  readonly config: ResolvedConfig;
  /** The adapter's id, such as `express`. */
  readonly adapter: string;
  readonly method: string;
  /** One header by its lower-case name; repeats joined by `, `. */
  header(name: string): string | undefined;
  headers(): Iterable<readonly [string, string]>;
  /** Undefined when the request has none. */
  readonly body: IncomingBody | undefined;
  /** The address of the peer that connected, where the platform tells it. */
  readonly ip: string | undefined;
  /** The framework's own request object or context. */
  readonly native: unknown;
  readonly env: Env;
  /** Whether upstream client and host hand over encoded replies as they are. */
  readonly relaysEncoded: boolean;
  /** Where the adapter itself is told a key (Hono's `resolveApiKey`, SvelteKit's `credentials`). */
  readonly resolveApiKey?: (() => Promise<string | undefined>) | undefined;
}

/** The reply, shown to the guards that asked before it is relayed. */
export interface Reply {
  readonly status: number;
  header(name: string): string | undefined;
  /** The parsed body; undefined when it is not JSON or larger than 1 MiB. Relayed unchanged. */
  json(): Promise<unknown>;
}

/** How a call ended, told exactly once. */
export interface End {
  /**
   * `completed`: the whole reply was handed over. `client_gone`: the caller left first.
   * `refused`: a guard stopped it after the decision, or its body broke a limit.
   * `upstream_failed`: fal could not be reached, or its answer was lost.
   */
  readonly outcome: "completed" | "client_gone" | "refused" | "upstream_failed";
  /** The status that the caller received; undefined when none was sent. */
  readonly status: number | undefined;
  /** Whether fal can have received the call: if so and it was paid, it may have been charged. */
  readonly sent: boolean;
  /** Body bytes relayed to the caller. */
  readonly bytes: number;
}

type ReplyHook = (reply: Reply) => Refusal | void | Promise<Refusal | void>;
type EndHook = (end: End) => void | Promise<void>;

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
  /** One request header, whatever the case of `name`. */
  getHeader(name: string): string | undefined;
  /** All request headers under lower-case names. */
  getHeaders(): Record<string, string>;
  /** The body as text; undefined when there is none. Reading it does not consume it. */
  getRequestBody(): Promise<string | undefined>;
  /**
   * The body parsed as JSON, once; undefined when there is none.
   * @throws SyntaxError when it is not JSON
   */
  json(): Promise<unknown>;
  /** Asks to see the reply before it is relayed; returning a refusal replaces it. */
  onReply(hook: ReplyHook): void;
  /** Asks to be told how the call ended: exactly once, whatever happens. */
  onEnd(hook: EndHook): void;
}

/** Decides about one call: nothing to let it pass, a refusal to stop it. */
export type Guard = (call: Call) => Refusal | void | Promise<Refusal | void>;

/** What the documented hooks receive: a {@link Call} that is the published behavior as well. */
export type HookCall = Call & ProxyBehavior<unknown>;

/**
 * A call with what only the pipeline may touch. A class only because its methods are shared by every
 * request, where closures would be made anew.
 */
export class OpenCall implements HookCall {
  readonly incoming: Incoming;
  readonly target: Target;
  readonly id: string;
  readonly method: string;
  readonly ip: string | undefined;
  readonly native: unknown;
  user: User | undefined;
  readonly arrived: number = Date.now();
  readonly replyHooks: ReplyHook[] = [];
  readonly endHooks: EndHook[] = [];
  private parsed: Promise<unknown> | undefined;
  readonly respondWith: () => never = onlyTheProxyAnswers;
  readonly sendResponse: () => never = onlyTheProxyAnswers;
  readonly sendHeader: () => never = onlyTheProxyAnswers;

  constructor(incoming: Incoming, target: Target) {
    this.incoming = incoming;
    this.target = target;
    this.id = incoming.adapter;
    this.method = incoming.method;
    this.ip = incoming.ip;
    this.native = incoming.native;
  }

  getHeader(name: string): string | undefined {
    return this.incoming.header(name.toLowerCase());
  }
  getHeaders(): Record<string, string> {
    return Object.fromEntries(this.incoming.headers());
  }
  async getRequestBody(): Promise<string | undefined> {
    const bytes = await this.incoming.body?.bytes();
    return bytes && new TextDecoder().decode(bytes);
  }
  json(): Promise<unknown> {
    this.parsed ??= this.getRequestBody().then((text) => (text ? JSON.parse(text) : undefined));
    return this.parsed;
  }
  onReply(hook: ReplyHook): void {
    this.replyHooks.push(hook);
  }
  onEnd(hook: EndHook): void {
    this.endHooks.push(hook);
  }
}

function onlyTheProxyAnswers(): never {
  throw new Error(
    "A hook decides and the proxy answers: return false, undefined or a refusal instead.",
  );
}
