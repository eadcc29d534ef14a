/** Land against a sky: ridges behind ridges, hills with trees or a skyline, with or without a lake before them. */
import { between, blend, clamp, color, glow, scale, smoothstep, type Color } from "./color.ts";
import { createNoise, fractal, type Noise } from "./noise.ts";
import type { Palette } from "./palette.ts";
import { createRandom, type Random } from "./random.ts";
import type { Scene } from "./raster.ts";
import { createSky } from "./sky.ts";

export type Ground = "mountains" | "dunes" | "forest" | "city";

export interface LandPlan {
  palette: Palette;
  seed: number;
  ground: Ground;
  lake: boolean;
}

/** Height of the outline above the layer's foot, in units of length. `nearness`: 0 far, 1 near. */
type Outline = (x: number, nearness: number) => number;

function createOutline(ground: Ground, noise: Noise, random: Random): Outline {
  const offset = random.between(0, 50);
  switch (ground) {
    case "mountains":
      return (x, nearness) => {
        const place = x * (1.5 - nearness * 0.3) + nearness * 13 + offset;
        const peaks = 1 - Math.abs(2 * fractal(noise, place, nearness * 7, 6));
        return 0.36 * (1 - 0.62 * nearness) * peaks - 0.1 * (1 - nearness);
      };
    case "dunes":
      return (x, nearness) => {
        const place = x * (0.9 + nearness * 0.5) + nearness * 11 + offset;
        const crest = noise(place, nearness * 5) + 0.25 * noise(place * 2.1, 3);
        return 0.1 + 0.13 * Math.sign(crest) * Math.abs(crest) ** 0.85;
      };
    case "forest":
      return (x, nearness) => {
        const far = 1 - nearness;
        const rise = fractal(noise, x * (1.6 - nearness) + nearness * 9 + offset, nearness * 3, 3);
        const hill = 0.03 + 0.2 * far + (0.1 + 0.22 * far) * rise;
        const trees = 26 - nearness * 14;
        let top = 0;
        for (const shift of [0, 0.5]) {
          const at = x * trees + shift + nearness * 31;
          const tree = Math.floor(at);
          const tall = 0.55 + 0.45 * noise(tree * 1.37, nearness * 40 + shift);
          const reach = 1 - Math.abs(at - tree - 0.5) * 2.2;
          // Branches: a saw along the flank.
          const saw = 0.07 * ((reach * 7) % 1);
          top = Math.max(top, tall * (reach - saw));
        }
        return hill + (0.045 + 0.085 * nearness) * Math.max(0, top);
      };
    case "city":
      return (x, nearness) => {
        const lots = 22 - nearness * 11;
        const lot = Math.floor(x * lots + nearness * 100 + offset);
        const tall = Math.abs(noise(lot * 0.73, nearness * 20)) ** 0.8;
        const inside = x * lots + nearness * 100 + offset - lot;
        const crown = tall > 0.5 && Math.abs(inside - 0.5) < 0.06 ? 0.05 : 0;
        return 0.05 + (0.34 - 0.14 * nearness) * tall + crown;
      };
  }
}

interface Layer {
  /** 0 farthest, 1 nearest. */
  nearness: number;
  /** Where the layer begins in each column, in units of length from the top. */
  tops: Float64Array;
  shift: number;
  tint: Color;
}

const LAYERS: Record<Ground, number> = { mountains: 5, dunes: 4, forest: 5, city: 4 };

/** A landscape: `plan` says which, the seed says where its hills lie. */
export function createLand({ palette, seed, ground, lake }: LandPlan): Scene {
  return (canvas, time) => {
    const random = createRandom(seed);
    const noise = createNoise(seed);
    const outline = createOutline(ground, noise, random);
    const shore = canvas.height * (lake ? random.between(0.6, 0.7) : 1.1);
    const horizon = lake ? shore - 0.02 : canvas.height * random.between(0.56, 0.64);
    const sunX = canvas.width * random.between(0.22, 0.78);
    const sunY = canvas.height * random.between(0.14, palette.night ? 0.3 : 0.42);
    const sky = createSky({ canvas, palette, seed, horizon: horizon * 1.05, sunX, sunY, time });
    const coverageOf = (layer: Layer, column: number, y: number): number =>
      clamp((y - (layer.tops[column] as number)) * canvas.density + 0.5);
    const haze = color(palette.haze);
    const near = color(palette.ground);
    const sun = color(palette.sun);
    const water = color(palette.water);
    const white = between(color("#ffffff"), haze, palette.night ? 0.7 : 0.25);
    const count = LAYERS[ground];

    const layers = Array.from({ length: count }, (_, index): Layer => {
      const nearness = index / (count - 1);
      const foot = horizon + (lake ? 0.06 : 0.36 * canvas.height) * nearness ** 1.5;
      const shift = time * 0.012 * (0.3 + nearness);
      const tops = new Float64Array(canvas.columns);
      for (let column = 0; column < tops.length; column += 1) {
        tops[column] = foot - outline(column / canvas.density + shift, nearness);
      }
      return { nearness, tops, shift, tint: between(haze, near, 0.12 + 0.88 * nearness ** 0.8) };
    });

    /** The ground's own shape: light falls from the sun's side, and snow lies where it is high and not steep. */
    const relief = (
      layer: Layer,
      x: number,
      under: number,
      coverage: number,
      target: Color,
    ): void => {
      const steep = ground === "mountains" ? 1 : 0.3;
      const place = (x + layer.shift) * 5.5 + layer.nearness * 30;
      const side = 0.07 * clamp((sunX - x) * 4, -1, 1);
      const rock = fractal(noise, place + under * 2, under * 8, 4);
      const lit = (rock - fractal(noise, place + side + under * 2, under * 8 + 0.1, 4)) * steep;
      const light = clamp(lit * 2.4, -1, 1) * Math.exp(-under * 2.2);
      if (palette.snow === true && ground === "mountains" && layer.nearness < 0.9) {
        const line = 0.075 + 0.2 * rock - 0.05 * layer.nearness;
        blend(target, white, coverage * smoothstep(line + 0.02, line - 0.03, under) * 0.9);
      }
      const contrast = 0.3 + 0.7 * layer.nearness;
      if (light > 0) glow(target, sun, coverage * light * contrast * (palette.night ? 0.08 : 0.24));
      else scale(target, 1 + coverage * light * contrast * 0.6);
    };

    const windows = (layer: Layer, x: number, y: number, under: number, target: Color): void => {
      const finer = 1.2 - layer.nearness * 0.5;
      const across = Math.floor((x + layer.shift) * 260 * finer);
      const up = Math.floor(y * 190 * finer);
      if (across % 3 === 0 || up % 2 === 0 || under < 0.012) return;
      const lit = noise(across * 0.77 + layer.nearness * 7, up * 0.83);
      if (lit > 0.18) glow(target, sun, 0.75 * layer.nearness * (0.6 + lit));
    };

    /** Everything above the water line. What a nearer layer hides is not drawn. */
    const above = (column: number, y: number, target: Color): void => {
      const x = column / canvas.density;
      let first = layers.length - 1;
      while (first >= 0 && coverageOf(layers[first] as Layer, column, y) < 1) first -= 1;
      if (first < 0) sky(x, y, target);
      for (let index = Math.max(first, 0); index < layers.length; index += 1) {
        const layer = layers[index] as Layer;
        const coverage = coverageOf(layer, column, y);
        if (coverage === 0) continue;
        const under = y - (layer.tops[column] as number);
        blend(target, layer.tint, coverage);
        if (ground === "mountains" || ground === "dunes") relief(layer, x, under, coverage, target);
        if (ground === "city" && layer.nearness > 0.2) windows(layer, x, y, under, target);
        // Mist gathers at the foot of what is far.
        const mist = smoothstep(0.02, 0.3, under) * (1 - layer.nearness) ** 0.8 * 0.75;
        blend(target, haze, coverage * mist);
      }
    };

    return (column, row, target) => {
      const y = row / canvas.density;
      if (y < shore) return above(column, y, target);
      const depth = (y - shore) / (canvas.height - shore);
      const x = column / canvas.density;
      const ripple = noise(
        x * (7 - 4 * depth) + time * 0.2,
        (y - shore) * 90 * (1.2 - depth) + time,
      );
      const mirrored = column + ripple * (2 + 14 * depth) * canvas.density * 0.001;
      const bounded = clamp(Math.round(mirrored), 0, canvas.columns - 1);
      above(bounded, clamp(2 * shore - y - ripple * 0.012 * depth, 0, shore), target);
      blend(target, water, 0.22 + 0.38 * depth);
      glow(target, sun, Math.max(0, ripple - 0.25) * 0.22 * Math.exp(-Math.abs(x - sunX) * 3));
      scale(target, 0.94);
      blend(target, haze, 0.35 * Math.exp(-depth * 40));
    };
  };
}
