/** How fal counts the megapixels of a picture that was asked for (pricing facts, section 2). */

/** Width and height of fal's words for a size. */
const PRESETS: Readonly<Record<string, readonly [number, number]>> = {
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

/** The megapixels of the largest picture that can be asked for. */
export const MOST_MEGAPIXELS: number = Math.ceil((LONGEST * LONGEST) / MEGAPIXEL);

/**
 * Started megapixels of 2^20 pixels, for one picture. fal bills what was asked for, not what came.
 *
 * @param size a word, or `{ width, height }`
 * @returns undefined for what fal would not take, and for words that leave the size open (`auto`)
 */
export function megapixelsOf(size: unknown): number | undefined {
  const sides = typeof size === "string" ? presetOf(size) : sidesOf(size);
  return sides && Math.ceil((sides[0] * sides[1]) / MEGAPIXEL);
}

const presetOf = (word: string): readonly [number, number] | undefined =>
  Object.hasOwn(PRESETS, word) ? PRESETS[word] : undefined;

function sidesOf(size: unknown): readonly [number, number] | undefined {
  if (typeof size !== "object" || size === null || Array.isArray(size)) return undefined;
  const { width = SIDE, height = SIDE } = size as { width?: unknown; height?: unknown };
  return isSide(width) && isSide(height) ? [width, height] : undefined;
}

const isSide = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= LONGEST;
