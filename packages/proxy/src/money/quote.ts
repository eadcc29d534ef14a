/** From a rule and an input to what the call may cost: never less than it can come to. */
import { costOf, divide, NANO, readAmount } from "./amount.ts";
import { MOST_MEGAPIXELS, megapixelsOf } from "./picture-size.ts";
import type { CountField, LengthField, Measures, PriceRule, Surcharge, WordField } from "./rule.ts";
import { WATCHED } from "./watch-list.ts";

/** What a call may cost, and by what it is settled. */
export interface Quote {
  /** Nano-dollars, rounded up. */
  readonly usd: bigint;
  /** Nano-dollars for one billed unit: fal's own count is multiplied by it afterwards. */
  readonly unitPrice: bigint;
  /** The pattern of the rule, as it was given. */
  readonly rule: string;
  /** True where the input did not tell and the rule's `max` was taken. */
  readonly isMax: boolean;
  readonly asOf?: string;
  readonly source?: string;
}

/** Why a call has no price: which field to change, and what the rule knows. */
export interface Unpriced {
  readonly field: string | undefined;
  readonly why: string;
}

export type Input = Readonly<Record<string, unknown>>;

/** A rule that was checked. */
export type Pricer = (input: Input) => Quote | Unpriced;

/** A number of nano-units or a factor in nano, or why it cannot be told. */
type Measured = bigint | Unpriced;
type Measure = (input: Input) => Measured;

/**
 * Checks a rule and makes it ready.
 *
 * @param pattern the endpoint pattern that it stands under
 * @throws TypeError that names the rule, what is wrong with it, and the right form
 */
export function compileRule(pattern: string, rule: PriceRule): Pricer {
  const fail: Fail = (what) => {
    throw new TypeError(`fal proxy: the price of ${JSON.stringify(pattern)} ${what}.`);
  };
  const named = (part: string): string => `${part} in the price of ${JSON.stringify(pattern)}`;
  const unitPrice = readAmount(rule.usd, named("usd"));
  const margin = readAmount(rule.margin ?? 1, named("margin"));
  if (margin < NANO) fail("has a margin below 1: an estimate would be less than the bill");
  const max = rule.max === undefined ? undefined : readAmount(rule.max, named("max"));
  const { onUnknown = max === undefined ? "refuse" : "max" } = rule;
  if (onUnknown !== "max" && onUnknown !== "refuse")
    fail('has an onUnknown other than "max" or "refuse"');
  if (onUnknown === "max" && max === undefined) fail('says onUnknown: "max" and has no max');

  const measures = [measureOf(rule, fail, named)];
  const known = new Set(rule.ignore);
  for (const [field, times] of Object.entries(rule.times ?? {})) {
    measures.push("words" in times ? words(field, times, fail, named) : count(field, times, fail));
  }
  const plus = (rule.plus ?? []).map((one) => surcharge(one, named));
  for (const field of fieldsOf(rule)) known.add(field);
  const facts = {
    unitPrice,
    rule: pattern,
    ...(rule.asOf !== undefined && { asOf: rule.asOf }),
    ...(rule.source !== undefined && { source: rule.source }),
  };

  return (input) => {
    const open = (unpriced: Unpriced): Quote | Unpriced =>
      onUnknown === "max" ? { ...facts, usd: max as bigint, isMax: true } : unpriced;
    for (const field of Object.keys(input)) {
      if (WATCHED.has(field) && !known.has(field)) {
        return open({ field, why: "it bears on prices, and the rule does not know it" });
      }
    }
    let units = NANO;
    for (const measure of measures) {
      const factor = measure(input);
      if (typeof factor !== "bigint") return open(factor);
      units = costOf(units, factor, "up");
    }
    const bare = plus.reduce((sum, add) => sum + add(input), costOf(units, unitPrice, "up"));
    const usd = costOf(bare, margin, "up");
    return { ...facts, usd: max !== undefined && usd > max ? max : usd, isMax: false };
  };
}

export const isQuote = (result: Quote | Unpriced): result is Quote => "usd" in result;

type Fail = (what: string) => never;
type Named = (part: string) => string;

const KINDS = ["flat", "seconds", "frames", "characters", "megapixels"] as const;

function measureOf(rule: Measures, fail: Fail, named: Named): Measure {
  const given = KINDS.filter((kind) => rule[kind] !== undefined);
  if (given.length !== 1) {
    fail(
      `has ${given.length === 0 ? "none" : given.join(" and ")} of ${KINDS.join(", ")}: it needs exactly one`,
    );
  }
  const { flat, seconds, frames, characters, megapixels } = rule;
  if (flat !== undefined) {
    const units = readAmount(flat, named("flat"));
    return () => units;
  }
  if (seconds !== undefined) return lengthOf(asField(seconds), fail);
  if (frames !== undefined) {
    if (!(frames.fps > 0)) fail("has frames without the fps that they are billed at");
    const counted = count(frames.field, frames, fail);
    const rate = readAmount(frames.fps, named("frames.fps"));
    return (input) => {
      const nano = counted(input);
      return typeof nano === "bigint" ? divide(nano * NANO, rate, "up") : nano;
    };
  }
  if (characters !== undefined) return thousandsOf(asField(characters));
  return areaOf(asField(megapixels as NonNullable<typeof megapixels>));
}

const asField = <T extends { field: string }>(given: T | string): Partial<T> & { field: string } =>
  typeof given === "string" ? ({ field: given } as Partial<T> & { field: string }) : given;

/** Every field that a rule reads. */
function fieldsOf({
  seconds,
  frames,
  characters,
  megapixels,
  times = {},
  plus = [],
}: PriceRule): string[] {
  return [seconds, frames, characters, megapixels, ...plus]
    .flatMap((part) => (part === undefined ? [] : [typeof part === "string" ? part : part.field]))
    .concat(Object.keys(times));
}

function count(field: string, { default: usual, min = 1, max }: CountField, fail: Fail): Measure {
  if (!Number.isSafeInteger(max) || max < min) fail(`has no max, a whole number, for ${field}`);
  const isCount = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  if (usual !== undefined && !isCount(usual))
    fail(`has a default for ${field} that is not within ${min} to ${max}`);
  return (input) => {
    const value = input[field] ?? usual ?? max;
    return isCount(value)
      ? BigInt(value) * NANO
      : { field, why: `it must be a whole number from ${min} to ${max}` };
  };
}

function words(
  field: string,
  { words: table, default: usual }: WordField,
  fail: Fail,
  named: Named,
): Measure {
  const factors = new Map(
    Object.entries(table).map(([word, factor]) => [
      word,
      readAmount(factor, named(`times.${field}`)),
    ]),
  );
  if (factors.size === 0) fail(`has no words for ${field}`);
  if (usual !== undefined && !factors.has(usual))
    fail(`has a default for ${field} that is none of its words`);
  const dearest = [...factors.values()].reduce((most, one) => (one > most ? one : most));
  return (input) => {
    const value = input[field];
    if (value === undefined || value === null)
      return usual === undefined ? dearest : (factors.get(usual) as bigint);
    const word = typeof value === "boolean" ? String(value) : value;
    const factor = typeof word === "string" ? factors.get(word) : undefined;
    return factor ?? { field, why: `it must be one of ${[...factors.keys()].join(", ")}` };
  };
}

/** A day: nothing that fal makes is longer. */
const LONGEST = 86_400;

/** Seconds as `5`, `"5"` or `"5s"`. */
function secondsIn(value: unknown): number | undefined {
  if (typeof value === "number") return value > 0 && value <= LONGEST ? value : undefined;
  const [, digits] = (typeof value === "string" && /^(\d{1,6}(?:\.\d{1,3})?)s?$/.exec(value)) || [];
  return digits === undefined ? undefined : Number(digits);
}

function lengthOf(
  { field, default: usual, values, max }: Partial<LengthField> & { field: string },
  fail: Fail,
): Measure {
  const lengths = values?.map(
    (value) => secondsIn(value) ?? fail(`has a ${field} that is no number of seconds`),
  );
  const longest = lengths ? Math.max(...lengths) : max;
  const fits = (value: unknown): number | undefined => {
    if (values && !values.includes(value as string)) return undefined;
    const seconds = secondsIn(value);
    return seconds !== undefined && seconds <= (longest ?? LONGEST) ? seconds : undefined;
  };
  if (usual !== undefined && fits(usual) === undefined)
    fail(`has a default for ${field} that it does not take`);
  return (input) => {
    const value = input[field] ?? usual;
    const seconds = value === undefined ? longest : fits(value);
    return seconds === undefined
      ? {
          field,
          why: values ? `it must be one of ${values.join(", ")}` : "it must be a number of seconds",
        }
      : // No more than the ninth place: a caller may have written any number.
        BigInt(Math.ceil(seconds * 1e6)) * (NANO / 1_000_000n);
  };
}

function thousandsOf({ field, max }: { field: string; max?: number }): Measure {
  return (input) => {
    const text = input[field];
    const length =
      typeof text === "string" ? text.length : (text ?? undefined) === undefined ? max : undefined;
    return length === undefined
      ? { field, why: "it must be a text" }
      : BigInt(Math.max(1, Math.ceil(length / 1000))) * NANO;
  };
}

function areaOf({ field, default: usual }: { field: string; default?: string }): Measure {
  return (input) => {
    const size = input[field] ?? usual;
    const megapixels = size === undefined ? MOST_MEGAPIXELS : megapixelsOf(size);
    return megapixels === undefined
      ? { field, why: "it must be one of fal's words for a size, or { width, height }" }
      : BigInt(megapixels) * NANO;
  };
}

function surcharge({ field, is, usd }: Surcharge, named: Named): (input: Input) => bigint {
  const amount = readAmount(usd, named(`plus.${field}`));
  return (input) => (input[field] === is ? amount : 0n);
}
