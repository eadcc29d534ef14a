/** From a rule and an input to what the call may cost: never less than it can come to. */
import { costOf, NANO, readAmount } from "./amount.ts";
import { count, words, type Fail, type Input, type Named, type Unpriced } from "./field.ts";
import { fieldsOf, givenMedia, measureOf } from "./measure.ts";
import type { PriceRule, Surcharge } from "./rule.ts";
import { WATCHED } from "./watch-list.ts";

/** What a call may cost, and by what it is settled. */
export interface Quote {
  /** Nano-dollars, rounded up. */
  readonly usd: bigint;
  /** Nano-dollars for one billed unit: fal's own count is multiplied by it afterwards. */
  readonly unitPrice: bigint;
  /** The pattern of the rule, as it was given. */
  readonly rule: string;
  /** True where the input did not tell and the rule's `max` was taken. */
  readonly isMax: boolean;
  readonly asOf?: string | undefined;
  readonly source?: string | undefined;
}

/** A rule that was checked. */
export type Pricer = (input: Input | undefined) => Quote | Unpriced;

/**
 * Checks a rule and makes it ready.
 *
 * @param pattern the endpoint pattern that it stands under
 * @throws TypeError that names the rule, what is wrong with it, and the right form
 */
export function compileRule(pattern: string, rule: PriceRule): Pricer {
  const fail: Fail = (what) => {
    throw new TypeError(`fal proxy: the price of ${JSON.stringify(pattern)} ${what}.`);
  };
  const named = (part: string): string => `${part} in the price of ${JSON.stringify(pattern)}`;
  const unitPrice = readAmount(rule.usd, named("usd"));
  const margin = readAmount(rule.margin ?? 1, named("margin"));
  if (margin < NANO) fail("has a margin below 1: an estimate would be less than the bill");
  const max = rule.max === undefined ? undefined : readAmount(rule.max, named("max"));
  const { onUnknown = max === undefined ? "refuse" : "max" } = rule;
  if (onUnknown !== "max" && onUnknown !== "refuse")
    fail('has an onUnknown other than "max" or "refuse"');
  if (onUnknown === "max" && max === undefined) fail('says onUnknown: "max" and has no max');

  const measure = measureOf(rule, fail, named);
  const given = rule.given && givenMedia(rule.given, fail, named);
  const times = Object.entries(rule.times ?? {});
  const factors = times.map(([field, by]) =>
    "words" in by ? words(field, by, fail, named) : count(field, by, fail),
  );
  const plus = (rule.plus ?? []).map((one) => surcharge(one, named));
  const known = new Set([
    ...(rule.ignore ?? []),
    ...fieldsOf(rule),
    ...times.map(([field]) => field),
    ...(rule.plus ?? []).map(({ field }) => field),
    ...(rule.given ? [rule.given.field] : []),
  ]);
  const { asOf, source } = rule;
  const quoteOf = (usd: bigint, isMax: boolean): Quote => ({
    usd,
    isMax,
    unitPrice,
    rule: pattern,
    asOf,
    source,
  });

  return (input) => {
    const open = (unpriced: Unpriced): Quote | Unpriced =>
      onUnknown === "max" ? quoteOf(max as bigint, true) : unpriced;
    if (input === undefined) return open(UNREAD);
    for (const field of Object.keys(input)) {
      if (WATCHED.has(field) && !known.has(field)) {
        return open({ field, why: "it bears on prices, and the rule does not know it" });
      }
    }
    const bought = measure(input);
    if (typeof bought !== "bigint") return open(bought);
    const media = given?.(input) ?? 0n;
    if (typeof media !== "bigint") return open(media);
    let units = bought + media;
    for (const read of factors) {
      const factor = read(input);
      if (typeof factor !== "bigint") return open(factor);
      units = costOf(units, factor, "up");
    }
    const bare = plus.reduce((sum, add) => sum + add(input), costOf(units, unitPrice, "up"));
    const usd = costOf(bare, margin, "up");
    return quoteOf(max !== undefined && usd > max ? max : usd, false);
  };
}

/** A body too large to be read, or none that is JSON: a `max` prices it. */
const UNREAD: Unpriced = {
  field: undefined,
  why: "its input could not be read, and the rule has no max",
};

export type { Input, Unpriced };

export const isQuote = (result: Quote | Unpriced): result is Quote => "usd" in result;

function surcharge({ field, is, usd }: Surcharge, named: Named): (input: Input) => bigint {
  const amount = readAmount(usd, named(`plus.${field}`));
  return (input) => (input[field] === is ? amount : 0n);
}
