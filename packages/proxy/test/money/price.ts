/** What the tests of prices ask. */
import { writeAmount } from "../../src/money/amount.ts";
import type { Prices } from "../../src/money/prices.ts";
import { isQuote, type Input } from "../../src/money/quote.ts";

/** The price in USD once it is known, or why there is none. */
export async function price(prices: Prices, endpoint: string, input: Input = {}): Promise<string> {
  let result = prices.quote(endpoint, input);
  if ("coming" in result) {
    await result.coming;
    result = prices.quote(endpoint, input);
  }
  return isQuote(result) ? writeAmount(result.usd) : (result.field ?? result.why);
}
