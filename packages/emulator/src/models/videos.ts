/** Text to video, and image to video: the answer is one of the clips that ship with the package. */
import { loadClip } from "../media/clip.ts";
import { createRandom, hash } from "../media/random.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, flag, integer, number, text } from "../schema/fields.ts";
import { type Fields, required } from "../schema/schema.ts";
import { flagOf, numberOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { file, imageUrl, prompt, safetyChecker, seed, steps } from "./common-fields.ts";
import { work } from "./progress.ts";
import { File, storeFile } from "./results.ts";
import { loadSources } from "./sources.ts";

export interface VideoRow extends Endpoint {
  /** What the answer tells beside the video. */
  tells?: ReadonlyArray<"seed" | "prompt">;
  /** Seconds that are asked for. @default those of `duration` */
  seconds?(values: Values): number;
  /** Billed units. @default the seconds */
  units?(seconds: number, values: Values): number;
}

/** Seconds of `"8s"`, `"5"` or `5`. */
const durationOf = (values: Values): number =>
  numberOf(values, "duration", Number.parseFloat(textOf(values, "duration", "5")) || 5);

export async function makeVideo(
  row: VideoRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const loaded = await loadSources(values, context);
  if ("failure" in loaded) return loaded.failure;
  const asked = textOf(values, "prompt");
  const seconds = (row.seconds ?? durationOf)(values);
  await work(context, 20, 50 * seconds);
  const video = storeFile(context, await loadClip(asked), "video/mp4", "output.mp4");
  const drawn = Math.floor(createRandom(hash(`${asked}\n${context.requestId}`))() * 0x8000_0000);
  const all = { seed: numberOf(values, "seed", drawn), prompt: asked };
  const told = (row.tells ?? []).map((name) => [name, all[name]]);
  const body = { video, ...(Object.fromEntries(told) as Partial<typeof all>) };
  const units = row.units?.(seconds, values) ?? seconds;
  return { body, billableUnits: String(Number(units.toFixed(8))) };
}

const klingPrompt = required(text({ maxLength: 2500 }));
const klingFields: Fields = {
  duration: choice(["5", "10"], "5"),
  negative_prompt: text({ maxLength: 2500, default: "blur, distort, and low quality" }),
  cfg_scale: number({ minimum: 0, maximum: 1, default: 0.5 }),
};
const klingRatio = choice(["16:9", "9:16", "1:1"], "16:9");

const veoFields: Fields = {
  prompt: required(text({ minLength: 1 })),
  aspect_ratio: choice(["16:9", "9:16"], "16:9"),
  duration: choice(["4s", "6s", "8s"], "8s"),
  negative_prompt: text(),
  resolution: choice(["720p", "1080p"], "720p"),
  generate_audio: flag(true),
  seed,
  auto_fix: flag(true),
  safety_tolerance: choice(["1", "2", "3", "4", "5", "6"], "4"),
};

/** The unit stays a second; a silent one is two thirds of it. */
const veoUnits = (seconds: number, values: Values): number =>
  flagOf(values, "generate_audio", true) ? seconds : (seconds * 2) / 3;

const hailuoFields: Fields = {
  duration: choice(["6", "10"], "6"),
  prompt_optimizer: flag(true),
};

const wanShare: Readonly<Record<string, number>> = { "480p": 0.5, "580p": 0.75, "720p": 1 };
/** Pixels of a frame, by resolution. */
const seedancePixels: Readonly<Record<string, number>> = {
  "480p": 864 * 480,
  "720p": 1248 * 704,
  "1080p": 1920 * 1088,
};

export const videoRows: readonly VideoRow[] = [
  {
    id: "fal-ai/kling-video/v2.1/standard/text-to-video",
    title: "Kling 2.1 Standard",
    category: "text-to-video",
    price: { unitPrice: 0.05, unit: "seconds" },
    input: { prompt: klingPrompt, aspect_ratio: klingRatio, ...klingFields },
  },
  {
    id: "fal-ai/kling-video/v2.1/standard/image-to-video",
    title: "Kling 2.1 Standard, from an image",
    category: "image-to-video",
    price: { unitPrice: 0.05, unit: "seconds" },
    input: { prompt: klingPrompt, image_url: imageUrl, ...klingFields },
  },
  {
    id: "fal-ai/kling-video/v2.1/master/text-to-video",
    title: "Kling 2.1 Master",
    category: "text-to-video",
    price: { unitPrice: 0.28, unit: "seconds" },
    input: { prompt: klingPrompt, aspect_ratio: klingRatio, ...klingFields },
  },
  {
    id: "fal-ai/kling-video/v2.5-turbo/pro/text-to-video",
    title: "Kling 2.5 Turbo Pro",
    category: "text-to-video",
    price: { unitPrice: 0.07, unit: "seconds" },
    input: { prompt: klingPrompt, aspect_ratio: klingRatio, ...klingFields },
  },
  {
    id: "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
    title: "Kling 2.5 Turbo Pro, from an image",
    category: "image-to-video",
    price: { unitPrice: 0.07, unit: "seconds" },
    input: {
      prompt: klingPrompt,
      image_url: imageUrl,
      ...klingFields,
      tail_image_url: file,
    },
  },
  {
    id: "fal-ai/veo3",
    title: "Veo 3",
    category: "text-to-video",
    price: { unitPrice: 0.4, unit: "seconds" },
    input: veoFields,
    units: veoUnits,
  },
  {
    id: "fal-ai/veo3/fast",
    title: "Veo 3 Fast",
    category: "text-to-video",
    price: { unitPrice: 0.15, unit: "seconds" },
    input: veoFields,
    units: veoUnits,
  },
  {
    id: "fal-ai/minimax/video-01",
    title: "MiniMax Video 01",
    category: "text-to-video",
    price: { unitPrice: 0.5, unit: "videos" },
    input: { prompt: required(text({ maxLength: 2000 })), prompt_optimizer: flag(true) },
    units: () => 1,
  },
  {
    id: "fal-ai/minimax/hailuo-02/standard/text-to-video",
    title: "MiniMax Hailuo 02 Standard",
    category: "text-to-video",
    price: { unitPrice: 0.045, unit: "seconds" },
    input: { prompt: required(text({ minLength: 1, maxLength: 2000 })), ...hailuoFields },
  },
  {
    id: "fal-ai/minimax/hailuo-02/standard/image-to-video",
    title: "MiniMax Hailuo 02 Standard, from an image",
    category: "image-to-video",
    price: { unitPrice: 0.045, unit: "seconds" },
    input: {
      prompt: required(text({ maxLength: 2000 })),
      image_url: imageUrl,
      ...hailuoFields,
      resolution: choice(["512P", "768P"], "768P"),
      end_image_url: file,
    },
  },
  {
    id: "fal-ai/luma-dream-machine",
    title: "Luma Dream Machine",
    category: "text-to-video",
    price: { unitPrice: 0.5, unit: "videos" },
    input: {
      prompt: required(text({ minLength: 3, maxLength: 5000 })),
      aspect_ratio: choice(["16:9", "9:16", "4:3", "3:4", "21:9", "9:21"], "16:9"),
      loop: flag(false),
    },
    units: () => 1,
  },
  {
    id: "fal-ai/wan/v2.2-a14b/text-to-video",
    title: "Wan 2.2 A14B",
    category: "text-to-video",
    price: { unitPrice: 0.08, unit: "seconds" },
    input: {
      prompt,
      num_frames: integer({ minimum: 17, maximum: 161, default: 81 }),
      frames_per_second: integer({ minimum: 4, maximum: 60, default: 16, nullable: true }),
      seed,
      resolution: choice(["480p", "580p", "720p"], "720p"),
      aspect_ratio: choice(["16:9", "9:16", "1:1"], "16:9"),
      num_inference_steps: steps(27, 40, 2),
      negative_prompt: text({ default: "" }),
      enable_safety_checker: flag(false),
      enable_prompt_expansion: flag(false),
      acceleration: choice(["none", "regular"], "regular"),
      guidance_scale: number({ minimum: 1, maximum: 10, default: 3.5 }),
      shift: number({ minimum: 1, maximum: 10, default: 5 }),
    },
    tells: ["seed", "prompt"],
    // Sixteen frames are a second of the bill, however fast they are shown.
    seconds: (values) => numberOf(values, "num_frames", 81) / 16,
    units: (seconds, values) => seconds * (wanShare[textOf(values, "resolution")] ?? 1),
  },
  {
    id: "fal-ai/bytedance/seedance/v1/pro/image-to-video",
    title: "Seedance 1.0 Pro, from an image",
    category: "image-to-video",
    price: { unitPrice: 2.5, unit: "1m tokens" },
    input: {
      prompt,
      image_url: imageUrl,
      aspect_ratio: choice(["21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "auto"], "auto"),
      resolution: choice(["480p", "720p", "1080p"], "1080p"),
      duration: choice(["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"], "5"),
      camera_fixed: flag(false),
      seed,
      enable_safety_checker: safetyChecker,
      end_image_url: file,
    },
    tells: ["seed"],
    units: (seconds, values) =>
      ((seedancePixels[textOf(values, "resolution")] ?? 0) * 24 * seconds) / 1024 / 1_000_000,
  },
];

const told = { seed: required(integer()), prompt: text({ default: "" }) };

function outputOf({ tells = [] }: VideoRow): Fields {
  const fields = tells.map((name) => [name, told[name]] as const);
  return { video: required(File), ...Object.fromEntries(fields) };
}

export const videoModels: readonly Model[] = videoRows.map((row) =>
  checkedModel(row, {
    output: outputOf(row),
    run: (values, context) => makeVideo(row, values, context),
  }),
);
