/** What a paid call would take: its price, and a claim for each limit that it falls under. Nothing is taken yet. */
import { isQuote, type Quote } from "../money/quote.ts";
import type { OpenCall } from "../open-call.ts";
import { atMost } from "../promise.ts";
import { isRefusal, Refused, type Refusal } from "../refusal.ts";
import { claimsOf, type Made } from "./claims.ts";
import type { Definition } from "./definition.ts";
import { unpriced } from "./refusals.ts";

/** How long a call waits for a price that is asked for just now, in ms. */
const FOR_PRICE = 2000;

export interface Prepared {
  readonly endpoint: string;
  /** Undefined where no limit needs one. */
  readonly quote: Quote | undefined;
  readonly made: readonly Made[];
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
  const { credits } = definition;
  const endpoint = call.target.endpoint ?? "";
  const gauges = definition.gauges.filter(({ matches }) => matches(endpoint));
  const needsQuote = gauges.some(({ unit }) => unit === "usd") || credits?.needsQuote(endpoint);
  const quote = needsQuote ? await quoteOf(call, endpoint, definition) : undefined;
  if (isRefusal(quote)) return quote;
  const cost = credits?.costOf(endpoint, quote, call);
  if (credits && cost === undefined) {
    return unpriced(endpoint, { field: undefined, why: "credits.cost says nothing of it" });
  }
  const takes = { calls: 1n, inFlight: 1n, usd: quote?.usd ?? 0n, credits: cost ?? 0n };
  const made = await claimsOf(call, credits ? [...gauges, credits.gauge] : gauges, takes, now);
  return { endpoint, quote, made };
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
