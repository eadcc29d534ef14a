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
  const patterns: Pattern[] = [];
  for (const [pattern, rule] of Object.entries(rules)) {
    const pricer = compileRule(pattern, rule);
    if (/[*?[\]{}!]/.test(pattern)) {
      const globs = compileGlobs([pattern], "prices");
      patterns.push({ text: pattern, matches: (id) => globs.match(id), pricer });
    } else exact.set(pattern, pricer);
  }
  const match = firstMatch(patterns.sort((one, other) => other.text.length - one.text.length));
  return (endpoint) => exact.get(endpoint) ?? match(endpoint)?.pricer;
}

interface Pattern {
  readonly text: string;
  readonly pricer: Pricer;
  matches(endpoint: string): boolean;
}

/** Finds the first that matches. Most patterns name one app: only those of the endpoint's own are tried. */
function firstMatch(patterns: readonly Pattern[]): (endpoint: string) => Pattern | undefined {
  const places = new Map(patterns.map((pattern, place) => [pattern, place]));
  const byApp = new Map<string, Pattern[]>();
  const others: Pattern[] = [];
  for (const pattern of patterns) {
    const app = firstTwo(pattern.text);
    if (!/^[\w.-]+\/[\w.-]+$/.test(app)) others.push(pattern);
    else byApp.set(app, [...(byApp.get(app) ?? []), pattern]);
  }
  return (endpoint) => {
    const own = byApp.get(firstTwo(endpoint))?.find(({ matches }) => matches(endpoint));
    const other = others.find(({ matches }) => matches(endpoint));
    if (own === undefined || other === undefined) return own ?? other;
    return (places.get(own) as number) < (places.get(other) as number) ? own : other;
  };
}

const firstTwo = (text: string): string => text.split("/", 2).join("/");
