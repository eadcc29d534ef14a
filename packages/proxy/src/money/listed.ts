/** A price from fal's list alone: only where its unit is plain, and with room for what the list does not say. */
import { NANO, readAmount, writeAmount } from "./amount.ts";
import type { Input } from "./field.ts";
import type { ListedPrice } from "./pricing-api.ts";
import { compileRule, type Quote, type Unpriced } from "./quote.ts";
import type { Measures, PriceRule } from "./rule.ts";

/** What each plain unit counts (pricing facts, section 8.1). Seconds are none of them: tiers hide inside. */
const UNITS = new Map<string, "each" | "megapixels" | "characters">([
  ["image", "each"],
  ["request", "each"],
  ["generation", "each"],
  ["video", "each"],
  ["audio", "each"],
  ["training", "each"],
  ["megapixel", "megapixels"],
  ["1000 character", "characters"],
]);

/** How many of something a call makes, as far as fal's models let it be told. */
const TIMES: NonNullable<PriceRule["times"]> = {
  num_images: { default: 1, max: 100 },
  max_images: { default: 1, max: 100 },
  num_outputs: { default: 1, max: 100 },
};

/** @returns from what fal lists and an input to a quote */
export function compileListed(
  margin: number | string,
): (endpoint: string, price: ListedPrice, input: Input | undefined) => Quote | Unpriced {
  if (readAmount(margin, "listMargin") < NANO)
    throw new TypeError("fal proxy: listMargin must be at least 1.");
  return (endpoint, { usd, unit, at }, input) => {
    const kind = UNITS.get(unit.replace(/s$/, ""));
    if (kind === undefined) {
      return {
        field: undefined,
        why: `fal bills ${endpoint} by ${JSON.stringify(unit)}, which its input does not tell`,
      };
    }
    if (input === undefined) return { field: undefined, why: "its input could not be read" };
    const rule: PriceRule = {
      ...measureBy(kind, input),
      usd: writeAmount(usd),
      times: TIMES,
      margin,
      asOf: new Date(at).toISOString().slice(0, 10),
      source: "pricing API",
    };
    return compileRule(endpoint, rule)(input);
  };
}

function measureBy(kind: "each" | "megapixels" | "characters", input: Input): Measures {
  if (kind === "megapixels") {
    // The largest that any model is known to take for one left out.
    return { megapixels: { field: "image_size", default: { width: 2048, height: 2048 } } };
  }
  if (kind === "each") return { flat: 1 };
  // Which field is spoken is not told: all of its texts.
  const letters = Object.values(input).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? value.length : 0),
    0,
  );
  return { flat: Math.max(1, Math.ceil(letters / 1000)) };
}
