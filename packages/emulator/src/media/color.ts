/** Colours as three numbers from 0 to 1 (sRGB), gradients that stay clean between their stops, and blending. */

/** Red, green, blue; also the pixel that a scene writes into. */
export type Color = Float64Array;

export const clamp = (value: number, low = 0, high = 1): number =>
  value < low ? low : value > high ? high : value;

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low));
  return t * t * (3 - 2 * t);
}

/** Reads `#rrggbb`. */
export function color(hex: string): Color {
  const value = Number.parseInt(hex.slice(1), 16);
  return Float64Array.of((value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255);
}

/** Moves `target` towards `other`: 0 keeps it, 1 replaces it. */
export function blend(target: Color, other: Color, amount: number): void {
  for (let i = 0; i < 3; i += 1) {
    target[i] = (target[i] as number) + ((other[i] as number) - (target[i] as number)) * amount;
  }
}

/** Adds light of a colour (screen blending, which never clips). */
export function glow(target: Color, light: Color, amount: number): void {
  for (let i = 0; i < 3; i += 1) {
    const value = target[i] as number;
    target[i] = value + (1 - value) * clamp((light[i] as number) * amount);
  }
}

export function scale(target: Color, factor: number): void {
  for (let i = 0; i < 3; i += 1) target[i] = (target[i] as number) * factor;
}

const toLinear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const toSrgb = (value: number): number =>
  value <= 0.0031308 ? value * 12.92 : 1.055 * Math.max(value, 0) ** (1 / 2.4) - 0.055;

/** sRGB to OKLab (Ottosson 2020), where halfway between two colours looks like halfway. */
function toLab(source: Color): Color {
  const [r, g, b] = Array.from(source, toLinear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return Float64Array.of(
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  );
}

function fromLab(lab: Color): Color {
  const [lightness, a, b] = lab as unknown as [number, number, number];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return Float64Array.of(
    toSrgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toSrgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toSrgb(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  );
}

/** Writes the colour at `t` (0 to 1) into `target`. */
export type Gradient = (t: number, target: Color) => void;

const STEPS = 1024;

/** A gradient through evenly spaced stops. */
export function gradient(stops: readonly string[]): Gradient {
  const labs = stops.map((stop) => toLab(color(stop)));
  const table = new Float64Array((STEPS + 1) * 3);
  for (let step = 0; step <= STEPS; step += 1) {
    const position = (step / STEPS) * (labs.length - 1);
    const index = Math.min(Math.floor(position), labs.length - 2);
    const between = Float64Array.from(labs[index] as Color);
    blend(between, labs[index + 1] as Color, position - index);
    table.set(fromLab(between), step * 3);
  }
  return (t, target) => {
    const at = Math.round(clamp(t) * STEPS) * 3;
    target[0] = table[at] as number;
    target[1] = table[at + 1] as number;
    target[2] = table[at + 2] as number;
  };
}

/** The colour between two, by eye. */
export function between(from: Color, to: Color, amount: number): Color {
  const lab = toLab(from);
  blend(lab, toLab(to), amount);
  return fromLab(lab);
}
