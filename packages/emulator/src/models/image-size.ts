/** How large a picture is asked for: fal's presets, the `{width, height}` form, ratios, and the size of a source. */
import type { Values } from "../schema/check.ts";
import { choice, either, integer } from "../schema/fields.ts";
import { type Field, object } from "../schema/schema.ts";
import { numberOf, textOf } from "../schema/values.ts";

export interface ImageSize {
  width: number;
  height: number;
}

export const presets: Readonly<Record<string, ImageSize>> = {
  square_hd: { width: 1024, height: 1024 },
  square: { width: 512, height: 512 },
  portrait_4_3: { width: 768, height: 1024 },
  portrait_16_9: { width: 576, height: 1024 },
  landscape_4_3: { width: 1024, height: 768 },
  landscape_16_9: { width: 1024, height: 576 },
};

/** fal's own bound for each side. */
const LONGEST_SIDE = 14_142;
/** A side that the object form leaves out. */
const DEFAULT_SIDE = 512;

const side = integer({ default: DEFAULT_SIDE, minimum: 0, maximum: LONGEST_SIDE });
const sizeObject = object("ImageSize", {
  width: { ...side, exclusiveMinimum: true },
  height: { ...side, exclusiveMinimum: true },
});

/** The field `image_size`. @param fallback a preset's name or a size; left out: there is no default */
export const imageSize = (fallback?: string | ImageSize): Field =>
  either([sizeObject, choice(Object.keys(presets))], fallback);

/** `image_size` of an input; undefined when there is none. */
export function askedSize(values: Values): ImageSize | undefined {
  const asked = values["image_size"];
  if (typeof asked === "string") return presets[asked];
  if (typeof asked !== "object" || asked === null) return undefined;
  const size = asked as Values;
  const within = (pixels: number): number =>
    Math.max(1, Math.min(LONGEST_SIDE, Math.round(pixels)));
  return {
    width: within(numberOf(size, "width", DEFAULT_SIDE)),
    height: within(numberOf(size, "height", DEFAULT_SIDE)),
  };
}

/** About a megapixel in each of the ratios that fal's models name. */
export const ratios: Readonly<Record<string, ImageSize>> = {
  "21:9": { width: 1536, height: 672 },
  "16:9": { width: 1344, height: 768 },
  "3:2": { width: 1248, height: 832 },
  "4:3": { width: 1184, height: 864 },
  "5:4": { width: 1152, height: 896 },
  "1:1": { width: 1024, height: 1024 },
  "4:5": { width: 896, height: 1152 },
  "3:4": { width: 864, height: 1184 },
  "2:3": { width: 832, height: 1248 },
  "9:16": { width: 768, height: 1344 },
  "9:21": { width: 672, height: 1536 },
};

/** What decides the size of an answer. */
export interface SizeQuestion {
  /** The checked input, with defaults. */
  values: Values;
  /** The input as it came, without. */
  given: Values;
  /** Of the first picture in the input, when it could be looked at. */
  source: ImageSize | undefined;
}

export type SizeRule = (question: SizeQuestion) => ImageSize;

const square = { width: 1024, height: 1024 };

/** `image_size`, whatever the source. */
export const bySize: SizeRule = ({ values }) => askedSize(values) ?? square;

/** The source's own size, unless the caller names another. */
export const likeSource: SizeRule = ({ values, given, source }) =>
  askedSize(given) ?? source ?? askedSize(values) ?? square;

/** `aspect_ratio`, at about a megapixel; without one, the ratio that is nearest to the source's. */
export const byRatio: SizeRule = ({ values, source }) => {
  const named = ratios[textOf(values, "aspect_ratio")];
  if (named || !source) return named ?? square;
  const distance = ({ width, height }: ImageSize): number =>
    Math.abs(Math.log((width / height) * (source.height / source.width)));
  return Object.values(ratios).reduce((best, size) =>
    distance(size) < distance(best) ? size : best,
  );
};

/** The source's size times a factor, which the caller gives in the field `name`. */
export const enlarged =
  (name: string, fallback: number): SizeRule =>
  ({ values, source = { width: 512, height: 512 } }) => {
    const factor = numberOf(values, name, fallback);
    return {
      width: Math.max(1, Math.round(source.width * factor)),
      height: Math.max(1, Math.round(source.height * factor)),
    };
  };

/** Megapixels as fal bills them: each image rounded up to whole units of 2^20 pixels. */
export function megapixels({ width, height }: ImageSize): number {
  return Math.ceil((width * height) / 1_048_576);
}

/** What the emulator draws at most; a larger order is delivered smaller and billed as ordered, as seen on fal. */
const LONGEST_DRAWN_SIDE = 4096;

export function drawnSize({ width, height }: ImageSize): ImageSize {
  const reduction = Math.min(1, LONGEST_DRAWN_SIDE / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * reduction)),
    height: Math.max(1, Math.round(height * reduction)),
  };
}
