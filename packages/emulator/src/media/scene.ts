/** Chooses what to paint: by the prompt's words, in the order listed, else by chance seeded by prompt and seed. */
import { createLand, type Ground } from "./land.ts";
import { choosePalette, mentions, type Palette } from "./palette.ts";
import { createRandom, hash } from "./random.ts";
import type { Scene } from "./raster.ts";
import { createSea } from "./sea.ts";
import { createSilk } from "./silk.ts";
import { createSpace } from "./space.ts";

interface Subject {
  /** Words of a prompt that ask for it. */
  words: readonly string[];
  create(palette: Palette, seed: number): Scene;
}

const land =
  (ground: Ground, lake: boolean) =>
  (palette: Palette, seed: number): Scene =>
    createLand({ palette, seed, ground, lake });

const subjects: readonly Subject[] = [
  { words: ["lake", "river", "reflection", "fjord"], create: land("mountains", true) },
  { words: ["mountain", "alps", "peak", "valley", "landscape"], create: land("mountains", false) },
  { words: ["desert", "dune", "sand", "canyon", "mars"], create: land("dunes", false) },
  { words: ["forest", "tree", "wood", "jungle", "cabin"], create: land("forest", true) },
  { words: ["city", "skyline", "street", "neon", "cyberpunk"], create: land("city", true) },
  { words: ["sea", "ocean", "beach", "wave", "sail", "island"], create: createSea },
  { words: ["space", "planet", "galaxy", "nebula", "astronaut", "cosmos"], create: createSpace },
  { words: ["abstract", "pattern", "texture", "silk", "logo", "shape"], create: createSilk },
];

/** The scene for a prompt. The same prompt and seed give the same scene. */
export function chooseScene(prompt: string, seed: number): Scene {
  const random = createRandom(hash(`${seed}\n${prompt}`));
  const palette = choosePalette(prompt, random);
  const chance = random.pick(subjects);
  const subject = subjects.find(({ words }) => mentions(prompt, words)) ?? chance;
  return subject.create(palette, Math.floor(random() * 0x1_0000_0000));
}
