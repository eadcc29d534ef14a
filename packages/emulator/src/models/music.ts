/** Text to music: a WAV file of the length asked for. */
import { compose, MUSIC_SAMPLE_RATE } from "../media/music.ts";
import { encodeWav } from "../media/wav.ts";
import type { Model } from "../model.ts";
import { storeFile } from "./file.ts";
import { readInput } from "./input.ts";
import { work } from "./progress.ts";

export const stableAudio: Model = {
  id: "fal-ai/stable-audio",
  title: "Stable Audio Open",
  price: { unitPrice: 0.00125, unit: "compute seconds" },
  async run(input, context) {
    const read = readInput(input);
    const prompt = read.text("prompt");
    const seconds = read.integer("seconds_total", { default: 30, min: 1, max: 47 });
    const steps = read.integer("steps", { default: 100, min: 1, max: 1000 });
    const seed = read.integer("seed", { default: 0 });
    const refusal = read.refusal();
    if (refusal !== undefined) return refusal;

    await work(context, 10, steps * 2);
    const bytes = encodeWav(await compose(prompt, seed, seconds), MUSIC_SAMPLE_RATE);
    const audioFile = storeFile(context, bytes, "audio/wav", "output.wav");
    return { body: { audio_file: audioFile }, billableUnits: (0.05 * steps).toFixed(8) };
  },
};
