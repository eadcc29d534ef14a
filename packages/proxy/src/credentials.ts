/** Whose key pays: the `authorization` value that goes to fal, or why there is none. */
import { readEnv, type Env } from "./environment.ts";
import type { Incoming } from "./incoming.ts";
import type { OpenCall } from "./open-call.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** A fal key that the caller brought along, where one may: `Key …`, and nothing else, is a fal credential. */
export function callerKey(incoming: Incoming): string | undefined {
  const accepted = incoming.config.callerKeys === "accept";
  const value = incoming.header("authorization");
  return accepted && /^key\s+\S/i.test(value ?? "") ? value : undefined;
}

/**
 * The operator's key as it stands in the environment, without a scheme: `FAL_KEY`, else
 * `FAL_KEY_ID` and `FAL_KEY_SECRET` joined by a colon.
 */
export async function keyFromEnv(env?: Env): Promise<string | undefined> {
  const key = await readEnv("FAL_KEY", env);
  if (key !== undefined) return key;
  const id = await readEnv("FAL_KEY_ID", env);
  const secret = await readEnv("FAL_KEY_SECRET", env);
  return id !== undefined && secret !== undefined ? `${id}:${secret}` : undefined;
}

/** Who pays, in order: the caller, `resolveFalAuth`, the adapter's own option, the environment. */
export async function credentialFor(call: OpenCall): Promise<string | Refusal> {
  const own = callerKey(call);
  if (own !== undefined) return own;
  const { resolveFalAuth } = call.config;
  if (resolveFalAuth) return toAuthorization(await resolveFalAuth(call), "resolveFalAuth returned");
  const given = await call.adapterKey?.();
  return given
    ? toAuthorization(given, "The adapter's key option gave")
    : toAuthorization(await keyFromEnv(call.env), "The environment variable FAL_KEY holds");
}

/**
 * Makes an `Authorization` value of what operators really put in: quotes from a copied .env line,
 * white space around, a scheme already in front or missing.
 *
 * @returns `Key …` (or the given `Bearer …`), or `no_credentials`, whose message never repeats it
 */
export function toAuthorization(value: unknown, from: string): string | Refusal {
  const unfit = (why: string): Refusal =>
    refuse("no_credentials", "The server has no usable fal key: its operator must set FAL_KEY.", {
      hint: `${from} ${why}.`,
    });
  const text = typeof value === "string" ? value.replaceAll(/["']/g, "").trim() : "";
  const [, scheme = "", secret = ""] = /^(?:(key|bearer)(?:\s+|$))*(.*)$/is.exec(text) ?? [];
  if (/^(undefined|null)?$/.test(secret)) {
    return unfit("nothing: a key has the form <id>:<secret>, from fal.ai/dashboard/keys");
  }
  if (/[^!-~]/.test(secret)) return unfit("a value with spaces or non-ASCII inside: no fal key");
  return `${/bearer/i.test(scheme) ? "Bearer" : "Key"} ${secret}`;
}
