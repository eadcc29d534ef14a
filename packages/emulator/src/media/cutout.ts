/** What background removal leaves: a soft oval around the middle of a picture, where portraits have their subject. */
import type { Raster } from "./raster.ts";

/** One byte a pixel: 255 in the oval, 0 outside, a few percent of its radius in between. */
export function ovalMask(width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const v = ((row + 0.5) / height - 0.5) / 0.44;
    for (let column = 0; column < width; column += 1) {
      const u = ((column + 0.5) / width - 0.5) / 0.36;
      mask[row * width + column] = 255 * Math.max(0, Math.min(1, (1 - Math.hypot(u, v)) / 0.04));
    }
  }
  return mask;
}

/** The mask as a picture of its own: white is what stays. */
export function maskPicture(mask: Uint8Array, width: number, height: number): Raster {
  const rgb = new Uint8Array(mask.length * 3);
  for (const [pixel, value] of mask.entries()) rgb.fill(value, pixel * 3, pixel * 3 + 3);
  return { width, height, rgb };
}
