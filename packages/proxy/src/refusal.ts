/** What the proxy says when it does not relay: one JSON shape, one table of codes. */
import { isThenable } from "./promise.ts";

// fal's clients retry 429, 502, 503 and 504 (status reads also 500), and a retried submit buys
// twice: a deliberate refusal never uses those, except where waiting is the right answer.
const STATUS = {
  invalid_target: 400,
  target_not_allowed: 400,
  endpoint_not_allowed: 400,
  method_not_allowed: 405,
  origin_not_allowed: 403,
  unauthenticated: 401,
  blocked: 403,
  no_credentials: 500,
  budget_exhausted: 402,
  credits_exhausted: 402,
  input_not_allowed: 422,
  price_unknown: 422,
  idempotency_mismatch: 422,
  duplicate_running: 409,
  duplicate_done: 409,
  body_too_large: 413,
  body_unavailable: 500,
  rate_limited: 429,
  too_many_in_flight: 429,
  not_found: 404,
  state_unavailable: 503,
  overloaded: 503,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  upstream_unknown: 500,
  internal_error: 500,
};

/** Stable API: programs may compare them. */
export type RefusalCode = keyof typeof STATUS;

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
  /** HTTP status, 400 to 599. */
  readonly status: number;
  readonly code: RefusalCode;
  /** One or two sentences that a person can act on. Never a key, never a stack. */
  readonly message: string;
  /** Defaults to `message`; for `input_not_allowed` fal's array `[{ loc, msg, type }]`. */
  readonly detail?: unknown;
  /** Further members of the body, for programs: what is used, when to come again. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** For the operator, shown only in development: which option to change. */
  readonly hint?: string;
  /** Further response headers, such as `retry-after` (seconds). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The parts of a refusal that are not always there. */
export type RefusalExtras = Partial<
  Pick<Refusal, "detail" | "members" | "hint" | "headers" | "status">
>;

/**
 * Makes a refusal; the status follows from the code unless `extras.status` says otherwise.
 *
 * @throws TypeError when it could not be sent: an unknown code, a status outside 400 to 599, a
 *   header that HTTP does not allow, a detail that JSON does not hold
 * @example
 * ```ts
 * const guard: Guard = (call) =>
 *   call.target.app === "fal-ai/veo3" ? refuse("endpoint_not_allowed", "Video is off today.") : undefined;
 * ```
 */
export function refuse(code: RefusalCode, message: string, extras: RefusalExtras = {}): Refusal {
  return checked({ kind: "refusal", status: STATUS[code], code, message, ...extras });
}

/** A refusal thrown by a step that has no other way to say no, such as reading a body for a hook. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Tells a refusal from the other things that a step of the proxy may return. */
export function isRefusal(value: unknown): value is Refusal {
  return (value as Refusal | undefined)?.kind === "refusal";
}

type Hook<Subject> = (subject: Subject) => Refusal | void | Promise<Refusal | void>;

/**
 * Asks one hook after the other until one refuses.
 *
 * @returns at once what is known at once; a promise only from the first hook that answers with one
 * @throws what a hook throws; TypeError for an answer that is neither nothing nor a refusal
 */
export function firstRefusal<Subject>(
  hooks: ReadonlyArray<Hook<Subject>>,
  subject: Subject,
  first = 0,
): Refusal | undefined | Promise<Refusal | undefined> {
  for (let index = first; index < hooks.length; index += 1) {
    const answer: unknown = (hooks[index] as Hook<Subject>)(subject);
    if (isThenable(answer)) {
      return Promise.resolve(answer).then(
        (settled) => genuine(settled) ?? firstRefusal(hooks, subject, index + 1),
      );
    }
    const refusal = genuine(answer);
    if (refusal) return refusal;
  }
  return undefined;
}

/** What a hook may answer: nothing, or a refusal that can be sent. */
function genuine(answer: unknown): Refusal | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (isRefusal(answer)) return checked(answer);
  throw new TypeError(`A guard answers nothing or refuse(…), not ${typeof answer}.`);
}

/** A copy that can be sent: what was checked is what is sent, whatever becomes of the original. */
function checked(refusal: Refusal): Refusal {
  const { code, status, message, hint, detail, members } = refusal;
  const headers = { ...refusal.headers };
  const unfit = (what: string): never => {
    throw new TypeError(`A refusal has ${what}.`);
  };
  if (!Object.hasOwn(STATUS, code)) unfit(`a code of ${Object.keys(STATUS).join(", ")}`);
  if (!Number.isInteger(status) || status < 400 || status > 599) unfit("a status of 400 to 599");
  if (typeof message !== "string" || typeof (hint ?? "") !== "string") unfit("a text as message");
  for (const [name, value] of Object.entries(headers)) {
    const fits = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(value);
    if (!fits || typeof value !== "string") unfit("headers as HTTP writes them, in plain ASCII");
    // Framing is the server's, and the body is the refusal's own.
    if (/^(content-|transfer-|connection$)/i.test(name)) unfit(`no ${name} header`);
  }
  // @throws TypeError for what JSON does not hold: a BigInt, a circle
  const text = JSON.stringify(detail) as string | undefined;
  const more = JSON.stringify(members) as string | undefined;
  return {
    kind: "refusal",
    status,
    code,
    message,
    headers,
    ...(hint !== undefined && { hint }),
    ...(text !== undefined && { detail: JSON.parse(text) as unknown }),
    ...(more !== undefined && { members: JSON.parse(more) as Record<string, unknown> }),
  };
}

/** A refusal as it goes over the wire; `hint` is appended to the message in development. */
export interface Answer {
  readonly status: number;
  /** Lower-case names; `content-type` is among them. */
  readonly headers: Record<string, string>;
  readonly body: { readonly message: string; readonly detail: unknown; readonly code: RefusalCode };
}

/** The only form in which a refusal leaves the proxy. */
export function toAnswer(refusal: Refusal, development: boolean): Answer {
  const { status, code, hint, detail, members } = refusal;
  const message = development && hint ? `${refusal.message} ${hint}` : refusal.message;
  const headers: Record<string, string> = { "content-type": "application/json" };
  for (const [name, value] of Object.entries(refusal.headers ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  return { status, headers, body: { ...members, message, detail: detail ?? message, code } };
}
