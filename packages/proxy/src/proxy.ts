/** The decision: what happens to a request, made without opening a socket. */
import { endpointRefusal } from "./allow.ts";
import type { OutgoingBody } from "./body.ts";
import { openCall, type End, type Incoming, type OpenCall, type Reply } from "./call.ts";
import { resolveUpstream, type ResolvedConfig } from "./config.ts";
import { answerPreflight, corsHeaders, type Preflight } from "./cors.ts";
import { callerKey, operatorCredential } from "./credentials.ts";
import { readEnv } from "./environment.ts";
import { emit, subjectOf } from "./events.ts";
import { forwardHeaders, mergeVary, ownHeaders } from "./headers.ts";
import { isRefusal, refuse, type Refusal } from "./refusal.ts";
import { parseTarget, TARGET_URL_HEADER, type Target } from "./target.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE"]);

/** What a front must know about the upstream client that it will send with. */
export interface UpstreamTraits {
  /** The client hands over encoded replies as they are; if not, it decodes them by itself. */
  readonly relaysEncoded: boolean;
}

/** A request that may be sent, with everything a front needs to send it. */
export interface Plan {
  readonly kind: "plan";
  readonly method: string;
  /** Where it is really sent, after the development hook: scheme and host … */
  readonly origin: string;
  /** … and path with query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  /** Body length in bytes; undefined when unknown, 0 when there is none. */
  readonly length: number | undefined;
  /** Takes the body, once. */
  body(): OutgoingBody | undefined | Promise<OutgoingBody | undefined>;
  readonly timeouts: ResolvedConfig["timeouts"];
  /** A retry could buy again: a lost answer must not have a status that clients retry. */
  readonly paid: boolean;
  /** Whether a guard wants the reply before it is relayed. */
  readonly watched: boolean;
  /** Shows the reply to the guards that asked; a refusal replaces it. */
  review(reply: Reply): Promise<Refusal | undefined>;
  /** Tells that fal's reply began, and what it says it bills. */
  began(billableUnits: string | undefined): void;
  /** Ends the call. Only the first time counts. */
  end(end: End): void;
}

/** What a front does next: forward, refuse, or answer a preflight. */
export type Decision = Plan | Refusal | Preflight;

/**
 * Decides about one request, in the order: target, allowlists, authentication, guards,
 * credentials, headers.
 *
 * @returns never rejects: a throwing hook becomes `internal_error` and a `fault` event
 */
export async function decide(
  config: ResolvedConfig,
  incoming: Incoming,
  traits: UpstreamTraits,
): Promise<Decision> {
  const arrived = Date.now();
  const { method } = incoming;
  if (method === "OPTIONS" && config.cors && incoming.header("access-control-request-method")) {
    const requested = incoming.header("access-control-request-headers");
    return answerPreflight(config.cors, incoming.header("origin"), requested);
  }
  let target: Target | undefined;
  let call: OpenCall | undefined;
  let decision: Plan | Refusal;
  try {
    const parsed = METHODS.has(method)
      ? parseTarget(method, incoming.header(TARGET_URL_HEADER))
      : methodRefusal(method);
    if (isRefusal(parsed)) decision = parsed;
    else {
      target = parsed;
      call = openCall(incoming, target);
      decision =
        (await judge(config, incoming, call)) ??
        (await plan(config, incoming, call, traits, arrived));
    }
  } catch (error) {
    decision = fault(config, incoming, target, error);
  }
  if (isRefusal(decision)) refused(config, incoming, call, decision, target);
  return decision;
}

/** Everything that can say no before credentials are looked up. */
async function judge(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
): Promise<Refusal | undefined> {
  const { target } = call;
  const length = incoming.body?.length ?? 0;
  const early = config.allow.judge(target) ?? webhookRefusal(config, target);
  if (early) return early;
  if (length > config.maxBodyBytes) return tooLarge(config);
  const stranger = await authenticate(config, incoming, call);
  if (stranger) return stranger;
  if (config.allow.limited && (target.operation === "token" || target.operation === "signal")) {
    const unlisted = await appsRefusal(config, call);
    if (unlisted) return unlisted;
  }
  for (const guard of config.guards) {
    const refusal = await guard(call);
    if (refusal) return refusal;
  }
  return undefined;
}

async function authenticate(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
): Promise<Refusal | undefined> {
  if (config.isAuthenticated === undefined) {
    const paysHimself = config.acceptCallerKeys && callerKey(incoming) !== undefined;
    if (paysHimself || config.allowUnauthorized) return undefined;
    return refuse("unauthenticated", "You are not signed in.", {
      hint:
        "Nothing can verify a caller yet: configure isAuthenticated. " +
        "Without it, only callers who bring a fal key of their own are served.",
    });
  }
  const answer = await config.isAuthenticated(call);
  if (answer !== false && answer !== undefined && answer !== null) {
    if (typeof answer === "object") call.user = answer;
    return undefined;
  }
  if (config.allowUnauthorized) return undefined;
  return refuse("unauthenticated", "You are not signed in.", {
    hint: "isAuthenticated answered false.",
  });
}

/** A token or signalling session names its apps in the body, so they are judged there. */
async function appsRefusal(config: ResolvedConfig, call: OpenCall): Promise<Refusal | undefined> {
  let body: Record<string, unknown> | null;
  try {
    body = (await call.json()) as Record<string, unknown> | null;
  } catch {
    body = null;
  }
  if (call.target.path.startsWith("/session/heartbeat")) return undefined;
  const named = body?.["allowed_apps"] ?? body?.["app_id"] ?? body?.["app"];
  const apps = Array.isArray(named) ? named : [named];
  const unlisted = apps.find((app) => typeof app !== "string" || !config.allow.app(app));
  const listed = apps.length > 0 && unlisted === undefined;
  return listed ? undefined : endpointRefusal(typeof unlisted === "string" ? unlisted : undefined);
}

async function plan(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
  traits: UpstreamTraits,
  arrived: number,
): Promise<Plan | Refusal> {
  const { target } = call;
  const own = config.acceptCallerKeys ? callerKey(incoming) : undefined;
  const credential = own ?? (await operatorCredential(config.resolveFalAuth, call, incoming));
  if (isRefusal(credential)) return credential;
  const watched = call.replyHooks.length > 0;
  const upstream = config.upstream ?? environmentUpstream(incoming);
  const { body } = incoming;
  let firstByteMs: number | undefined;
  let billableUnits: string | undefined;
  let ended = false;
  return {
    kind: "plan",
    method: call.method,
    origin: upstream ?? `https://${target.host}`,
    path: (upstream === undefined ? "" : `/${target.host}`) + target.path + target.search,
    headers: forwardHeaders(incoming.headers(), {
      credential,
      adapter: incoming.adapter,
      // A guard must be able to read the reply.
      acceptEncoding: traits.relaysEncoded && !watched,
    }),
    length: body === undefined ? 0 : body.length,
    body: () => body?.outgoing(),
    timeouts: config.timeouts,
    paid: target.paid,
    watched,
    async review(reply) {
      for (const hook of call.replyHooks) {
        const refusal = await hook(reply);
        if (refusal) return refusal;
      }
      return undefined;
    },
    began(units) {
      firstByteMs = Date.now() - arrived;
      billableUnits = units;
    },
    end(end) {
      if (ended) return;
      ended = true;
      tellEndHooks(config, incoming, call, end);
      if (config.onEvent === undefined) return;
      const durationMs = Date.now() - arrived;
      const subject = subjectOf(call.id, call.method, target, call.user?.id, call.ip);
      emit(config.onEvent, {
        ...subject,
        type: "ended",
        durationMs,
        firstByteMs,
        billableUnits,
        ...end,
      });
    },
  };
}

/** The headers of an answer to this request, whatever it is: caching, `vary`, CORS. */
export function answerHeaders(config: ResolvedConfig, incoming: Incoming): Record<string, string> {
  const headers = ownHeaders(config.cacheControl);
  if (config.cors === undefined) return headers;
  for (const [name, value] of corsHeaders(config.cors, incoming.header("origin"))) {
    headers[name] = name === "vary" ? mergeVary(headers["vary"] ?? "", value) : value;
  }
  return headers;
}

/** Turns an exception into `internal_error`; what it was is for the operator alone. */
export function fault(
  config: ResolvedConfig,
  incoming: Incoming,
  target: Target | undefined,
  error: unknown,
): Refusal {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const subject = subjectOf(incoming.adapter, incoming.method, target, undefined, incoming.ip);
  if (config.onEvent) emit(config.onEvent, { ...subject, type: "fault", error: text });
  else console.error("fal proxy:", error);
  return refuse("internal_error", "The proxy ran into an error of its own.");
}

/** The refusal of a body above the limit, declared or found out while it was sent. */
export function tooLarge(config: ResolvedConfig): Refusal {
  const message = `The request body is larger than ${config.maxBodyBytes} bytes. Upload files to storage and send their URLs.`;
  return refuse("body_too_large", message, { hint: "The limit is the option maxBodyBytes." });
}

function methodRefusal(method: string): Refusal {
  const allow = [...METHODS].join(", ");
  return refuse("method_not_allowed", `${method} is not a method of fal's API.`, {
    headers: { allow },
  });
}

function webhookRefusal(config: ResolvedConfig, target: Target): Refusal | undefined {
  const rule = config.webhooks;
  if (rule === "forward" || target.search === "") return undefined;
  for (const webhook of new URLSearchParams(target.search).getAll("fal_webhook")) {
    const hosts = rule === "deny" ? [] : rule.hosts;
    if (hosts.includes(webhookHost(webhook))) continue;
    const msg = "This proxy does not let callers choose where results are sent.";
    return refuse("input_not_allowed", msg, {
      detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
      hint: "The option webhooks lists the allowed hosts.",
    });
  }
  return undefined;
}

function webhookHost(webhook: string): string {
  try {
    const url = new URL(webhook);
    return url.protocol === "https:" ? url.host : "";
  } catch {
    return "";
  }
}

const checkedUpstreams = new Map<string, string | undefined>();

// The environment may be handed over per call (Workers), so it is asked per call.
function environmentUpstream(incoming: Incoming): string | undefined {
  const given = readEnv("FAL_PROXY_UPSTREAM", incoming.env);
  if (given === undefined) return undefined;
  if (!checkedUpstreams.has(given)) checkedUpstreams.set(given, resolveUpstream(given));
  return checkedUpstreams.get(given);
}

function refused(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall | undefined,
  refusal: Refusal,
  target: Target | undefined,
): void {
  const { status, code } = refusal;
  if (call) {
    tellEndHooks(config, incoming, call, { outcome: "refused", status, sent: false, bytes: 0 });
  }
  if (config.onEvent === undefined) return;
  const { adapter, method, ip } = incoming;
  const subject = subjectOf(adapter, method, target, call?.user?.id, ip);
  emit(config.onEvent, { ...subject, type: "refused", status, code });
}

/** A guard that reserved something learns the end even when a later guard refused. */
function tellEndHooks(config: ResolvedConfig, incoming: Incoming, call: OpenCall, end: End): void {
  const trouble = (error: unknown): void => void fault(config, incoming, call.target, error);
  for (const hook of call.endHooks) {
    try {
      void Promise.resolve(hook(end)).catch(trouble);
    } catch (error) {
      trouble(error);
    }
  }
}
