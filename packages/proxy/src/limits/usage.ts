/** What a caller has left: for the app's usage page, as numbers and without those that all callers share. */
import { authenticate } from "../authenticate.ts";
import type { Call } from "../call.ts";
import { resolveConfig } from "../config.ts";
import { fault } from "../fault.ts";
import { writeAmount } from "../money/amount.ts";
import { Refused, toAnswer, type Refusal } from "../refusal.ts";
import { StoreUnavailable, type Seen } from "../stores/store.ts";
import { answer } from "./answer.ts";
import { callBeside, type BesideContext } from "./beside.ts";
import { claimsOf, type Takes } from "./claims.ts";
import type { FalProxy } from "./define.ts";
import { unavailable } from "./refusals.ts";

/** One limit as it stands. Amounts are decimal strings, in USD where that is the unit. */
export interface LimitUsage {
  /** The name of its set. */
  readonly scope: string;
  readonly unit: "usd" | "calls" | "inFlight";
  /** `day`, `1m` and so on; missing for what is under way. */
  readonly per?: string;
  /** `"none"` where there is no limit. */
  readonly limit: string;
  /** `held` is part of it. */
  readonly used: string;
  /** What calls under way may still give back. */
  readonly held: string;
  /** `"none"` where there is no limit; never below 0. */
  readonly left: string;
  /** ISO 8601; missing where it has no end, or moves along. */
  readonly resets_at?: string;
}

export interface Usage {
  readonly limits: readonly LimitUsage[];
  /** Missing in an app without credits. Of several purses the sum, and each by its name. */
  readonly credits?: PurseUsage & { readonly purses?: Readonly<Record<string, PurseUsage>> };
}

/** What is left in a purse; what calls under way may still give back is not in it. */
export interface PurseUsage {
  readonly balance: string;
  readonly held: string;
}

const NOTHING: Takes = { usd: 0n, calls: 0n, inFlight: 0n, credits: 0n };

/**
 * What stands in the limits of a caller.
 *
 * @param call who calls: what the functions of the app's limits ask of it
 * @throws StoreUnavailable where the store has no answer; Refused where a limit needs what the call does not tell
 */
export async function usageOf(fal: FalProxy, call: Call): Promise<Usage> {
  const { store, gauges, purses } = fal.meter.definition;
  const now = Date.now();
  const own = gauges.filter(({ whose }) => !whose.isAll);
  const claims = await claimsOf(call, [...own, ...purses.map(({ gauge }) => gauge)], NOTHING, now);
  const made = claims.flatMap(({ gauge, ...one }) => (gauge ? [{ gauge, ...one }] : []));
  const { buckets } = await store.look({ buckets: made.map(({ claim }) => claim) });
  const filled: Record<string, Pick<Seen, "used" | "held">> = {};
  const limits: LimitUsage[] = [];
  for (const [index, { gauge, claim, limit: configured }] of made.entries()) {
    const { used, held, override } = buckets[index] ?? { used: 0n, held: 0n };
    const { scope, unit, per } = gauge;
    if (unit === "credits") {
      filled[scope] = { used, held };
      continue;
    }
    const write = unit === "usd" ? writeAmount : String;
    const limit = override ?? configured ?? "none";
    const left = limit === "none" ? limit : write(limit > used ? limit - used : 0n);
    limits.push({
      scope,
      unit,
      ...(per !== "" && { per }),
      limit: limit === "none" ? limit : write(limit),
      used: write(used),
      held: write(held),
      left,
      ...(claim.until !== undefined && { resets_at: new Date(claim.until).toISOString() }),
    });
  }
  return { limits, ...(purses.length > 0 && { credits: creditsOf(filled) }) };
}

function creditsOf(
  purses: Readonly<Record<string, Pick<Seen, "used" | "held">>>,
): NonNullable<Usage["credits"]> {
  const write = ({ used, held }: Pick<Seen, "used" | "held">): PurseUsage => ({
    balance: writeAmount(-used),
    held: writeAmount(held),
  });
  const all = Object.values(purses);
  const sum = {
    used: all.reduce((total, { used }) => total + used, 0n),
    held: all.reduce((total, { held }) => total + held, 0n),
  };
  if (all.length === 1) return write(sum);
  const each = Object.entries(purses).map(([name, purse]) => [name, write(purse)] as const);
  return { ...write(sum), purses: Object.fromEntries(each) };
}

/**
 * A route that answers what the caller has left: `Request → Response`, on any host that has such routes. Who calls is
 * what `isAuthenticated` answers. With limits by address it has to be told that, as `{ ip }`.
 *
 * @returns 200 with {@link Usage}; 401 for a caller who is not signed in; 503 while the store has no answer
 *
 * @example
 * ```ts
 * export const GET = createUsageHandler(fal);
 * ```
 */
export function createUsageHandler(
  fal: FalProxy,
): (request: Request, context?: BesideContext) => Promise<Response> {
  const config = resolveConfig(fal);
  const refused = (refusal: Refusal): Response => {
    const { status, body } = toAnswer(refusal, config.development);
    return answer(status, body);
  };
  return async (request, context) => {
    const call = await callBeside("usage", request, config, context);
    try {
      const refusal = await authenticate(call);
      return refusal ? refused(refusal) : answer(200, await usageOf(fal, call));
    } catch (error) {
      if (error instanceof Refused) return refused(error.refusal);
      return refused(error instanceof StoreUnavailable ? unavailable(error) : fault(call, error));
    }
  };
}
