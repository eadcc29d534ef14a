/** Whose key pays: the `authorization` value that goes to fal, or why there is none. */
import type { HookCall, Incoming } from "./call.ts";
import type { ProxyConfig } from "./options.ts";
import { readEnv, type Env } from "./environment.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** A fal key that the caller brought along: `Key …`, and nothing else, is a fal credential. */
export function callerKey(incoming: Incoming): string | undefined {
  const value = incoming.header("authorization");
  return value !== undefined && /^key\s+\S/i.test(value) ? value : undefined;
}

/**
 * The operator's key as it stands in the environment, without a scheme: `FAL_KEY`, else
 * `FAL_KEY_ID` and `FAL_KEY_SECRET` joined by a colon.
 */
export function keyFromEnv(env?: Env): string | undefined {
  const key = readEnv("FAL_KEY", env);
  if (key !== undefined) return key;
  const id = readEnv("FAL_KEY_ID", env);
  const secret = readEnv("FAL_KEY_SECRET", env);
  return id !== undefined && secret !== undefined ? `${id}:${secret}` : undefined;
}

/** Where the operator's key comes from, in order: `resolveFalAuth`, the adapter, the environment. */
export async function operatorCredential(
  resolveFalAuth: ProxyConfig["resolveFalAuth"],
  call: HookCall,
  incoming: Incoming,
): Promise<string | Refusal> {
  if (resolveFalAuth !== undefined) {
    const value = await resolveFalAuth(call);
    return toAuthorization(value, "resolveFalAuth returned");
  }
  const fromAdapter = await incoming.resolveApiKey?.();
  if (fromAdapter) return toAuthorization(fromAdapter, "The adapter's key option gave");
  return toAuthorization(keyFromEnv(incoming.env), "The environment variable FAL_KEY holds");
}

/**
 * Makes an `Authorization` value of what operators really put in: quotes from a copied .env line,
 * white space around, a scheme already in front or missing.
 *
 * @returns `Key …` (or the given `Bearer …`), or `no_credentials`, whose message never repeats it
 */
export function toAuthorization(value: unknown, from: string): string | Refusal {
  const text = typeof value === "string" ? unquote(value) : "";
  const [, scheme, rest] = /^(?:(key|bearer)(?:\s+|$))?(.*)$/is.exec(text) as unknown as string[];
  const secret = unquote(rest ?? "").replace(/^(?:key(?:\s+|$))+/i, "");
  if (secret === "" || secret === "undefined" || secret === "null") return missing(from);
  if (/[^\x21-\x7e]/.test(secret)) {
    return refuse("no_credentials", OPERATOR_TROUBLE, {
      hint: `${from} a value with white space or non-ASCII characters inside: it is no fal key.`,
    });
  }
  return `${scheme?.toLowerCase() === "bearer" ? "Bearer" : "Key"} ${secret}`;
}

const OPERATOR_TROUBLE =
  "The server has no usable fal key: its operator must set the FAL_KEY environment variable.";

const missing = (from: string): Refusal =>
  refuse("no_credentials", OPERATOR_TROUBLE, {
    hint: `${from} nothing. A key has the form <id>:<secret>, from fal.ai/dashboard/keys.`,
  });

const unquote = (text: string): string =>
  text
    .trim()
    .replace(/^(["'])(.*)\1$/s, "$2")
    .trim();
