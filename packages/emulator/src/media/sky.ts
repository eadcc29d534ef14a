/** Skies: gradient, sun or moon, clouds, stars, aurora. */
import { clamp, color, glow, gradient, smoothstep, blend, type Color } from "./color.ts";
import { createNoise, fractal } from "./noise.ts";
import type { Palette } from "./palette.ts";
import { createRandom } from "./random.ts";
import type { Canvas } from "./raster.ts";
import { createStars } from "./stars.ts";

/** Writes the sky at a place given in units of length, y downwards from the top. */
export type Sky = (x: number, y: number, target: Color) => void;

export interface SkyPlan {
  canvas: Canvas;
  palette: Palette;
  seed: number;
  /** Where the sky ends, and where the sun stands. */
  horizon: number;
  sunX: number;
  sunY: number;
  time: number;
}

const AURORA = [color("#3dffa8"), color("#8f7bff")] as const;

export function createSky({ canvas, palette, seed, horizon, sunX, sunY, time }: SkyPlan): Sky {
  const random = createRandom(seed);
  const noise = createNoise(seed);
  const base = gradient(palette.sky);
  const sun = color(palette.sun);
  const cloud = color(palette.cloud);
  const night = palette.night === true;
  const aurora = night && palette.words.includes("aurora");
  const radius = night ? random.between(0.035, 0.05) : random.between(0.045, 0.085);
  const cover = random.between(-0.05, 0.22);
  const drift = time * 0.02;
  const stars = night ? createStars(canvas, seed, 1500, time) : undefined;

  return (x, y, target) => {
    const t = clamp(y / horizon);
    base(t, target);
    if (stars !== undefined) {
      const column = Math.round(x * canvas.density);
      const star = stars[Math.round(y * canvas.density) * canvas.columns + column] ?? 0;
      glow(target, sun, star * (1 - smoothstep(0.5, 1, t)));
    }
    if (aurora) {
      for (const [index, light] of AURORA.entries()) {
        const curtain = 0.28 + 0.16 * index + 0.22 * noise(x * 1.1 + drift * 2 + index * 9, index);
        const folds =
          0.55 + 0.45 * noise(x * 14 + 6 * noise(x * 2, time * 0.3 + index), time * 0.5);
        const above = (curtain * horizon * 1.7 - y) / horizon;
        const height = above < 0 ? smoothstep(-0.08, 0, above) : Math.exp(-above * 4.5);
        glow(target, light, 0.75 * height * folds);
      }
    }
    const distance = Math.hypot(x - sunX, y - sunY);
    glow(target, sun, (night ? 0.25 : 0.5) * Math.exp(-distance * (night ? 7 : 3.4)));
    glow(target, sun, smoothstep(radius * 1.05, radius * 0.95, distance) * (night ? 0.9 : 1));

    // Clouds lie in a plane overhead, so they get flatter and closer towards the horizon.
    const depth = 1 / (1.15 - t);
    const shape = fractal(noise, x * depth * 1.3 + drift * depth, depth * 2.6 + drift * 0.3, 5);
    const density = smoothstep(0.02, 0.5, shape + cover) * smoothstep(1.02, 0.7, t);
    if (density > 0) {
      const lit = Math.exp(-distance * 1.6);
      blend(target, cloud, density * (night ? 0.55 : 0.72));
      glow(target, sun, density * lit * 0.35 * (1 - density * 0.5));
    }
  };
}
