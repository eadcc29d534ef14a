/** `@fal-ai/server-proxy/prices`: what calls cost. */
export { falPrices, type FalPricesOptions } from "./fal-prices.ts";
export type { PriceRules, Prices } from "./prices.ts";
export type { PriceAlarm, PriceArchive, PriceListOptions } from "./pricing-api.ts";
export type {
  Amount,
  CountField,
  FilmTokens,
  GivenMedia,
  LengthField,
  PriceRule,
  SizeField,
  Surcharge,
  WordField,
} from "./rule.ts";
export { isQuote, type Quote, type Unpriced } from "./quote.ts";
