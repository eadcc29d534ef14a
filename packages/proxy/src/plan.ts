/** A request that may be sent: where, with what, and who must hear of its reply and its end. */
import type { OutgoingBody } from "./body.ts";
import type { End, Incoming, OpenCall, Reply } from "./call.ts";
import { checkUpstream } from "./check.ts";
import type { ResolvedConfig } from "./config.ts";
import { callerKey, operatorCredential } from "./credentials.ts";
import { readEnv } from "./environment.ts";
import { emit, subjectOf } from "./events.ts";
import { tellEndHooks } from "./fault.ts";
import { forwardHeaders } from "./headers.ts";
import { isRefusal, type Refusal } from "./refusal.ts";

/** What is known of the way that a reply will take. */
export interface UpstreamTraits {
  /** Client and host hand over encoded replies as they are. */
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
  /** Whether the reply must be decoded before anyone gets it. */
  readonly decode: boolean;
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

/** Resolves the credential and puts the plan together, or refuses with `no_credentials`. */
export async function makePlan(
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
  // A guard must be able to read the reply.
  const decode = watched || !traits.relaysEncoded;
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
      acceptEncoding: !decode,
    }),
    length: body === undefined ? 0 : body.length,
    decode,
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

const checkedUpstreams = new Map<string, string>();

// The environment may be handed over per call (Workers), so it is asked per call.
function environmentUpstream(incoming: Incoming): string | undefined {
  const given = readEnv("FAL_PROXY_UPSTREAM", incoming.env);
  if (given === undefined) return undefined;
  if (!checkedUpstreams.has(given)) checkedUpstreams.set(given, checkUpstream(given));
  return checkedUpstreams.get(given);
}
