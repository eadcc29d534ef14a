/** A request that is not for fal, as a call: so that the app's own functions can be asked who it is from. */
import { bufferedBody } from "../body.ts";
import type { ResolvedConfig } from "../config.ts";
import type { Env } from "../environment.ts";
import { OpenCall } from "../open-call.ts";

/** What a host knows besides the Request. */
export interface BesideContext {
  /** The address of the caller, for limits by it. */
  ip?: string | undefined;
  /** Bindings that the platform hands over per call (Workers). */
  env?: Env;
}

/** @param id what its events say in the place of an adapter's id */
export async function callBeside(
  id: string,
  request: Request,
  config: ResolvedConfig,
  { ip, env }: BesideContext = {},
): Promise<OpenCall> {
  const { headers, method } = request;
  const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
  return new OpenCall({
    config,
    id,
    method,
    header: (name) => headers.get(name) ?? undefined,
    headers: () => headers,
    body: body && bufferedBody(body, config.maxBodyBytes),
    ip,
    native: request,
    env,
    keepsCoding: true,
    waitUntil: undefined,
    background: new Set(),
    adapterKey: undefined,
  });
}
