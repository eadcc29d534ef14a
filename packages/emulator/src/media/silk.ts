/** Folded silk: an abstract picture of warped noise, for prompts that name nothing one could paint. */
import { clamp, color, glow, gradient, scale } from "./color.ts";
import { createNoise, fractal } from "./noise.ts";
import type { Palette } from "./palette.ts";
import { createRandom } from "./random.ts";
import type { Scene } from "./raster.ts";

export function createSilk(palette: Palette, seed: number): Scene {
  return (canvas, time) => silk(palette, seed, canvas.density, time);
}

function silk(palette: Palette, seed: number, density: number, time: number): ReturnType<Scene> {
  const random = createRandom(seed);
  const noise = createNoise(seed);
  const cloth = gradient([palette.ground, palette.water, ...palette.sky, palette.cloud]);
  const light = color(palette.sun);
  const [dx, dy] = [random.between(0.6, 1.4), random.between(0.6, 1.4)];
  const fold = random.between(5, 9);
  const lean = random.between(-1, 1);

  const height = (x: number, y: number): number => {
    const a = fractal(noise, x * dx + time * 0.03, y * dy, 3);
    const b = fractal(noise, x * dy + 3.1 + 1.8 * a, y * dx + 7.7, 3);
    return Math.sin(fold * (a + b) + lean * x * 3 + y * 2 + time * 0.25) * 0.5 + b;
  };

  return (column, row, target) => {
    const x = column / density;
    const y = row / density;
    const here = height(x, y);
    const step = 0.004;
    const slopeX = (height(x + step, y) - here) / step;
    const slopeY = (height(x, y + step) - here) / step;
    const lit = (0.9 - slopeX * 0.16 + slopeY * 0.12) / Math.hypot(1, slopeX * 0.2, slopeY * 0.2);
    cloth(clamp(0.5 + here * 0.42), target);
    scale(target, clamp(0.42 + 0.62 * lit, 0.25, 1.15));
    glow(target, light, clamp(lit - 0.72) ** 2 * 0.9);
  };
}
