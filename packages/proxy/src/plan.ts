/** A request that may be sent: where, with what, and on whose behalf. */
import type { OpenCall } from "./call.ts";
import { checkUpstream } from "./check.ts";
import type { ResolvedConfig } from "./config.ts";
import { credentialFor } from "./credentials.ts";
import { readEnv, type Env } from "./environment.ts";
import { forwardHeaders } from "./headers.ts";
import { isRefusal, type Refusal } from "./refusal.ts";

/** A request that may be sent: what the fronts need, and the upstream clients. */
export interface Plan {
  readonly kind: "plan";
  readonly call: OpenCall;
  /** Whether a guard wants the reply before it is relayed. */
  readonly watched: boolean;
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
  readonly timeouts: ResolvedConfig["timeouts"];
}

/** Resolves the credential and puts the plan together, or refuses with `no_credentials`. */
export async function makePlan(call: OpenCall): Promise<Plan | Refusal> {
  const { config, target, body, method } = call;
  const { host, path, search } = target;
  const credential = await credentialFor(call);
  if (isRefusal(credential)) return credential;
  const watched = call.replyHooks.length > 0;
  // A guard must be able to read the reply.
  const decode = watched || !call.relaysEncoded;
  const upstream = config.upstream ?? environmentUpstream(call.env);
  return {
    kind: "plan",
    call,
    watched,
    method,
    origin: upstream ?? `https://${host}`,
    path: (upstream ? `/${host}` : "") + path + search,
    headers: forwardHeaders(call, credential, !decode),
    length: body ? body.length : 0,
    decode,
    timeouts: config.timeouts,
  };
}

const checkedUpstreams: Record<string, string> = {};

// The environment may be handed over per call (Workers), so it is asked per call.
function environmentUpstream(env: Env): string | undefined {
  const given = readEnv("FAL_PROXY_UPSTREAM", env);
  return given && (checkedUpstreams[given] ??= checkUpstream(given));
}
