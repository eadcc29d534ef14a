/** A request that may be sent: where, with what, and who must hear of its reply and its end. */
import type { OutgoingBody } from "./body.ts";
import type { End, Incoming, OpenCall, Reply } from "./call.ts";
import { checkUpstream } from "./check.ts";
import type { ResolvedConfig } from "./config.ts";
import { credentialFor } from "./credentials.ts";
import { readEnv } from "./environment.ts";
import { tell } from "./events.ts";
import { tellEndHooks } from "./fault.ts";
import { forwardHeaders } from "./headers.ts";
import { firstRefusal, isRefusal, type Refusal } from "./refusal.ts";

/** A request that may be sent, with everything a front needs to send it. */
export interface Plan {
  readonly kind: "plan";
  readonly call: OpenCall;
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
export async function makePlan(call: OpenCall): Promise<Plan | Refusal> {
  const { incoming, target, replyHooks } = call;
  const { config, body } = incoming;
  const credential = await credentialFor(call);
  if (isRefusal(credential)) return credential;
  const watched = replyHooks.length > 0;
  // A guard must be able to read the reply.
  const decode = watched || !incoming.relaysEncoded;
  const upstream = config.upstream ?? environmentUpstream(incoming);
  let firstByteMs: number | undefined;
  let billableUnits: string | undefined;
  let ended = false;
  return {
    kind: "plan",
    call,
    method: call.method,
    origin: upstream ?? `https://${target.host}`,
    path: (upstream ? `/${target.host}` : "") + target.path + target.search,
    headers: forwardHeaders(incoming, credential, !decode),
    length: body ? body.length : 0,
    decode,
    body: () => body?.outgoing(),
    timeouts: config.timeouts,
    watched,
    review: (reply) => firstRefusal(replyHooks, reply),
    began(units) {
      firstByteMs = Date.now() - call.arrived;
      billableUnits = units;
    },
    end(end) {
      if (ended) return;
      ended = true;
      tellEndHooks(call, end);
      const durationMs = Date.now() - call.arrived;
      tell(incoming, call, { type: "ended", durationMs, firstByteMs, billableUnits, ...end });
    },
  };
}

const checkedUpstreams: Record<string, string> = {};

// The environment may be handed over per call (Workers), so it is asked per call.
function environmentUpstream({ env }: Incoming): string | undefined {
  const given = readEnv("FAL_PROXY_UPSTREAM", env);
  return given && (checkedUpstreams[given] ??= checkUpstream(given));
}
