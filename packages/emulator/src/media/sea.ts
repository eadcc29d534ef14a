/** The open sea under a low sun. */
import { blend, clamp, color, glow, gradient, smoothstep } from "./color.ts";
import { createNoise, fractal } from "./noise.ts";
import type { Palette } from "./palette.ts";
import { createRandom } from "./random.ts";
import type { Scene } from "./raster.ts";
import { createSky } from "./sky.ts";

export function createSea(palette: Palette, seed: number): Scene {
  return (canvas, time) => {
    const random = createRandom(seed);
    const noise = createNoise(seed);
    const horizon = canvas.height * random.between(0.46, 0.58);
    const sunX = canvas.width * random.between(0.25, 0.75);
    const sunY = horizon - random.between(0.06, 0.2);
    const sky = createSky({ canvas, palette, seed, horizon, sunX, sunY, time });
    const sun = color(palette.sun);
    const haze = color(palette.haze);
    const surface = gradient([palette.haze, palette.water, palette.ground]);

    return (column, row, target) => {
      const x = column / canvas.density;
      const y = row / canvas.density;
      if (y < horizon) {
        sky(x, y, target);
        blend(target, haze, 0.5 * smoothstep(0.1, 0, horizon - y));
        return;
      }
      // A flat sea seen from a little above: distance grows without bound towards the horizon.
      const depth = (y - horizon) / (canvas.height - horizon);
      const distance = 1 / (depth + 0.035);
      const across = (x - canvas.width / 2) * distance;
      const swell = fractal(noise, across * 1.1 + time * 0.15, distance * 3.2 + time * 0.9, 4);
      const chop = fractal(noise, across * 4.3 - time * 0.3, distance * 11 + time * 1.7, 3);
      const wave = swell * 0.65 + chop * 0.5 * (0.3 + depth);
      surface(0.12 + 0.75 * depth ** 0.7 - wave * 0.42, target);
      const beside = Math.abs(x - sunX) / (0.05 + 0.28 * depth);
      const path = Math.exp(-beside * beside);
      glow(target, sun, path * clamp(0.34 + wave * 1.7) * (1.05 - 0.45 * depth));
      glow(target, sun, smoothstep(0.28, 0.5, wave) * 0.3 * depth);
      blend(target, haze, 0.55 * Math.exp(-depth * 26));
    };
  };
}
