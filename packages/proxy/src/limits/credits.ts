/** Credits that an app sells: a purse for each user, and what a call takes out of it. */
import type { Call } from "../call.ts";
import { checkEndpoints } from "../check.ts";
import { compileGlobs } from "../glob.ts";
import { NANO, readAmount } from "../money/amount.ts";
import type { Quote } from "../money/quote.ts";
import type { BucketRef } from "../stores/store.ts";
import { USER, whoseOf, type Gauge } from "./gauge.ts";
import type { CreditCost, CreditsOptions } from "./options.ts";
import { subject, userSubject } from "./subject.ts";

/** Its name within a subject. */
const GUARD = "credits";
/** The name of its set, in messages and of subjects that `by` names. */
const SCOPE = "credits";

/** Ready to be asked. */
export interface Credits {
  readonly gauge: Gauge;
  /** Whether its cost depends on what the call costs in USD. */
  readonly needsQuote: (endpoint: string) => boolean;
  readonly settle: "quoted" | "actual";
  readonly unknown: "charge" | "release";
  /** Billionths of a credit; undefined where no cost is told for the endpoint. @throws TypeError for no amount */
  costOf(
    endpoint: string,
    quote: Pick<Quote, "usd" | "rule"> | undefined,
    call?: Call,
  ): bigint | undefined;
}

/**
 * The purse of a user, or of whom `credits.by` named, for `store.enter` and `store.look`.
 *
 * @param id the id that `isAuthenticated` answers, and the tenant where there is one; or what `by` gave, with `named`
 *
 * @example
 * ```ts
 * await store.enter({ id: payment.id, purse: credits(userId), amount: creditAmount(500) });
 * await store.enter({ id: payment.id, purse: credits(team, { named: true }), amount: creditAmount(500) });
 * ```
 */
export async function credits(
  id: string,
  { tenant, named = false }: { tenant?: string; named?: boolean } = {},
): Promise<BucketRef> {
  const user = { id, ...(tenant !== undefined && { tenant }) };
  return purseOf(await (named ? subject(SCOPE, id) : userSubject(user)));
}

/** An amount of credits as the store counts it. @throws TypeError for more than 9 places, or a text that is no amount */
export function creditAmount(amount: number | string): bigint {
  const text = String(amount);
  return text.startsWith("-")
    ? -readAmount(text.slice(1), "an amount of credits")
    : readAmount(text, "an amount of credits");
}

const purseOf = (subject: string): BucketRef => ({
  bucket: `${subject}|${GUARD}|`,
  kind: "spend",
  subject,
  guard: GUARD,
});

/** @throws TypeError that names what is wrong */
export function compileCredits({
  by = "user",
  cost,
  settle = "quoted",
  unknown = "release",
}: CreditsOptions): Credits {
  if (settle !== "quoted" && settle !== "actual")
    throw new TypeError('fal proxy: credits.settle must be "quoted" or "actual".');
  if (unknown !== "charge" && unknown !== "release")
    throw new TypeError('fal proxy: credits.unknown must be "charge" or "release".');
  const find = costFinder(cost);
  const whose = by === "user" ? USER : whoseOf(SCOPE, by);
  return {
    settle,
    unknown,
    needsQuote: (endpoint) => typeof find(endpoint) === "function",
    costOf: (endpoint, quote, call) => {
      const found = find(endpoint);
      if (found === undefined) return undefined;
      if (typeof found !== "function") return readAmount(found, "credits.cost");
      // What nobody can price costs no credits that anybody could tell.
      if (quote === undefined) return undefined;
      const { usd, rule } = quote;
      return readAmount(found({ usd: Number(usd) / Number(NANO), rule }, call), "credits.cost");
    },
    gauge: {
      scope: SCOPE,
      unit: "credits",
      per: "ever",
      guard: GUARD,
      rolling: undefined,
      dryRun: false,
      failOpen: false,
      whose,
      matches: (endpoint) => find(endpoint) !== undefined,
      // A balance is what was entered and not yet used.
      limitOf: () => 0n,
      windowOf: () => undefined,
    },
  };
}

function costFinder(cost: CreditsOptions["cost"]): (endpoint: string) => CreditCost | undefined {
  if (cost === undefined || cost === null) {
    throw new TypeError(
      'fal proxy: credits.cost must say what calls cost: { "fal-ai/flux/**": 1 }.',
    );
  }
  if (typeof cost !== "object") {
    if (typeof cost !== "function") readAmount(cost, "credits.cost");
    return () => cost;
  }
  checkEndpoints(Object.keys(cost), "credits.cost");
  const rules = Object.entries(cost)
    .map(([pattern, one]) => {
      if (typeof one !== "function") readAmount(one, `credits.cost["${pattern}"]`);
      return { globs: compileGlobs([pattern], "credits.cost"), length: pattern.length, one };
    })
    .sort((one, other) => other.length - one.length);
  return (endpoint) => rules.find(({ globs }) => globs.match(endpoint))?.one;
}
