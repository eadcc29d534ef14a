/** How much an input buys: the kinds of measure that a price can count by. */
import { divide, NANO, readAmount } from "./amount.ts";
import {
  count,
  length,
  size,
  words,
  type Fail,
  type Input,
  type Measure,
  type Named,
  type Unpriced,
} from "./field.ts";
import { megapixelsOf, type Sides } from "./picture-size.ts";
import type { FilmTokens, GivenMedia, Measures } from "./rule.ts";

type Maker<K extends keyof Measures> = (
  given: NonNullable<Measures[K]>,
  fail: Fail,
  named: Named,
) => Measure;

const KINDS: { [K in keyof Required<Measures>]: Maker<K> } = {
  flat: (units, _fail, named) => {
    const nano = readAmount(units, named("flat"));
    return () => nano;
  },
  seconds: (given, fail) => {
    const { field, ...rest } = asField(given);
    return length(field, rest, fail);
  },
  frames: ({ field, fps, ...counted }, fail, named) => {
    const rate = readAmount(fps, named("frames.fps"));
    if (rate === 0n) fail("has frames at 0 fps");
    return over(count(field, counted, fail), (nano) => divide(nano * NANO, rate, "up"));
  },
  characters: (given) => thousands(asField(given)),
  megapixels: (given, fail) => {
    const { field, ...rest } = asField(given);
    const sides = size(field, rest, fail);
    return (input) => {
      const read = sides(input);
      return "why" in read ? read : BigInt(megapixelsOf(read)) * NANO;
    };
  },
  videoMegapixels: ({ size: { field, ...rest }, frames: { field: counter, ...counted } }, fail) =>
    film(size(field, rest, fail), count(counter, counted, fail)),
  tokens,
};

/** The one measure that a rule has. */
export function measureOf(rule: Measures, fail: Fail, named: Named): Measure {
  const names = Object.keys(KINDS) as (keyof Measures)[];
  const given = names.filter((kind) => rule[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    return fail(
      `has ${given.length === 0 ? "none" : given.join(" and ")} of ${names.join(", ")}: it needs exactly one`,
    );
  }
  return (KINDS[kind] as Maker<typeof kind>)(rule[kind] as never, fail, named);
}

/** Every field that a measure reads. */
export function fieldsOf(rule: Measures): string[] {
  const { seconds, frames, characters, megapixels, videoMegapixels: film, tokens: by } = rule;
  return [
    seconds,
    frames,
    characters,
    megapixels,
    film?.size,
    film?.frames,
    by?.pixels,
    by?.seconds,
  ]
    .filter((part) => part !== undefined)
    .map((part) => (typeof part === "string" ? part : part.field));
}

/** What the media that are given add, in nano-units. */
export function givenMedia({ field, units, max }: GivenMedia, fail: Fail, named: Named): Measure {
  const each = readAmount(units, named("given.units"));
  if (!Number.isSafeInteger(max) || max < 1) fail(`has no max, a whole number, for ${field}`);
  return (input) => {
    const value = input[field];
    const list =
      value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
    return list.length <= max
      ? BigInt(list.length) * each
      : { field, why: `it must be at most ${max}` };
  };
}

const asField = <T extends { field: string }>(given: T | string): Partial<T> & { field: string } =>
  typeof given === "string" ? ({ field: given } as Partial<T> & { field: string }) : given;

const over =
  (measure: Measure, change: (nano: bigint) => bigint): Measure =>
  (input) => {
    const nano = measure(input);
    return typeof nano === "bigint" ? change(nano) : nano;
  };

function thousands({ field, max }: { field: string; max?: number }): Measure {
  return (input) => {
    const text = input[field] ?? undefined;
    const letters = typeof text === "string" ? text.length : text === undefined ? max : undefined;
    return letters === undefined
      ? { field, why: "it must be a text" }
      : BigInt(Math.max(1, Math.ceil(letters / 1000))) * NANO;
  };
}

function film(sides: (input: Input) => Sides | Unpriced, frames: Measure): Measure {
  return (input) => {
    const read = sides(input);
    if ("why" in read) return read;
    const nano = frames(input);
    if (typeof nano !== "bigint") return nano;
    const pixels = BigInt(read[0]) * BigInt(read[1]) * (nano / NANO);
    return divide(pixels, 1_000_000n, "up") * NANO;
  };
}

function tokens(
  { pixels: { field, ...table }, seconds, fps, moreFrames = 0, per = 1_000_000 }: FilmTokens,
  fail: Fail,
  named: Named,
): Measure {
  const pixels = words(field, table, fail, named);
  const { field: lasting, ...rest } = seconds;
  const long = length(lasting, rest, fail);
  const rate = readAmount(fps, named("tokens.fps"));
  const more = readAmount(moreFrames, named("tokens.moreFrames"));
  const unit = readAmount(per, named("tokens.per"));
  if (rate === 0n || unit === 0n) fail("has tokens with an fps or a per of 0");
  return (input) => {
    const area = pixels(input);
    if (typeof area !== "bigint") return area;
    const nanoSeconds = long(input);
    if (typeof nanoSeconds !== "bigint") return nanoSeconds;
    const frames = divide(nanoSeconds * rate, NANO, "up") + more;
    return divide(area * frames, 1024n * unit, "up");
  };
}
