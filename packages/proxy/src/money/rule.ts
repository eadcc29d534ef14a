/** How an endpoint is priced: what one billed unit costs, and how many of them an input will buy. */

/** An amount: a number or a decimal string, at most 9 places. */
export type Amount = number | string;

/** A field that counts something: pictures, steps, an upscale factor. */
export interface CountField {
  /** What fal takes where the field is left out; without it the dearest is taken. */
  default?: number;
  /** @default 1: a quote of nothing has to be meant */
  min?: number;
  max: number;
}

/** A field of fixed words, and by how much each multiplies: `{ words: { "720p": 1, "1080p": 2 }, default: "720p" }`. */
export interface WordField {
  /** A word that ends in `*` stands for all that begin so, and `*` for any other; what is written out comes first. */
  words: Readonly<Record<string, Amount>>;
  /** What fal takes where the field is left out; without it the dearest is taken. */
  default?: string;
}

/** A field that says how long something will be: a number, `"5"` or `"5s"`. */
export interface LengthField {
  field: string;
  /** As in the field. Without it the longest is taken. */
  default?: number | string;
  /** The only forms that fal takes; without it any number of seconds up to `max`. */
  values?: readonly (number | string)[];
  /** The longest, as in the field; not needed beside `values`. */
  max?: number;
  /** Whether `"auto"` is taken: it counts as the longest. */
  auto?: boolean;
  /** In what the field counts. @default "s" */
  unit?: "s" | "ms";
  /** How many seconds a billed unit has, where each started one counts in full: 60 for a price by the minute. */
  per?: number;
}

/** A field that says how large a picture will be: one of fal's words, or `{ width, height }`. */
export interface SizeField {
  field: string;
  /** What fal takes where the field is left out; without it the largest is taken. */
  default?: string | { width: number; height: number };
}

/** Exactly one of these says how many units a call buys, before `times`. */
export interface Measures {
  /** This many. */
  flat?: Amount;
  seconds?: LengthField | string;
  /** Frames at a fixed rate, billed as seconds. */
  frames?: CountField & { field: string; fps: number };
  /** The named text, per started 1,000 characters. */
  characters?: { field: string; max: number } | string;
  /** The size of a picture, per started megapixel (2^20). */
  megapixels?: SizeField | string;
  /** The size of a film times its frames, per started megapixel (10^6) of the whole. */
  videoMegapixels?: { size: SizeField; frames: CountField & { field: string } };
  /** Pixels times frames, by 1,024, as models that bill by the token count a film. */
  tokens?: FilmTokens;
}

/** How a film is counted in tokens. */
export interface FilmTokens {
  /** How many pixels a frame has, by the word for the resolution: those of the largest form that goes by it. */
  pixels: WordField & { field: string };
  seconds: LengthField;
  fps: number;
  /** Frames beyond the length times the rate. @default 0 */
  moreFrames?: number;
  /** How many tokens a billed unit has. @default 1000000 */
  per?: number;
}

/** Media that are given, and billed beside what is made. */
export interface GivenMedia {
  /** One address, or a list of them. */
  field: string;
  /** How many units each is billed as, at most. */
  units: Amount;
  /** How many of them fal takes. */
  max: number;
}

/** A surcharge. */
export interface Surcharge {
  field: string;
  is: boolean | number | string;
  /** In USD, once for a call. */
  usd: Amount;
}

/**
 * The price of an endpoint.
 *
 * @example
 * ```ts
 * { seconds: { field: "duration", values: ["5", "10"], default: "5" }, usd: "0.07", times: { generate_audio: … } }
 * { flat: 1, usd: "0.04", times: { num_images: { default: 1, max: 4 } } }
 * ```
 */
export interface PriceRule extends Measures {
  /** What one billed unit costs, in USD: also what `x-fal-billable-units` is multiplied by afterwards. */
  usd: Amount;
  /** What multiplies it, by field. Booleans are the words `"true"` and `"false"`. */
  times?: Readonly<Record<string, CountField | WordField>>;
  /** What is given and billed too, before `times`. */
  given?: GivenMedia;
  plus?: readonly Surcharge[];
  /** The most that a call can cost, in USD: also its price where the input does not tell. */
  max?: Amount;
  /** What an estimate is multiplied by, since some outputs run longer than asked for. @default 1 */
  margin?: Amount;
  /** What becomes of an input that the rule cannot tell. @default "max" where there is a `max`, else "refuse" */
  onUnknown?: "max" | "refuse";
  /** Fields that bear on a price elsewhere, and do not here. */
  ignore?: readonly string[];
  /** When it was true, as `2026-08-01`, and by what word. */
  asOf?: string;
  source?: string;
}
