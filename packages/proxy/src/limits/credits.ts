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

/** The name of a purse that has none. */
const NAME = "credits";
/** Of subjects that `by` names, and in messages of one purse. */
const SCOPE = "credits";

/** One purse, ready to be asked. */
export interface Credits {
  readonly name: string;
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
 * @param options.purse its name, where there are several
 *
 * @example
 * ```ts
 * await store.enter({ id: payment.id, purse: credits(userId), amount: creditAmount(500) });
 * await store.enter({ id: payment.id, purse: credits(team, { named: true }), amount: creditAmount(500) });
 * ```
 */
export async function credits(
  id: string,
  {
    tenant,
    named = false,
    purse = NAME,
  }: { tenant?: string; named?: boolean; purse?: string } = {},
): Promise<BucketRef> {
  const user = { id, ...(tenant !== undefined && { tenant }) };
  const owner = await (named ? subject(SCOPE, id) : userSubject(user));
  const guard = guardOf(purse);
  return { bucket: `${owner}|${guard}|`, kind: "spend", subject: owner, guard };
}

/** An amount of credits as the store counts it. @throws TypeError for more than 9 places, or a text that is no amount */
export function creditAmount(amount: number | string): bigint {
  const text = String(amount);
  return text.startsWith("-")
    ? -readAmount(text.slice(1), "an amount of credits")
    : readAmount(text, "an amount of credits");
}

/** Its name within a subject. @throws TypeError for a name that could be mistaken */
function guardOf(name: string): string {
  if (!/^[A-Za-z][\w-]{0,31}$/.test(name))
    throw new TypeError(
      `fal proxy: a purse's name must be a word of 1 to 32 letters, such as "trial", not ${JSON.stringify(name)}.`,
    );
  return name === NAME ? NAME : `${NAME} ${name}`;
}

/** The purses, in the order in which they are asked. @throws TypeError that names what is wrong */
export function compilePurses(given: CreditsOptions | readonly CreditsOptions[] = []): Credits[] {
  const purses = [given].flat().map(compilePurse);
  const names = new Set(purses.map(({ name }) => name));
  if (names.size < purses.length)
    throw new TypeError("fal proxy: of several credits, each needs a name of its own.");
  return purses;
}

function compilePurse({
  name = NAME,
  by = "user",
  cost,
  settle = "quoted",
  unknown = "release",
}: CreditsOptions): Credits {
  const guard = guardOf(name);
  if (settle !== "quoted" && settle !== "actual")
    throw new TypeError('fal proxy: credits.settle must be "quoted" or "actual".');
  if (unknown !== "charge" && unknown !== "release")
    throw new TypeError('fal proxy: credits.unknown must be "charge" or "release".');
  const find = costFinder(cost);
  const whose = by === "user" ? USER : whoseOf(SCOPE, by);
  return {
    name,
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
      scope: name,
      unit: "credits",
      per: "ever",
      guard,
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
