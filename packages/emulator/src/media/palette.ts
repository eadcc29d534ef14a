/** The light of a scene: sets of colours that go together, by time of day and season. */
import type { Random } from "./random.ts";

export interface Palette {
  /** Sky from the zenith down to the horizon. */
  sky: readonly string[];
  /** The sun's or the moon's disc, and its glow. */
  sun: string;
  /** Clouds where the light falls on them. */
  cloud: string;
  /** What distance fades to. */
  haze: string;
  /** The nearest ground. */
  ground: string;
  /** Water where it does not mirror. */
  water: string;
  /** Words of a prompt that ask for this light. */
  words: readonly string[];
  night?: boolean;
  snow?: boolean;
}

export const palettes: readonly Palette[] = [
  {
    sky: ["#2b2d6e", "#7b4b94", "#e0718c", "#ffb27a", "#ffe3b0"],
    sun: "#fff1cf",
    cloud: "#ffb59a",
    haze: "#e59a8e",
    ground: "#241734",
    water: "#4a2f5e",
    words: ["sunset", "dusk", "evening", "romantic", "golden", "warm"],
  },
  {
    sky: ["#5c8bd6", "#8fb7ea", "#c6def5", "#f6e7d3", "#ffe0c2"],
    sun: "#fffdf2",
    cloud: "#ffffff",
    haze: "#b9cfe4",
    ground: "#1d3a3a",
    water: "#2f6f8f",
    words: ["day", "summer", "bright", "blue", "morning", "spring", "happy"],
    snow: true,
  },
  {
    sky: ["#0a1128", "#13235b", "#24407a", "#3c6a94"],
    sun: "#f4f1de",
    cloud: "#31466f",
    haze: "#2c4a73",
    ground: "#050a18",
    water: "#0f2244",
    words: ["night", "moon", "midnight", "dark", "stars", "dream"],
    night: true,
    snow: true,
  },
  {
    sky: ["#071018", "#0b2b33", "#0f4a4a", "#1b6b5f"],
    sun: "#d8fff0",
    cloud: "#12403f",
    haze: "#1a5a56",
    ground: "#03090c",
    water: "#0a2a30",
    words: ["aurora", "northern", "iceland", "magic", "fantasy"],
    night: true,
    snow: true,
  },
  {
    sky: ["#3d5a80", "#7896b8", "#b8c9d9", "#e8d5cf", "#f3e3d8"],
    sun: "#fff7ea",
    cloud: "#f2eef0",
    haze: "#c3cdd8",
    ground: "#2a3947",
    water: "#5d7e96",
    words: ["winter", "snow", "ice", "mist", "fog", "calm", "cold"],
    snow: true,
  },
  {
    sky: ["#3a6ea5", "#82a9c9", "#e6cfa6", "#f3b562", "#f28f3b"],
    sun: "#fff4d6",
    cloud: "#ffe2b5",
    haze: "#e3b27c",
    ground: "#5a2a17",
    water: "#4b7f8c",
    words: ["desert", "dune", "canyon", "sand", "egypt", "mars", "autumn", "fall"],
  },
  {
    sky: ["#1d2b53", "#5a3d86", "#b5529b", "#ff7aa8", "#ffc3a0"],
    sun: "#ffe6f2",
    cloud: "#ff9ec0",
    haze: "#c46fa6",
    ground: "#160f2e",
    water: "#372a66",
    words: ["neon", "cyberpunk", "synthwave", "retro", "pink", "purple", "anime", "city"],
  },
  {
    sky: ["#2f6d6a", "#5fa08f", "#a8cfae", "#e9ebc6", "#fbf3d4"],
    sun: "#fffbe6",
    cloud: "#f5f4df",
    haze: "#a9c9b0",
    ground: "#12301f",
    water: "#2f6f63",
    words: ["forest", "jungle", "green", "garden", "tree", "meadow", "nature"],
  },
];

/** Whether `prompt` has one of `words`, also as the beginning of a word ("mountains", "snowy"). */
export function mentions(prompt: string, words: readonly string[]): boolean {
  const text = ` ${prompt.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, " ")}`;
  return words.some((word) => text.includes(` ${word}`));
}

/** The first palette whose words the prompt has, else one by chance. */
export function choosePalette(prompt: string, random: Random): Palette {
  // Drawn in any case, so that a word about the light does not change the lie of the land.
  const chance = random.pick(palettes);
  return palettes.find(({ words }) => mentions(prompt, words)) ?? chance;
}
