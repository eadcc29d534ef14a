/** What a job carries to be settled by: the price of its day, and what each of its claims counts. Kept with it as JSON. */
import { costOf, readUnits, writeAmount } from "../money/amount.ts";
import type { Quote } from "../money/quote.ts";
import type { Job } from "../stores/store.ts";
import type { Definition } from "./definition.ts";
import type { Unit } from "./gauge.ts";
import type { Verdict } from "./verdict.ts";

interface PriceTag {
  /** Of each claim; null for the one by which a subject is blocked. */
  readonly units: readonly (Unit | null)[];
  /** The purse that pays. */
  readonly purse?: string | undefined;
  readonly usd?: string;
  readonly unitPrice?: string;
  readonly rule?: string;
  readonly asOf?: string | undefined;
  readonly source?: string | undefined;
}

export function writeTag(
  units: readonly (Unit | null)[],
  quote: Quote | undefined,
  purse: string | undefined,
): string {
  const tag: PriceTag = {
    units,
    purse,
    ...(quote && {
      usd: `${quote.usd}`,
      unitPrice: `${quote.unitPrice}`,
      rule: quote.rule,
      asOf: quote.asOf,
      source: quote.source,
    }),
  };
  return JSON.stringify(tag);
}

const readTag = ({ price }: Pick<Job, "price">): PriceTag =>
  price === undefined ? { units: [] } : (JSON.parse(price) as PriceTag);

export interface Settlement {
  /** What is to stand in each bucket of the job. */
  readonly amounts: readonly bigint[];
  /** What fal has billed above what was quoted, by which rule. */
  readonly overrun?: { rule: string; quotedUsd: string; billedUsd: string };
}

/** What a verdict comes to. */
export function settlementOf(
  job: Pick<Job, "price" | "bookings" | "endpoint">,
  { state, units, billed: told, unknown = false }: Verdict,
  { purses, unknown: policy }: Pick<Definition, "purses" | "unknown">,
): Settlement {
  const tag = readTag(job);
  const credits = purses.find(({ name }) => name === tag.purse);
  const counted = readUnits(units);
  const unitPrice = tag.unitPrice === undefined ? undefined : BigInt(tag.unitPrice);
  const billed =
    counted === undefined || unitPrice === undefined ? told : costOf(counted, unitPrice, "half-up");
  const amounts = job.bookings.map(({ booked, amount }, index) => {
    if (state === "void") return 0n;
    switch (tag.units[index]) {
      case "usd":
        if (billed !== undefined) return billed;
        return unknown && policy === "release" ? 0n : amount;
      case "credits":
        if (unknown) return credits?.unknown === "charge" ? amount : 0n;
        if (billed === undefined || credits?.settle !== "actual") return amount;
        return credits.costOf(job.endpoint, { usd: billed, rule: tag.rule ?? "" }) ?? amount;
      default:
        return booked;
    }
  });
  const { usd, rule = "" } = tag;
  if (billed === undefined || usd === undefined || billed <= BigInt(usd)) return { amounts };
  const [quotedUsd, billedUsd] = [writeAmount(BigInt(usd)), writeAmount(billed)];
  return { amounts, overrun: { rule, quotedUsd, billedUsd } };
}

/** What is told of a job's money. */
export function moneyOf(job: Pick<Job, "price" | "bookings">): {
  rule: string | undefined;
  quotedUsd: string | undefined;
  bookedUsd: string | undefined;
} {
  const { usd, rule, units } = readTag(job);
  const at = units.indexOf("usd");
  return {
    rule,
    quotedUsd: usd === undefined ? undefined : writeAmount(BigInt(usd)),
    bookedUsd: at < 0 ? undefined : writeAmount(job.bookings[at]?.booked ?? 0n),
  };
}
