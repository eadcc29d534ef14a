/** Gradient noise (after Perlin), the raw material of clouds, ridges and waves. */
import { createRandom } from "./random.ts";

/** Smooth noise over the plane, roughly -1 to 1, zero on average. */
export type Noise = (x: number, y: number) => number;

const DIRECTIONS = 16;
const cosines = Float64Array.from({ length: DIRECTIONS }, (_, i) =>
  Math.cos((2 * Math.PI * i) / DIRECTIONS),
);
const sines = Float64Array.from({ length: DIRECTIONS }, (_, i) =>
  Math.sin((2 * Math.PI * i) / DIRECTIONS),
);

export function createNoise(seed: number): Noise {
  const random = createRandom(seed);
  const order = new Uint8Array(512);
  for (let i = 0; i < 256; i += 1) order[i] = i;
  for (let i = 255; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  order.copyWithin(256, 0, 256);

  // Tables of 512: a sum of two bytes needs no mask.
  const gx = Float64Array.from(order, (value) => cosines[value & 15] as number);
  const gy = Float64Array.from(order, (value) => sines[value & 15] as number);

  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const dx = x - column;
    const dy = y - row;
    const u = dx * dx * dx * (dx * (dx * 6 - 15) + 10);
    const v = dy * dy * dy * (dy * (dy * 6 - 15) + 10);
    const left = (order[column & 255] as number) + (row & 255);
    const right = (order[(column + 1) & 255] as number) + (row & 255);
    const a = (gx[left] as number) * dx + (gy[left] as number) * dy;
    const b = (gx[right] as number) * (dx - 1) + (gy[right] as number) * dy;
    const c = (gx[left + 1] as number) * dx + (gy[left + 1] as number) * (dy - 1);
    const d = (gx[right + 1] as number) * (dx - 1) + (gy[right + 1] as number) * (dy - 1);
    const upper = a + u * (b - a);
    return 1.5 * (upper + v * (c + u * (d - c) - upper));
  };
}

/** Sums `octaves` of noise, each twice as fine and half as strong; turned a little, so that no grid shows. */
export function fractal(noise: Noise, x: number, y: number, octaves: number): number {
  let sum = 0;
  let strength = 0.5;
  let px = x;
  let py = y;
  for (let octave = 0; octave < octaves; octave += 1) {
    sum += strength * noise(px, py);
    strength *= 0.5;
    const turned = 1.6 * px + 1.2 * py + 17.3;
    py = 1.6 * py - 1.2 * px + 9.1;
    px = turned;
  }
  return sum;
}
