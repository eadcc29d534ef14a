/** A field of stars, drawn once per canvas: most pixels of a sky have none. */
import { createRandom } from "./random.ts";
import type { Canvas } from "./raster.ts";

/** Brightness (0 to 1) of every pixel, row by row. @param perArea stars in a square of one unit */
export function createStars(
  canvas: Canvas,
  seed: number,
  perArea: number,
  time: number,
): Float32Array {
  const random = createRandom(seed);
  const field = new Float32Array(canvas.columns * canvas.rows);
  const count = Math.round(perArea * canvas.width * canvas.height);
  for (let star = 0; star < count; star += 1) {
    const x = random() * canvas.columns;
    const y = random() * canvas.rows;
    // Few are large: the fourth power of an even chance.
    const size = (0.0004 + 0.0022 * random() ** 4) * canvas.density;
    const brightness = random.between(0.35, 1) * (0.8 + 0.2 * Math.sin(time * 4 + random() * 40));
    const reach = Math.max(1, Math.ceil(size * 3));
    for (let row = Math.floor(y) - reach; row <= y + reach; row += 1) {
      for (let column = Math.floor(x) - reach; column <= x + reach; column += 1) {
        if (row < 0 || column < 0 || row >= canvas.rows || column >= canvas.columns) continue;
        const distance = (column - x) ** 2 + (row - y) ** 2;
        const at = row * canvas.columns + column;
        field[at] = Math.max(field[at] as number, brightness * Math.exp(-distance / (size * size)));
      }
    }
  }
  return field;
}
