/** What was charged: one row for each answer of a model that named billable units. */
import { type Answer, json } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Model } from "./model.ts";
import { listed, paged } from "./paging.ts";

/** One charge, as `GET /v1/models/billing-events` tells it. */
export interface Charge {
  readonly requestId: string;
  /** The full endpoint id. */
  readonly endpointId: string;
  /** Who pays: the part of the key before its colon. */
  readonly account: string;
  /** As the reply said in `x-fal-billable-units`, decimal text. */
  readonly units: string;
  /** fal's name of the unit; undefined for a model without a price. */
  readonly unit: string | undefined;
  /** USD for one unit, decimal text; `"0"` for a model without a price. */
  readonly unitPrice: string;
  /** `units` times `unitPrice` in nano-dollars (10⁻⁹ USD), half up. */
  readonly costNanoUsd: bigint;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Billing {
  /** In the order in which they were made; the newest 100,000. */
  readonly charges: readonly Charge[];
  /** Notes what a reply says it cost: nothing for no units, and for zero. */
  charge(model: Model, account: string, requestId: string, units: string | undefined): void;
  reset(): void;
}

const kept = 100_000;

export function createBilling(): Billing {
  const charges: Charge[] = [];
  return {
    charges,
    charge(model, account, requestId, units) {
      if (units === undefined || Number(units) === 0) return;
      const unitPrice = decimal(model.price?.unitPrice ?? 0);
      charges.push({
        requestId,
        endpointId: model.id,
        account,
        units,
        unit: model.price?.unit,
        unitPrice,
        costNanoUsd: product(units, unitPrice),
        at: Date.now(),
      });
      if (charges.length > kept) charges.splice(0, charges.length - kept);
    },
    reset: () => void (charges.length = 0),
  };
}

/** `GET /v1/models/billing-events`: single charges, the newest first. The caller has an admin key. */
export function billingEvents(exchange: Exchange, { charges }: Billing): Answer {
  const ids = listed(exchange, "request_id");
  const found = within(exchange, charges)
    .filter(({ requestId }) => ids.length === 0 || ids.includes(requestId))
    .toReversed();
  const { page, ...rest } = paged(exchange, found);
  const events = page.map((charge) => ({
    request_id: charge.requestId,
    endpoint_id: charge.endpointId,
    timestamp: new Date(charge.at).toISOString(),
    output_units: Number(charge.units),
    unit_price: Number(charge.unitPrice),
    percent_discount: 0,
    cost_total: Number(charge.costNanoUsd) / 1e9,
    cost_estimate_nano_usd: Number(charge.costNanoUsd),
  }));
  return json(200, { billing_events: events, ...rest });
}

const HOUR = 3_600_000;

/** `GET /v1/models/usage`: the same charges by hour and endpoint. The caller has an admin key. */
export function usage(exchange: Exchange, { charges }: Billing): Answer {
  const found = within(exchange, charges);
  const buckets = grouped(found, ({ at }) => new Date(at - (at % HOUR)).toISOString());
  const series = [...buckets].map(([bucket, rows]) => ({ bucket, results: summed(rows) }));
  const { page, ...rest } = paged(exchange, series);
  return json(200, { time_series: page, summary: summed(found), ...rest });
}

/** One row for each endpoint. */
function summed(charges: readonly Charge[]): object[] {
  return [...grouped(charges, ({ endpointId }) => endpointId)].map(([endpointId, rows]) => {
    const nano = rows.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n);
    return {
      endpoint_id: endpointId,
      unit: rows[0]!.unit ?? null,
      quantity: rows.reduce((sum, { units }) => sum + Number(units), 0),
      unit_price: Number(rows[0]!.unitPrice),
      cost: Number(nano) / 1e9,
      currency: "USD",
      auth_method: "api_key",
    };
  });
}

/** `Map.groupBy`, which Node 20 lacks. */
function grouped(
  charges: readonly Charge[],
  by: (charge: Charge) => string,
): Map<string, Charge[]> {
  const groups = new Map<string, Charge[]>();
  for (const charge of charges) {
    const name = by(charge);
    const group = groups.get(name);
    if (group) group.push(charge);
    else groups.set(name, [charge]);
  }
  return groups;
}

/** The charges that the query asks for by endpoint and time. */
function within(exchange: Exchange, charges: readonly Charge[]): Charge[] {
  const ids = listed(exchange, "endpoint_id");
  const start = Date.parse(exchange.query.get("start") ?? "") || -Infinity;
  const end = Date.parse(exchange.query.get("end") ?? "") || Infinity;
  return charges.filter(
    ({ endpointId, at }) =>
      (ids.length === 0 || ids.includes(endpointId)) && at >= start && at < end,
  );
}

/** A price as decimal text, also where JavaScript writes an exponent. */
const decimal = (price: number): string =>
  String(price).includes("e") ? price.toFixed(12).replace(/\.?0+$/, "") : String(price);

/** Two decimal texts multiplied, in units of 10⁻⁹, half up. */
function product(one: string, other: string): bigint {
  const [a, scaleA] = whole(one);
  const [b, scaleB] = whole(other);
  const unit = 10n ** BigInt(scaleA + scaleB);
  return (a * b * 1_000_000_000n * 2n + unit) / (unit * 2n);
}

/** A decimal text as an integer and the number of its places. */
function whole(text: string): [value: bigint, places: number] {
  const [integer = "0", fraction = ""] = text.split(".");
  return [BigInt(integer + fraction), fraction.length];
}
