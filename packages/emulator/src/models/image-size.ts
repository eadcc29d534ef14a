/** How large a picture is asked for: fal's presets and the `{width, height}` form, and what that counts as. */
import type { InputReader } from "./input.ts";

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
/** A side the object form leaves out. */
const DEFAULT_SIDE = 512;

/** Reads one side of the object form. */
function readSide(value: unknown, name: "width" | "height", read: InputReader): number {
  const side = value ?? DEFAULT_SIDE;
  const loc = ["body", "image_size", "ImageSize", name];
  if (typeof side !== "number" || !Number.isInteger(side)) {
    read.reject({ loc, msg: "Input should be a valid integer", type: "int_type", input: side });
  } else if (side <= 0) {
    const msg = "Input should be greater than 0";
    read.reject({ loc, msg, type: "greater_than", ctx: { gt: 0 }, input: side });
  } else if (side > LONGEST_SIDE) {
    const msg = `Input should be less than or equal to ${LONGEST_SIDE}`;
    read.reject({ loc, msg, type: "less_than_equal", ctx: { le: LONGEST_SIDE }, input: side });
  } else {
    return side;
  }
  return DEFAULT_SIDE;
}

/** Reads `image_size`, a preset's name or `{width, height}`; faults are noted with the reader. */
export function readImageSize(value: unknown, read: InputReader, fallback: string): ImageSize {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { width, height } = value as { width?: unknown; height?: unknown };
    return { width: readSide(width, "width", read), height: readSide(height, "height", read) };
  }
  return presets[read.choice("image_size", Object.keys(presets), fallback)] as ImageSize;
}

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
