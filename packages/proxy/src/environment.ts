/** Reads environment variables wherever the runtime keeps them, and only when asked. */
import type { WaitUntil } from "./incoming.ts";

/** What a platform hands over per call (Workers bindings), or nothing. */
export type Env = object | undefined;

interface Global {
  process?: { env?: Record<string, string | undefined> };
}

/** A secret that is kept elsewhere and must be asked for (Cloudflare's Secrets Store). */
interface StoredSecret {
  get(): Promise<unknown>;
}

/**
 * A binding of the call first, then `process.env` where there is one; empty counts as unset.
 *
 * @returns a promise only for a binding that must be asked; it rejects when its store fails
 */
export function readEnv(name: string, env?: Env): string | undefined | Promise<string | undefined> {
  const bound = (env as Record<string, unknown> | undefined)?.[name];
  if (typeof bound === "string" && bound !== "") return bound;
  return isStored(bound)
    ? bound.get().then((value) => (typeof value === "string" && value) || processEnv(name))
    : processEnv(name);
}

const isStored = (bound: unknown): bound is StoredSecret =>
  typeof (bound as StoredSecret | null | undefined)?.get === "function";

/** Deno throws for a variable that it was not granted: unset, like one that is empty. */
function processEnv(name: string): string | undefined {
  try {
    return (globalThis as Global).process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether refusals may tell the operator which option to change: a process that does not call
 * itself production. Without `process` (an edge runtime) it is production.
 */
export function isDevelopment(): boolean {
  const hasEnvironment = (globalThis as Global).process?.env !== undefined;
  return hasEnvironment && processEnv("NODE_ENV") !== "production";
}

const VERCEL: unique symbol = Symbol.for("@vercel/request-context") as never;

interface RequestContext {
  get?(): { waitUntil?: WaitUntil } | undefined;
}

/** The `waitUntil` of the request under way, where the platform keeps one in a global (Vercel). */
export function ambientWaitUntil(): WaitUntil | undefined {
  const context = (globalThis as { [VERCEL]?: RequestContext })[VERCEL]?.get?.();
  return context?.waitUntil?.bind(context);
}
