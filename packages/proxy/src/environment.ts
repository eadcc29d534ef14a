/** Reads environment variables wherever the runtime keeps them, and only when asked. */
import type { WaitUntil } from "./incoming.ts";

/** What a platform hands over per call (Workers bindings), or nothing. */
export type Env = object | undefined;

interface Global {
  process?: { env?: Record<string, string | undefined> };
}

/** A binding of the call first, then `process.env` where there is one; empty counts as unset. */
export function readEnv(name: string, env?: Env): string | undefined {
  const bound = (env as Record<string, unknown> | undefined)?.[name];
  if (typeof bound === "string" && bound !== "") return bound;
  return (globalThis as Global).process?.env?.[name] || undefined;
}

/**
 * Whether refusals may tell the operator which option to change: a process that does not call
 * itself production. Without `process` (an edge runtime) it is production.
 */
export function isDevelopment(): boolean {
  const env = (globalThis as Global).process?.env;
  return env !== undefined && env["NODE_ENV"] !== "production";
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
