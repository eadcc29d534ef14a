/** How much an input buys: what each kind of measure, and each field that multiplies, reads of it. */
import { divide, NANO, readAmount } from "./amount.ts";
import { MOST_MEGAPIXELS, megapixelsOf } from "./picture-size.ts";
import type { CountField, LengthField, Measures, WordField } from "./rule.ts";

/** Why a call has no price: which field to change, and what the rule knows. */
export interface Unpriced {
  readonly field: string | undefined;
  readonly why: string;
}

export type Input = Readonly<Record<string, unknown>>;

/** A number of nano-units or a factor in nano, or why it cannot be told. */
export type Measure = (input: Input) => bigint | Unpriced;

/** Throws, naming the rule. @param what is wrong with it */
export type Fail = (what: string) => never;
/** What an amount is called in messages. */
export type Named = (part: string) => string;

const KINDS = ["flat", "seconds", "frames", "characters", "megapixels"] as const;

/** The one measure that a rule has. */
export function measureOf(rule: Measures, fail: Fail, named: Named): Measure {
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

export function count(
  field: string,
  { default: usual, min = 1, max }: CountField,
  fail: Fail,
): Measure {
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

export function words(
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
    const text = input[field] ?? undefined;
    const length = typeof text === "string" ? text.length : text === undefined ? max : undefined;
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
