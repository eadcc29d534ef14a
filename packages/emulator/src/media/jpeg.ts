/** JPEG pictures, by jpeg-js. */
import jpeg from "jpeg-js";
import type { Raster } from "./raster.ts";

/** @param quality 1 to 100 */
export function encodeJpeg({ width, height, rgb }: Raster, quality = 88): Uint8Array {
  const data = new Uint8Array(width * height * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    data[to] = rgb[from] as number;
    data[to + 1] = rgb[from + 1] as number;
    data[to + 2] = rgb[from + 2] as number;
    data[to + 3] = 255;
  }
  return jpeg.encode({ width, height, data }, quality).data;
}
