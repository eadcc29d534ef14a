/** Every option that an app can set, with its default. */
import type { Guard, HookCall, User } from "./call.ts";
import type { CorsOptions } from "./cors.ts";
import type { EventHandler } from "./events.ts";
import type { Meter } from "./meter.ts";
import type { MaybePromise } from "./promise.ts";

/** Time limits in ms. The defaults follow fal's own limit of an hour for one request. */
export interface Timeouts {
  /** Until a connection to fal stands. Default 10,000. */
  connect?: number;
  /** From there until fal's reply begins. Default 3,600,000. */
  headers?: number;
  /** The longest silence inside a reply, of fal or of a caller who stops reading. Default 3,600,000. */
  idle?: number;
}

/** Which `fal_webhook` a caller may put on a submit. */
export type WebhookRule = "forward" | "deny" | { hosts: readonly string[] };

/**
 * Every option, all optional. The first five are those of fal's documentation.
 *
 * @see README.md, "Options"
 */
export interface ProxyConfig {
  /**
   * Globs over the target URL without its scheme: `*` inside a segment, `**` across segments, `\\?`
   * for a literal question mark. fal's own hosts only, whatever a pattern says.
   * @default DEFAULT_ALLOWED_URL_PATTERNS: `fal.run/**`, `queue.fal.run/**` and the upload start
   */
  allowedUrlPatterns?: string[] | undefined;
  /**
   * Globs over the endpoint id, such as `fal-ai/flux/**`. They apply to every operation that names
   * a model; a listed endpoint includes its stream, status, result and cancel.
   * @default [] which allows every endpoint
   */
  allowedEndpoints?: string[] | undefined;
  /**
   * Whether a caller who is not signed in is served, at the operator's expense.
   * @default true without `isAuthenticated`, false with it
   */
  allowUnauthorizedRequests?: boolean | undefined;
  /**
   * The app's own check. Return true, or the {@link User}, to let the caller in: anything else is a
   * no, also what is merely truthy. What the caller sent as `Authorization` then never reaches fal.
   * @default a caller is signed in who brings a fal key of his own (`Authorization: Key …`), which
   * then pays for his request
   */
  isAuthenticated?: ((call: HookCall) => MaybePromise<boolean | User>) | undefined;
  /**
   * The `Authorization` value for fal, with or without its `Key ` scheme. Undefined is a refusal.
   * @default the environment variable FAL_KEY, else FAL_KEY_ID and FAL_KEY_SECRET
   */
  resolveFalAuth?: ((call: HookCall) => MaybePromise<string | undefined>) | undefined;

  /** Whether a caller's own fal key is used. @default "accept" without `isAuthenticated`, else "refuse" */
  callerKeys?: "accept" | "refuse" | undefined;
  /** Largest request body in bytes. @default 52,428,800 (50 MiB) */
  maxBodyBytes?: number | undefined;
  /**
   * Largest request body that `call.json()` and `call.inputs()` read, in bytes; names of apps in a
   * token request are read up to 64 KiB. Larger ones are refused to the hook that asks, with 413.
   * @default 1,048,576 (1 MiB)
   */
  inspectBytes?: number | undefined;
  /**
   * How many calls may be under way in this process. A further one is refused with 503 `overloaded`
   * before anything is sent, so that a client's retry buys nothing twice.
   * @default Infinity
   */
  maxInFlight?: number | undefined;
  /**
   * Names of further request headers to send to fal, besides those that fal documents. Not for
   * credentials and framing: `authorization`, `connection` and their like are refused at creation.
   * @default []
   */
  forwardRequestHeaders?: readonly string[] | undefined;
  /**
   * Names of request headers that callers may not send to fal, such as `x-fal-queue-priority`.
   * @default []
   */
  dropRequestHeaders?: readonly string[] | undefined;
  /**
   * Names of further headers of fal's replies to pass on to the caller, on the app's own origin.
   * @default []
   */
  forwardResponseHeaders?: readonly string[] | undefined;
  /**
   * fal's service hosts that may be called besides the models, such as `wma.fal.run` (signalling of
   * world models) or `rest.fal.ai` (uploads and realtime tokens): for what fal's clients ask of them,
   * nothing else.
   * @default [] (uploads are among the default URL patterns)
   */
  serviceHosts?: readonly string[] | undefined;
  timeouts?: Timeouts | undefined;
  /** Pages of other origins that may call. @default none */
  cors?: CorsOptions | undefined;
  /** @default "forward" */
  webhooks?: WebhookRule | undefined;
  /** `cache-control` of every answer. @default "no-store, no-transform" */
  cacheControl?: string | undefined;
  /**
   * Run in order after authentication and the endpoint list; the first refusal ends the call.
   * @default []
   */
  guards?: readonly Guard[] | undefined;
  /** Limits, credits and ownership, as `defineProxy` makes them; its value is what handlers take. */
  meter?: Meter | undefined;
  /** Receives typed events; never a body, a header or a key. May be async. */
  onEvent?: EventHandler | undefined;
  /**
   * Sends the requests to fal, in place of the library's own client: for proxies, mocks and runtimes
   * that it does not know. Called as the standard `fetch(url, init)`.
   * @default on Node the dispatcher that the app gave to `setGlobalDispatcher`, else undici's own
   * connections, through HTTPS_PROXY where that is set; elsewhere the global `fetch`
   */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * For development: where `https://HOST/PATH` is really sent, as `<upstream>/HOST/PATH`. It
   * receives the key, so only a loopback address, unless given as `{ url, remote: true }`.
   * @default the environment variable FAL_PROXY_UPSTREAM, else fal itself
   */
  upstream?: string | { url: string; remote: true } | undefined;
}
