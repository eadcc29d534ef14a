/** Text to music: a WAV file of the length asked for. */
import { compose, MUSIC_SAMPLE_RATE } from "../media/music.ts";
import { encodeWav } from "../media/wav.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, integer, number, text } from "../schema/fields.ts";
import { type Fields, required } from "../schema/schema.ts";
import { numberOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { seed } from "./common-fields.ts";
import { work } from "./progress.ts";
import { File, type ResultFile, storeFile } from "./results.ts";

export interface MusicRow extends Endpoint {
  output: Fields;
  seconds(values: Values): number;
  body(audio: ResultFile, seed: number, values: Values): unknown;
  units(seconds: number, values: Values): string;
}

export async function makeMusic(
  row: MusicRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const seconds = Math.max(1, Math.min(240, row.seconds(values)));
  const used = numberOf(values, "seed", Math.floor(Math.random() * 0x8000_0000));
  await work(context, 10, 200);
  const asked = textOf(values, "prompt", textOf(values, "tags"));
  const bytes = encodeWav(await compose(asked, used, seconds), MUSIC_SAMPLE_RATE);
  const audio = storeFile(context, bytes, "audio/wav", "output.wav");
  return { body: row.body(audio, used, values), billableUnits: row.units(seconds, values) };
}

const share = (fallback: number, maximum = 1): ReturnType<typeof number> =>
  number({ minimum: 0, maximum, default: fallback });

export const musicRows: readonly MusicRow[] = [
  {
    id: "fal-ai/stable-audio",
    title: "Stable Audio Open",
    category: "text-to-audio",
    price: { unitPrice: 0.00125, unit: "compute seconds" },
    input: {
      prompt: required(text()),
      seconds_start: integer({ minimum: 0, maximum: 47, default: 0 }),
      seconds_total: integer({ minimum: 0, maximum: 47, default: 30 }),
      steps: integer({ minimum: 1, maximum: 1000, default: 100 }),
    },
    output: { audio_file: required(File) },
    seconds: (values) => numberOf(values, "seconds_total", 30),
    body: (audio) => ({ audio_file: audio }),
    units: (_, values) => (0.05 * numberOf(values, "steps", 100)).toFixed(8),
  },
  {
    id: "fal-ai/ace-step",
    title: "ACE-Step",
    category: "text-to-audio",
    price: { unitPrice: 0.0002, unit: "seconds" },
    input: {
      tags: required(text()),
      lyrics: text({ default: "" }),
      duration: number({ minimum: 5, maximum: 240, default: 60 }),
      number_of_steps: integer({ minimum: 3, maximum: 60, default: 27 }),
      seed,
      scheduler: choice(["euler", "heun"], "euler"),
      guidance_type: choice(["cfg", "apg", "cfg_star"], "apg"),
      granularity_scale: integer({ minimum: -100, maximum: 100, default: 10 }),
      guidance_interval: share(0.5),
      guidance_interval_decay: share(0),
      guidance_scale: share(15, 200),
      minimum_guidance_scale: share(3, 200),
      tag_guidance_scale: share(5, 10),
      lyric_guidance_scale: share(1.5, 10),
    },
    output: {
      audio: required(File),
      seed: required(integer()),
      tags: required(text()),
      lyrics: required(text()),
    },
    seconds: (values) => numberOf(values, "duration", 60),
    body: (audio, made, values) => ({
      audio,
      seed: made,
      tags: textOf(values, "tags"),
      lyrics: textOf(values, "lyrics"),
    }),
    units: String,
  },
  {
    id: "fal-ai/lyria2",
    title: "Lyria 2",
    category: "text-to-audio",
    // Always thirty seconds, which are one unit.
    price: { unitPrice: 0.1, unit: "30 seconds" },
    input: {
      prompt: required(text({ minLength: 1, maxLength: 2000 })),
      negative_prompt: text({ default: "low quality" }),
      seed,
    },
    output: { audio: required(File) },
    seconds: () => 30,
    body: (audio) => ({ audio }),
    units: () => "1",
  },
];

export const musicModels: readonly Model[] = musicRows.map((row) =>
  checkedModel(row, {
    output: row.output,
    run: (values, context) => makeMusic(row, values, context),
  }),
);
