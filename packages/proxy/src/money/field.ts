/** What a rule reads of one field of an input: a count, a word, a length, a size. */
import { NANO, readAmount } from "./amount.ts";
import { largestSides, sidesOf, type Sides } from "./picture-size.ts";
import type { CountField, LengthField, SizeField, WordField } from "./rule.ts";

/** Why a call has no price: which field to change, and what the rule knows. */
export interface Unpriced {
  readonly field: string | undefined;
  readonly why: string;
  /** There where the price was asked for just now. Settles when it can be looked up again; never rejects. */
  readonly coming?: Promise<void>;
}

export type Input = Readonly<Record<string, unknown>>;

/** A number of nano-units or a factor in nano, or why it cannot be told. */
export type Measure = (input: Input) => bigint | Unpriced;

/** Throws, naming the rule. @param what is wrong with it */
export type Fail = (what: string) => never;
/** What an amount is called in messages. */
export type Named = (part: string) => string;

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
  const factors = new Map<string, bigint>();
  const beginnings: [begins: string, factor: bigint][] = [];
  for (const [word, given] of Object.entries(table)) {
    const factor = readAmount(given, named(`words of ${field}`));
    if (word.endsWith("*")) beginnings.push([word.slice(0, -1), factor]);
    else factors.set(word, factor);
  }
  // The longest beginning says most.
  beginnings.sort(([one], [other]) => other.length - one.length);
  const all = [...factors.values(), ...beginnings.map(([, factor]) => factor)];
  if (all.length === 0) fail(`has no words for ${field}`);
  const find = (word: string): bigint | undefined =>
    factors.get(word) ?? beginnings.find(([begins]) => word.startsWith(begins))?.[1];
  if (usual !== undefined && find(usual) === undefined)
    fail(`has a default for ${field} that is none of its words`);
  const omitted =
    usual === undefined
      ? all.reduce((most, one) => (one > most ? one : most))
      : (find(usual) as bigint);
  const why = `it must be one of ${Object.keys(table).join(", ")}`;
  return (input) => {
    const value = input[field];
    if (value === undefined || value === null) return omitted;
    const word = typeof value === "boolean" ? String(value) : value;
    return (typeof word === "string" ? find(word) : undefined) ?? { field, why };
  };
}

/** A day: nothing that fal makes is longer. */
const LONGEST = { s: 86_400, ms: 86_400_000 } as const;

/** A length as `5`, `"5"` or `"5s"`. */
function lengthIn(value: unknown, unit: "s" | "ms"): number | undefined {
  if (typeof value === "number") return value > 0 && value <= LONGEST[unit] ? value : undefined;
  const [, digits] = (typeof value === "string" && /^(\d{1,8}(?:\.\d{1,3})?)s?$/.exec(value)) || [];
  return digits === undefined ? undefined : Number(digits);
}

/** @returns nano-seconds, or nano-units of `per` seconds each */
export function length(
  field: string,
  { default: usual, values, max, auto, unit = "s", per }: Omit<LengthField, "field">,
  fail: Fail,
): Measure {
  if (unit !== "s" && unit !== "ms") fail(`counts ${field} in neither "s" nor "ms"`);
  if (per !== undefined && !(per > 0)) fail(`has a per for ${field} that is no number of seconds`);
  const lengths = values?.map(
    (value) => lengthIn(value, unit) ?? fail(`has a ${field} that is no length`),
  );
  const longest = lengths ? Math.max(...lengths) : max;
  const fits = (value: unknown): number | undefined => {
    if (auto && value === "auto") return longest;
    if (values && !values.includes(value as string)) return undefined;
    const read = lengthIn(value, unit);
    return read !== undefined && read <= (longest ?? LONGEST[unit]) ? read : undefined;
  };
  if (usual !== undefined && fits(usual) === undefined)
    fail(`has a default for ${field} that it does not take`);
  const why = values
    ? `it must be one of ${values.join(", ")}`
    : `it must be a number of ${unit === "s" ? "seconds" : "milliseconds"}${longest === undefined ? "" : ` up to ${longest}`}`;
  const scale = unit === "s" ? 1 : 1000;
  return (input) => {
    const value = input[field] ?? usual;
    const read = value === undefined ? longest : fits(value);
    if (read === undefined) return { field, why };
    // No more than the ninth place: a caller may have written any number.
    const nano = BigInt(Math.ceil((read / scale) * 1e6)) * (NANO / 1_000_000n);
    return per === undefined ? nano : BigInt(Math.ceil(read / scale / per)) * NANO;
  };
}

/** Reads a size. @returns its sides in pixels */
export function size(
  field: string,
  { default: usual }: Omit<SizeField, "field">,
  fail: Fail,
): (input: Input) => Sides | Unpriced {
  if (usual !== undefined && sidesOf(usual) === undefined)
    fail(`has a default for ${field} that is no size of fal's`);
  return (input) => {
    const value = input[field] ?? usual;
    const sides = value === undefined ? largestSides : sidesOf(value);
    return (
      sides ?? { field, why: "it must be one of fal's words for a size, or { width, height }" }
    );
  };
}
