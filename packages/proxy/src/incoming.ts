/** What a front supplies about a request, before anything is decided. */
import type { Background } from "./background.ts";
import type { IncomingBody } from "./body.ts";
import type { ResolvedConfig } from "./config.ts";
import type { Env } from "./environment.ts";

/** Hands work that outlives the answer to whoever keeps the process alive meanwhile. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Header names in lower case throughout. */
export interface Incoming {
  /** The options that judge it. */
  readonly config: ResolvedConfig;
  /** The adapter's id, such as `express`. */
  readonly id: string;
  readonly method: string;
  /** One header by its lower-case name; repeats joined by `, `. */
  readonly header: (name: string) => string | undefined;
  readonly headers: () => Iterable<readonly [string, string]>;
  /** Undefined when the request has none. */
  readonly body: IncomingBody | undefined;
  /** The address of the peer that connected, where the platform tells it. */
  readonly ip: string | undefined;
  /** The framework's own request object or context. */
  readonly native: unknown;
  /** Bindings that the platform hands over per call. */
  readonly env: Env;
  /** Whether a reply's `content-encoding` survives from fal to the caller: if not, replies go out plain. */
  readonly keepsCoding: boolean;
  /** The platform's own way to keep a process alive after the answer, where it hands one over. */
  readonly waitUntil: WaitUntil | undefined;
  /** What the front has under way besides its answers. */
  readonly background: Background;
  /** Where the adapter itself is told a key (Hono's `resolveApiKey`, SvelteKit's `credentials`). */
  readonly adapterKey: (() => Promise<string | undefined>) | undefined;
}
