/** What is sent to fal for a call: where to, under which headers, within which time. */
import { checkUpstream } from "./check.ts";
import { credentialFor } from "./credentials.ts";
import { readEnv, type Env } from "./environment.ts";
import { forwardHeaders } from "./headers.ts";
import type { OpenCall } from "./open-call.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import type { UpstreamRequest } from "./upstream/exchange.ts";

/** A call that may be sent; its body is the call's. */
export interface Plan extends UpstreamRequest {
  readonly kind: "plan";
}

/** Resolves the credential and puts the plan together, or refuses with `no_credentials`. */
export async function makePlan(call: OpenCall): Promise<Plan | Refusal> {
  const { config, body, target } = call;
  const credential = await credentialFor(call);
  if (isRefusal(credential)) return credential;
  call.credential = credential;
  const upstream = config.upstream ?? (await environmentUpstream(call.env));
  return {
    kind: "plan",
    method: call.method,
    origin: upstream ?? `https://${target.host}`,
    path: (upstream ? `/${target.host}` : "") + target.path + target.search,
    headers: forwardHeaders(call, credential),
    length: body ? body.length : 0,
    keepsCoding: call.keepsCoding,
    fetch: config.fetch,
    timeouts: config.timeouts,
  };
}

const checkedUpstreams: Record<string, string> = {};

/** What FAL_PROXY_UPSTREAM names. The environment may be handed over per call (Workers), so it is asked per call. */
export async function environmentUpstream(env?: Env): Promise<string | undefined> {
  const given = await readEnv("FAL_PROXY_UPSTREAM", env);
  return given && (checkedUpstreams[given] ??= checkUpstream(given));
}
