/** What the proxy says when it does not relay: one JSON shape, one table of codes. */

/** Stable API: programs may compare them. The status of each is in {@link STATUS}. */
export type RefusalCode =
  | "invalid_target"
  | "target_not_allowed"
  | "endpoint_not_allowed"
  | "method_not_allowed"
  | "unauthenticated"
  | "no_credentials"
  | "budget_exhausted"
  | "input_not_allowed"
  | "body_too_large"
  | "body_unavailable"
  | "rate_limited"
  | "too_many_in_flight"
  | "not_found"
  | "state_unavailable"
  | "upstream_unreachable"
  | "upstream_timeout"
  | "upstream_unknown"
  | "internal_error";

// fal's clients retry 429, 502, 503 and 504 (status reads also 500), and a retried submit buys
// twice: a deliberate refusal never uses those, except where waiting is the right answer.
const STATUS = {
  invalid_target: 400,
  target_not_allowed: 400,
  endpoint_not_allowed: 400,
  method_not_allowed: 405,
  unauthenticated: 401,
  no_credentials: 500,
  budget_exhausted: 402,
  input_not_allowed: 422,
  body_too_large: 413,
  body_unavailable: 500,
  rate_limited: 429,
  too_many_in_flight: 429,
  not_found: 404,
  state_unavailable: 503,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  upstream_unknown: 500,
  internal_error: 500,
} as const satisfies Record<RefusalCode, number>;

/**
 * An expected "no": a value, not an exception. A guard returns one to stop a call.
 *
 * Sent as `{ "message", "detail", "code" }`: fal's JavaScript client reads `message`, the Python,
 * Swift and Dart clients read `detail`.
 *
 * @see PROTOCOL.md, "Errors"
 */
export interface Refusal {
  readonly kind: "refusal";
  /** HTTP status. */
  readonly status: number;
  readonly code: RefusalCode;
  /** One or two sentences that a person can act on. Never a key, never a stack. */
  readonly message: string;
  /** Defaults to `message`; for `input_not_allowed` fal's array `[{ loc, msg, type }]`. */
  readonly detail?: unknown;
  /** For the operator, shown only in development: which option to change. */
  readonly hint?: string;
  /** Further response headers, lower-case names, such as `retry-after` (seconds). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The parts of a refusal that are not always there. */
export type RefusalExtras = Partial<Pick<Refusal, "detail" | "hint" | "headers" | "status">>;

/**
 * Makes a refusal; the status follows from the code unless `extras.status` says otherwise.
 *
 * @example
 * ```ts
 * const guard: Guard = (call) =>
 *   call.target.app === "fal-ai/veo3" ? refuse("endpoint_not_allowed", "Video is off today.") : undefined;
 * ```
 */
export function refuse(code: RefusalCode, message: string, extras: RefusalExtras = {}): Refusal {
  return { kind: "refusal", status: STATUS[code], code, message, ...extras };
}

/** Tells a refusal from the other things that a step may return. */
export function isRefusal(value: unknown): value is Refusal {
  return (value as Refusal | undefined)?.kind === "refusal";
}

/** Asks one hook after the other until one refuses. */
export async function firstRefusal<Subject>(
  hooks: ReadonlyArray<(subject: Subject) => Refusal | void | Promise<Refusal | void>>,
  subject: Subject,
): Promise<Refusal | undefined> {
  for (const hook of hooks) {
    const refusal = await hook(subject);
    if (refusal) return refusal;
  }
  return undefined;
}

/** The JSON object that goes over the wire; `hint` is appended to the message in development. */
export function refusalBody(
  refusal: Refusal,
  development: boolean,
): { message: string; detail: unknown; code: RefusalCode } {
  const hinted = development && refusal.hint !== undefined;
  const message = hinted ? `${refusal.message} ${refusal.hint}` : refusal.message;
  return { message, detail: refusal.detail ?? message, code: refusal.code };
}
