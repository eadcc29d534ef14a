/** Space: stars, a nebula, and a planet lit from one side. */
import { blend, clamp, color, glow, gradient, scale, smoothstep } from "./color.ts";
import { createNoise, fractal } from "./noise.ts";
import type { Palette } from "./palette.ts";
import { createRandom } from "./random.ts";
import type { Scene } from "./raster.ts";
import { createStars } from "./stars.ts";

export function createSpace(palette: Palette, seed: number): Scene {
  return (canvas, time) => {
    const random = createRandom(seed);
    const noise = createNoise(seed);
    const nebula = gradient(["#05060f", "#0b0d22", ...palette.sky]);
    const bands = gradient([palette.ground, ...palette.sky, palette.cloud]);
    const sun = color(palette.sun);
    const rim = color(palette.cloud);
    const radius = random.between(0.2, 0.32);
    const planetX = canvas.width * random.between(0.3, 0.7);
    const planetY = canvas.height * random.between(0.38, 0.62);
    const angle = random.between(-2.4, -0.7);
    const [lightX, lightY] = [Math.cos(angle) * 0.8, Math.sin(angle) * 0.8];
    const tilt = random.between(-0.5, 0.5);
    const ringed = random() < 0.55;
    const stripes = random.between(3, 7);

    const stars = createStars(canvas, seed, 1400, time);

    return (column, row, target) => {
      const x = column / canvas.density;
      const y = row / canvas.density;
      const warp = fractal(noise, x * 1.7 + 5, y * 1.7 + time * 0.02, 3);
      const gas = fractal(noise, x * 1.4 + warp * 1.6, y * 1.4 - warp * 1.2, 5);
      nebula(clamp(0.16 + gas * 0.75 + warp * 0.25, 0, 0.86), target);
      scale(target, 0.75);
      glow(target, sun, (stars[row * canvas.columns + column] as number) * clamp(1.1 - gas));

      const px = (x - planetX) / radius;
      const py = (y - planetY) / radius;
      const across = px * Math.cos(tilt) + py * Math.sin(tilt);
      const along = py * Math.cos(tilt) - px * Math.sin(tilt);
      const distance = Math.hypot(px, py);
      glow(
        target,
        rim,
        0.55 * Math.exp(-Math.max(0, distance - 1) * 9) * clamp(0.5 + px * lightX + py * lightY),
      );
      if (distance < 1.02) {
        const pz = Math.sqrt(Math.max(0, 1 - distance * distance));
        const light = clamp(px * lightX + py * lightY + pz * 0.6);
        const turbulence = fractal(noise, across / (0.4 + pz) + time * 0.05, along * 3, 4);
        const edge = smoothstep(1.01, 0.99, distance);
        const planet = new Float64Array(3);
        bands(0.5 + 0.42 * Math.sin(along * stripes + turbulence * 2.6), planet);
        scale(planet, 0.06 + 1.02 * light);
        glow(planet, rim, (1 - pz) ** 3 * light * 0.8);
        blend(target, planet, edge);
      }
      if (ringed) {
        const ring = Math.hypot(across, along * 3.6);
        const hidden = distance < 1 && along < 0;
        if (ring > 1.25 && ring < 2.05 && !hidden) {
          const grain = 0.6 + 0.4 * Math.sin(ring * 60 + 8 * noise(ring * 9, 1));
          const fade = smoothstep(1.25, 1.35, ring) * smoothstep(2.05, 1.85, ring);
          blend(target, rim, fade * grain * 0.6);
        }
      }
    };
  };
}
