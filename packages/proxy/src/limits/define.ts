/** One definition of a proxy with state: for its route, its webhook, its sweep and its usage page. */
import { compilePrices, type PriceRules, type Prices } from "../money/prices.ts";
import type { ProxyConfig } from "../options.ts";
import type { Store } from "../stores/store.ts";
import { parseUrl } from "../url.ts";
import { Attendance } from "./attendance.ts";
import { compilePurses } from "./credits.ts";
import { createFalBeside } from "./fal-beside.ts";
import { compileLimits } from "./gauge.ts";
import { createMeter, type FalMeter } from "./meter.ts";
import type { DefineOptions } from "./options.ts";

/** What `defineProxy` gives: options that every handler of the library takes. */
export interface FalProxy extends ProxyConfig {
  readonly meter: FalMeter;
}

/**
 * Limits, credits and ownership of jobs, beside all options that a handler takes.
 *
 * @returns options for `createRouteHandler` and its like, with what keeps count among them
 * @throws TypeError that names the option, what is wrong with it, and the right form
 *
 * @example
 * ```ts
 * export const fal = defineProxy({
 *   isAuthenticated: (call) => sessionUser(call.native),
 *   store: memoryStore(),
 *   prices: falPrices(),
 *   limits: { user: { inFlight: 3, calls: { "1m": 20 }, usd: { day: 2 } }, all: { usd: { day: 200 } } },
 * });
 * export const { GET, POST, PUT } = createRouteHandler(fal);
 * ```
 */
export function defineProxy({
  store,
  prices,
  limits = {},
  credits,
  unknown = "charge",
  share,
  ownership = true,
  accounts = {},
  webhookUrl,
  ...config
}: DefineOptions): FalProxy {
  const gauges = compileLimits(limits);
  const purses = compilePurses(credits);
  if (store === undefined) {
    throw new TypeError(
      "fal proxy: defineProxy needs a store, such as memoryStore(): limits, credits and ownership are kept there. Without any of them, give the handler its options as they are.",
    );
  }
  checkStore(store);
  if (prices === undefined && gauges.some(({ unit }) => unit === "usd")) {
    throw new TypeError("fal proxy: limits in usd need prices: prices: falPrices().");
  }
  if (!store.durable && [credits ?? []].flat().some(({ acceptLoss }) => !acceptLoss)) {
    throw new TypeError(
      `fal proxy: credits would be lost with this process, since the ${store.engine} store ends with it. Use another store, or say credits.acceptLoss: true.`,
    );
  }
  if (unknown !== "charge" && unknown !== "release")
    throw new TypeError('fal proxy: unknown must be "charge" or "release".');
  const meter = createMeter({
    store,
    fal: createFalBeside(accounts, config),
    prices: prices && priced(prices),
    gauges,
    purses,
    attendance: new Attendance(store.engine, webhookUrl !== undefined),
    unknown,
    share,
    ownership,
    webhookUrl: webhookUrl === undefined ? undefined : checkWebhook(webhookUrl, config.webhooks),
  });
  return { ...config, ...(webhookUrl !== undefined && { webhooks: "deny" }), meter };
}

/** @throws TypeError for one that fal could not call, or beside callers' own */
function checkWebhook(given: string, webhooks: ProxyConfig["webhooks"]): string {
  const url = parseUrl(given);
  if (url?.protocol !== "https:" && !/^(localhost|127\.|\[::1\])/.test(url?.hostname ?? "")) {
    throw new TypeError(
      'fal proxy: webhookUrl must be a public https URL, such as "https://app.example.com/api/fal/webhook".',
    );
  }
  if (webhooks !== undefined && webhooks !== "deny") {
    throw new TypeError(
      'fal proxy: with webhookUrl, webhooks must be "deny" or left out: a job has one webhook.',
    );
  }
  return given;
}

const priced = (prices: Prices | PriceRules): Prices =>
  typeof prices["quote"] === "function" ? (prices as Prices) : compilePrices(prices as PriceRules);

function checkStore(store: Store): void {
  const lacking = (["take", "advance", "look", "due"] as const).filter(
    (verb) => typeof store[verb] !== "function",
  );
  if (lacking.length > 0)
    throw new TypeError(
      `fal proxy: store has no ${lacking.join(", ")}: give it what memoryStore() and its like make.`,
    );
}
