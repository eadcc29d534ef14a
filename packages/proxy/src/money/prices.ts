/** Which rule prices an endpoint: the app's own, exact before patterns, then the shipped ones. */
import { checkEndpoints } from "../check.ts";
import { compileGlobs } from "../glob.ts";
import { compileRule, type Input, type Pricer, type Quote, type Unpriced } from "./quote.ts";
import type { PriceRule } from "./rule.ts";

/** Rules by endpoint id or pattern: `{ "fal-ai/flux/dev": …, "fal-ai/veo3/**": … }`. */
export type PriceRules = Readonly<Record<string, PriceRule>>;

/** Where a call's price comes from. */
export interface Prices {
  /**
   * What a call may cost.
   *
   * @param endpoint its id, such as `fal-ai/flux/dev`; no price covers an id by a part of it
   * @param input what fal will run with; undefined where it cannot be read
   */
  quote(endpoint: string, input: Input | undefined): Quote | Unpriced;
}

// Endpoint ids come from callers: what is remembered of them is bounded.
const REMEMBERED = 1000;

/**
 * Puts lists of rules behind one another; the first list that has one for an endpoint prices it.
 *
 * @param lists within each, an exact id wins over patterns, and of these the longest
 * @throws TypeError that names the rule and what is wrong with it
 */
export function compilePrices(...lists: readonly PriceRules[]): Prices {
  const finders = lists.map(finderOf);
  const remembered = new Map<string, Pricer | undefined>();
  const find = (endpoint: string): Pricer | undefined => {
    for (const finder of finders) {
      const found = finder(endpoint);
      if (found) return found;
    }
    return undefined;
  };
  return {
    quote(endpoint, input) {
      if (!remembered.has(endpoint)) {
        if (remembered.size >= REMEMBERED) remembered.clear();
        remembered.set(endpoint, find(endpoint));
      }
      const pricer = remembered.get(endpoint);
      return pricer ? pricer(input) : { field: undefined, why: `no rule prices ${endpoint}` };
    },
  };
}

function finderOf(rules: PriceRules): (endpoint: string) => Pricer | undefined {
  checkEndpoints(Object.keys(rules), "prices");
  const exact = new Map<string, Pricer>();
  const patterns: { matches(endpoint: string): boolean; length: number; pricer: Pricer }[] = [];
  for (const [pattern, rule] of Object.entries(rules)) {
    const pricer = compileRule(pattern, rule);
    if (/[*?[\]{}!]/.test(pattern)) {
      const globs = compileGlobs([pattern], "prices");
      patterns.push({ matches: (id) => globs.match(id), length: pattern.length, pricer });
    } else exact.set(pattern, pricer);
  }
  patterns.sort((one, other) => other.length - one.length);
  return (endpoint) =>
    exact.get(endpoint) ?? patterns.find(({ matches }) => matches(endpoint))?.pricer;
}
