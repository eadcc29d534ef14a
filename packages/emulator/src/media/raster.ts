/** From a scene to pixels. */
import { setImmediate } from "node:timers/promises";
import { clamp, type Color } from "./color.ts";

/** Pixels, three bytes each, row by row from the top. */
export interface Raster {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/**
 * What a scene is drawn on. One unit of length is the side of the square with the picture's area, so that a scene
 * looks alike in every format: 1024×1024 spans 1×1, 1024×576 spans about 1.33×0.75.
 */
export interface Canvas {
  columns: number;
  rows: number;
  /** Width and height in units of length. */
  width: number;
  height: number;
  /** Pixels per unit of length. */
  density: number;
}

/** Writes the colour of one pixel. */
export type Pixel = (column: number, row: number, target: Color) => void;

/** Prepares a drawing of one canvas at a moment; `time` in seconds moves clouds, water and light. */
export type Scene = (canvas: Canvas, time: number) => Pixel;

export function createCanvas(columns: number, rows: number): Canvas {
  const density = Math.sqrt(columns * rows);
  return { columns, rows, density, width: columns / density, height: rows / density };
}

/** Drawing more than this many pixels takes too long; a larger picture is this one, enlarged. */
const MOST_DRAWN_PIXELS = 450_000;

/**
 * Draws `scene` at `width`×`height` pixels, with a soft vignette, and dithered so that skies show no bands.
 * Gives way to other work every few rows: requests are answered meanwhile.
 */
export async function paint(
  scene: Scene,
  width: number,
  height: number,
  time = 0,
): Promise<Raster> {
  const reduction = Math.min(1, Math.sqrt(MOST_DRAWN_PIXELS / (width * height)));
  const columns = Math.max(1, Math.round(width * reduction));
  const rows = Math.max(1, Math.round(height * reduction));
  const pixel = scene(createCanvas(columns, rows), time);
  const rgb = new Uint8Array(columns * rows * 3);
  const target: Color = new Float64Array(3);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    if (row % 32 === 31) await setImmediate();
    const v = row / rows - 0.5;
    for (let column = 0; column < columns; column += 1) {
      pixel(column, row, target);
      const u = column / columns - 0.5;
      const shade = 255 - 90 * (u * u + v * v);
      // Interleaved gradient noise (Jimenez 2014): spreads rounding evenly and still compresses.
      const threshold = (52.9829189 * ((0.06711056 * column + 0.00583715 * row) % 1)) % 1;
      for (let channel = 0; channel < 3; channel += 1) {
        rgb[at] = clamp((target[channel] as number) * shade + threshold, 0, 255);
        at += 1;
      }
    }
  }
  const drawn = { width: columns, height: rows, rgb };
  return reduction < 1 ? enlarge(drawn, width, height) : drawn;
}

/** Bilinear enlargement. */
async function enlarge(source: Raster, width: number, height: number): Promise<Raster> {
  const rgb = new Uint8Array(width * height * 3);
  const sx = (source.width - 1) / Math.max(1, width - 1);
  const sy = (source.height - 1) / Math.max(1, height - 1);
  const stride = source.width * 3;
  let at = 0;
  for (let row = 0; row < height; row += 1) {
    if (row % 64 === 63) await setImmediate();
    const y = Math.floor(row * sy);
    const v = row * sy - y;
    const top = y * stride;
    const bottom = Math.min(y + 1, source.height - 1) * stride;
    for (let column = 0; column < width; column += 1) {
      const x = Math.floor(column * sx);
      const u = column * sx - x;
      const left = x * 3;
      const right = Math.min(x + 1, source.width - 1) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        const a = source.rgb[top + left + channel] as number;
        const b = source.rgb[top + right + channel] as number;
        const c = source.rgb[bottom + left + channel] as number;
        const d = source.rgb[bottom + right + channel] as number;
        const upper = a + (b - a) * u;
        rgb[at] = upper + (c + (d - c) * u - upper) * v + 0.5;
        at += 1;
      }
    }
  }
  return { width, height, rgb };
}
