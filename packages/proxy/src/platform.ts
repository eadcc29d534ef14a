/** What runtimes hand to a `Request → Response` handler besides the request. */
import type { Env } from "./environment.ts";

/** Bun's server: the second argument of its `fetch`. */
interface BunServer {
  timeout(request: Request, seconds: number): void;
  requestIP(request: Request): { readonly address: string } | null;
}

/** Deno's and Node's (`@hono/node-server`) word on the peer. */
interface Peer {
  readonly remoteAddr?: { readonly hostname?: string };
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
}

/** What is known of the place where a request arrived. */
export interface Platform {
  /** Bindings of the platform, searched for FAL_KEY. */
  readonly env: Env;
  /** The address of the peer that connected. */
  readonly ip: string | undefined;
}

/**
 * Reads the second argument of a handler, or Hono's `env`: bindings (Workers), the server (Bun), or
 * who connected (Deno, Node). On Bun it lifts the limit of 10 s on a silence for this request: fal's
 * streams speak every 15 s.
 */
export function readPlatform(request: Request, given: unknown): Platform {
  if (typeof given !== "object" || given === null) return { env: undefined, ip: undefined };
  const server = "server" in given ? given.server : given;
  if (isBunServer(server)) {
    server.timeout(request, 0);
    return { env: given, ip: server.requestIP(request)?.address };
  }
  const { remoteAddr, incoming } = given as Peer;
  return { env: given, ip: remoteAddr?.hostname ?? incoming?.socket?.remoteAddress };
}

const isBunServer = (value: unknown): value is BunServer =>
  typeof (value as BunServer | undefined)?.timeout === "function" &&
  typeof (value as BunServer).requestIP === "function";
