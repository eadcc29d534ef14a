/** The short videos that ship with the package; see `assets/README.md` for how they were made. */
import { readFile } from "node:fs/promises";
import { mentions } from "./palette.ts";
import { createRandom, hash } from "./random.ts";

const clips = [
  { name: "sea", words: ["sea", "ocean", "beach", "wave", "water", "sunset", "sun", "boat"] },
  { name: "aurora", words: ["aurora", "mountain", "night", "snow", "winter", "lake", "sky"] },
  { name: "silk", words: ["abstract", "silk", "pattern", "music", "dance", "purple"] },
] as const;

/** An MP4 for a prompt: by its words, else by chance seeded with the prompt. */
export function loadClip(prompt: string): Promise<Uint8Array> {
  const chance = createRandom(hash(prompt)).pick(clips);
  const { name } = clips.find(({ words }) => mentions(prompt, words)) ?? chance;
  return readFile(new URL(`../../assets/${name}.mp4`, import.meta.url));
}
