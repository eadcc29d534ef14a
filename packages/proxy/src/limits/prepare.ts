/** What a paid call would take: its price, and a claim for each limit that it falls under. Nothing is taken yet. */
import { isQuote, type Quote } from "../money/quote.ts";
import type { OpenCall } from "../open-call.ts";
import { atMost } from "../promise.ts";
import { isRefusal, Refused, type Refusal } from "../refusal.ts";
import { claimsOf, withBlocks, type Made } from "./claims.ts";
import type { Definition } from "./definition.ts";
import { unpriced } from "./refusals.ts";

/** How long a call waits for a price that is asked for just now, in ms. */
const FOR_PRICE = 2000;

export interface Prepared {
  readonly endpoint: string;
  /** Undefined where no limit needs one. */
  readonly quote: Quote | undefined;
  /** Its claims; where several purses may pay, once for each, in their order. Never empty. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly made: readonly Made[];
  /** Undefined where no credits are asked for. */
  readonly purse: string | undefined;
}

/**
 * @param now in ms since 1970
 * @throws Refused, or what a function of the app throws
 */
export async function prepare(
  call: OpenCall,
  definition: Definition,
  now: number,
): Promise<Prepared | Refusal> {
  const { purses } = definition;
  const endpoint = call.target.endpoint ?? "";
  const gauges = definition.gauges.filter(({ matches }) => matches(endpoint));
  const needsQuote =
    gauges.some(({ unit }) => unit === "usd") || purses.some((purse) => purse.needsQuote(endpoint));
  const quote = needsQuote ? await quoteOf(call, endpoint, definition) : undefined;
  if (isRefusal(quote)) return quote;
  const takes = { calls: 1n, inFlight: 1n, usd: quote?.usd ?? 0n, credits: 0n };
  const made = await claimsOf(call, gauges, takes, now);
  if (purses.length === 0) {
    return { endpoint, quote, ways: [{ made: withBlocks(made), purse: undefined }] };
  }
  const ways: Way[] = [];
  for (const purse of purses) {
    const credits = purse.costOf(endpoint, quote, call);
    if (credits === undefined) continue;
    const paying = await claimsOf(call, [purse.gauge], { ...takes, credits }, now);
    ways.push({ made: withBlocks([...made, ...paying]), purse: purse.name });
  }
  return ways.length > 0
    ? { endpoint, quote, ways }
    : unpriced(endpoint, { field: undefined, why: "credits.cost says nothing of it" });
}

async function quoteOf(
  call: OpenCall,
  endpoint: string,
  { prices }: Definition,
): Promise<Quote | Refusal> {
  let input: Record<string, unknown> | undefined;
  let unread: Refused | undefined;
  try {
    input = await call.inputs();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    unread = error;
  }
  let quote = prices?.quote(endpoint, input);
  if (quote && !isQuote(quote) && quote.coming) {
    await atMost(FOR_PRICE, quote.coming);
    quote = prices?.quote(endpoint, input);
  }
  if (quote && isQuote(quote)) return quote;
  // Why it could not be read says more than that it has no price.
  return (
    unread?.refusal ?? unpriced(endpoint, quote ?? { field: undefined, why: "there are no prices" })
  );
}
