/** How fal counts the megapixels of a picture that was asked for (pricing facts, section 2). */

/** Width and height, in pixels. */
export type Sides = readonly [width: number, height: number];

/** fal's words for a size. */
const PRESETS: Readonly<Record<string, Sides>> = {
  square_hd: [1024, 1024],
  square: [512, 512],
  portrait_4_3: [768, 1024],
  portrait_16_9: [576, 1024],
  landscape_4_3: [1024, 768],
  landscape_16_9: [1024, 576],
};

/** The longest side that fal takes, in pixels. */
const LONGEST = 14_142;
/** The side that fal takes where an object leaves it out. */
const SIDE = 512;
const MEGAPIXEL = 1_048_576;

/** The largest picture that can be asked for. */
export const largestSides: Sides = [LONGEST, LONGEST];

/** Started megapixels of 2^20 pixels, for one picture. fal bills what was asked for, not what came. */
export const megapixelsOf = ([width, height]: Sides): number =>
  Math.ceil((width * height) / MEGAPIXEL);

/**
 * @param size a word, or `{ width, height }`
 * @returns undefined for what fal would not take, and for words that leave the size open (`auto`)
 */
export function sidesOf(size: unknown): Sides | undefined {
  if (typeof size === "string") return Object.hasOwn(PRESETS, size) ? PRESETS[size] : undefined;
  if (typeof size !== "object" || size === null || Array.isArray(size)) return undefined;
  const { width = SIDE, height = SIDE } = size as { width?: unknown; height?: unknown };
  return isSide(width) && isSide(height) ? [width, height] : undefined;
}

const isSide = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= LONGEST;
