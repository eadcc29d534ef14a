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
  const { origin, prefix } = await placeOf(target.host, config.upstream, call.env);
  return {
    kind: "plan",
    method: call.method,
    origin,
    path: prefix + target.path + target.search,
    headers: forwardHeaders(call, credential),
    length: body ? body.length : 0,
    keepsCoding: call.keepsCoding,
    fetch: config.fetch,
    timeouts: config.timeouts,
  };
}

const checkedUpstreams: Record<string, string> = {};

/**
 * Where a host of fal's is really asked: itself, or the stand-in of development under the host's name.
 *
 * @param upstream the origin of the option; else the environment is asked, which may be handed over per call (Workers)
 * @returns an origin, and what stands there before every path
 */
export async function placeOf(
  host: string,
  upstream?: string,
  env?: Env,
): Promise<{ origin: string; prefix: string }> {
  const origin = upstream ?? (await environmentUpstream(env));
  return origin === undefined
    ? { origin: `https://${host}`, prefix: "" }
    : { origin, prefix: `/${host}` };
}

async function environmentUpstream(env?: Env): Promise<string | undefined> {
  const given = await readEnv("FAL_PROXY_UPSTREAM", env);
  return given && (checkedUpstreams[given] ??= checkUpstream(given));
}
