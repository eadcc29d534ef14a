/** The sweep: looks after jobs that nobody has asked for, from a timer, a cron job or a queue of the host's. */
import { digestOf } from "../digest.ts";
import { StoreUnavailable } from "../stores/store.ts";
import type { FalProxy } from "./define.ts";
import { resolve } from "./resolve.ts";
import { siteBeside, tellTrouble } from "./site.ts";
import { answer } from "./answer.ts";

export interface SweepOptions {
  /** How many jobs are looked at, at most. @default 100 */
  max?: number;
  /** How many are asked for at once. @default 4 */
  concurrency?: number;
  /** When to begin no further one, in ms. @default 25000 */
  within?: number;
}

/** How many jobs there were of each kind. */
export interface Swept {
  /** Whose end is known, or will never be. */
  readonly settled: number;
  /** That wait or run. */
  readonly running: number;
  /** Of which fal said nothing: they come again. */
  readonly unanswered: number;
}

/** How long nobody else gets a job that is looked at, in ms. */
const LEASE = 120_000;

/**
 * Looks at the jobs that are due, once.
 *
 * @throws StoreUnavailable where they could not be had
 * @example
 * ```ts
 * setInterval(() => settleDue(fal).catch(console.error), 60_000);
 * ```
 */
export async function settleDue(
  fal: FalProxy,
  { max = 100, concurrency = 4, within = 25_000 }: SweepOptions = {},
): Promise<Swept> {
  const { definition } = fal.meter;
  definition.attendance.attend();
  const until = Date.now() + within;
  const { site, over } = siteBeside(fal.onEvent, "sweep");
  const jobs = [...(await definition.store.due(max, LEASE))];
  const swept = { settled: 0, running: 0, unanswered: 0 };
  const lane = async (): Promise<void> => {
    for (let job = jobs.shift(); job && Date.now() < until; job = jobs.shift()) {
      swept[(await resolve(site, job, definition)).what] += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  await over();
  return swept;
}

export interface SweepHandlerOptions extends SweepOptions {
  /** What the caller sends as `Authorization: Bearer …`, at least 16 characters. */
  secret: string | undefined;
}

/**
 * A route for a cron job: `Request → Response`, on any host that has such routes.
 *
 * @returns 200 with what was swept as JSON; 401 without the secret; 503 while the store has no answer
 * @throws TypeError without a secret: anybody could make the server work
 *
 * @example
 * ```ts
 * export const GET = createSweepHandler(fal, { secret: process.env.CRON_SECRET });
 * ```
 */
export function createSweepHandler(
  fal: FalProxy,
  { secret, ...options }: SweepHandlerOptions,
): (request: Request) => Promise<Response> {
  if (typeof secret !== "string" || secret.length < 16)
    throw new TypeError("fal proxy: createSweepHandler needs a secret of at least 16 characters.");
  fal.meter.definition.attendance.attend();
  const wanted = digestOf("SHA-256", `Bearer ${secret}`);
  return async (request) => {
    // Of digests, so that the time it takes says nothing about the secret.
    const given = await digestOf("SHA-256", request.headers.get("authorization") ?? "");
    if (given !== (await wanted))
      return answer(401, { message: "Not allowed.", code: "unauthenticated" });
    try {
      return answer(200, await settleDue(fal, options));
    } catch (error) {
      tellTrouble(siteBeside(fal.onEvent, "sweep").site, error);
      const code = error instanceof StoreUnavailable ? "state_unavailable" : "internal_error";
      return answer(code === "internal_error" ? 500 : 503, {
        message: "It could not be swept.",
        code,
      });
    }
  };
}
