/** Credits that an app sells: a purse for each user, and what a call takes out of it. */
import type { Call } from "../call.ts";
import { checkEndpoints } from "../check.ts";
import { compileGlobs } from "../glob.ts";
import { NANO, readAmount } from "../money/amount.ts";
import type { Quote } from "../money/quote.ts";
import type { BucketRef } from "../stores/store.ts";
import { USER, whoseOf, type Gauge } from "./gauge.ts";
import type { CreditCost, CreditsOptions } from "./options.ts";
import { userSubject } from "./subject.ts";

/** Its name within a subject. */
const GUARD = "credits";

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
 * The purse of a user, for `store.enter` and `store.look`.
 *
 * @param user the id that `isAuthenticated` answers, and the tenant where there is one
 *
 * @example
 * ```ts
 * await store.enter({ id: payment.id, purse: credits(userId), amount: creditAmount(500) });
 * ```
 */
export async function credits(
  user: string,
  { tenant }: { tenant?: string } = {},
): Promise<BucketRef> {
  return purseOf(await userSubject({ id: user, ...(tenant !== undefined && { tenant }) }));
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
  const find = costFinder(cost);
  const whose = by === "user" ? USER : whoseOf("credits", by);
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
      scope: "credits",
      unit: "credits",
      per: "ever",
      guard: GUARD,
      rolling: undefined,
      dryRun: false,
      whose,
      matches: (endpoint) => find(endpoint) !== undefined,
      // A balance is what was entered and not yet used.
      limitOf: async () => 0n,
      windowOf: async () => undefined,
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
