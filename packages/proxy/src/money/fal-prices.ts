/** What calls cost: the app's own rules, then the shipped ones, then fal's list where that says enough. */
import { writeAmount } from "./amount.ts";
import { DEFAULT_PRICES } from "./defaults.ts";
import { compileListed } from "./listed.ts";
import { compilePrices, type PriceRules, type Prices } from "./prices.ts";
import { createPriceList, type PriceListOptions } from "./pricing-api.ts";
import { isQuote, type Quote } from "./quote.ts";

export interface FalPricesOptions {
  /** The shipped prices, dated snapshots of what public apps call most. @default true */
  defaults?: boolean;
  /**
   * fal's list, read with the key of the calls: prices what no rule does and whose unit is plain, and sounds the alarm
   * where a rule's price is another. `false` reads nothing.
   *
   * @default {}
   */
  list?: PriceListOptions | false;
  /**
   * What an estimate from fal's list is multiplied by, since the list does not say which fields make a call dearer.
   * fal's own count settles it.
   *
   * @default 3
   */
  listMargin?: number | string;
}

/**
 * Prices for limits in dollars and for credits.
 *
 * @param rules of the app's own, which come first: by endpoint id or pattern, an id before patterns, of these the longest
 * @returns a call without a price is refused with 422 `price_unknown`
 * @throws TypeError that names the rule or option and what is wrong with it
 *
 * @example
 * ```ts
 * falPrices({ "fal-ai/veo3/fast": { seconds: "duration", usd: "0.15", max: 1.2 } })
 * ```
 */
export function falPrices(
  rules: PriceRules = {},
  { defaults = true, list: listOptions = {}, listMargin = 3 }: FalPricesOptions = {},
): Prices {
  const ruled = compilePrices(rules, ...(defaults ? [DEFAULT_PRICES] : []));
  if (listOptions === false) return ruled;
  const list = createPriceList(listOptions);
  const listed = compileListed(listMargin);

  function compare(endpoint: string, quote: Quote): void {
    const price = list.find(endpoint);
    if (price === undefined || price.usd === quote.unitPrice) return;
    list.alarm({
      kind: "differs",
      endpoint,
      message: `fal lists ${endpoint} at ${writeAmount(price.usd)} USD per ${price.unit}, and the rule ${quote.rule} has ${writeAmount(quote.unitPrice)}: bills are settled by the rule.`,
    });
  }

  return {
    quote(endpoint, input) {
      const result = ruled.quote(endpoint, input);
      if (isQuote(result)) {
        compare(endpoint, result);
        return result;
      }
      // A rule that cannot tell has the last word.
      if (result.field !== undefined) return result;
      const price = list.find(endpoint);
      return price ? listed(endpoint, price, input) : { ...result, coming: list.settled() };
    },
  };
}
