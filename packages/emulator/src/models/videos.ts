/** Text to video, and image to video: the answer is one of the clips that ship with the package. */
import { loadClip } from "../media/clip.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import { storeFile } from "./file.ts";
import { readInput, type InputReader } from "./input.ts";
import { work } from "./progress.ts";

interface Family {
  id: string;
  title: string;
  unitPrice: number;
  durations: readonly string[];
  duration: string;
  aspectRatios: readonly string[];
  fromImage?: boolean;
  /** Billed units from the seconds asked for. @default the seconds */
  units?(seconds: number, read: InputReader): string;
}

const kling = { durations: ["5", "10"], duration: "5", aspectRatios: ["16:9", "9:16", "1:1"] };

const families: readonly Family[] = [
  {
    ...kling,
    id: "fal-ai/kling-video/v2.1/standard/text-to-video",
    title: "Kling 2.1 Standard",
    unitPrice: 0.05,
  },
  {
    ...kling,
    id: "fal-ai/kling-video/v2.1/standard/image-to-video",
    title: "Kling 2.1 Standard, from an image",
    unitPrice: 0.05,
    fromImage: true,
  },
  {
    id: "fal-ai/veo3/fast",
    title: "Veo 3 Fast",
    unitPrice: 0.15,
    durations: ["4s", "6s", "8s"],
    duration: "8s",
    aspectRatios: ["16:9", "9:16"],
    // Silent is two thirds of the price: the unit stays a second, the quantity shrinks.
    units: (seconds, read) =>
      read.flag("generate_audio", true) ? String(seconds) : ((seconds * 2) / 3).toFixed(8),
  },
];

async function generate(
  family: Family,
  input: Record<string, unknown>,
  context: ModelContext,
): Promise<ModelReply> {
  const read = readInput(input);
  const prompt = read.text("prompt", { maxLength: 2500 });
  if (family.fromImage) read.text("image_url", { minLength: 1 });
  const duration = read.choice("duration", family.durations, family.duration);
  read.choice("aspect_ratio", family.aspectRatios, "16:9");
  const seconds = Number.parseInt(duration, 10);
  const billableUnits = family.units?.(seconds, read) ?? String(seconds);
  const refusal = read.refusal();
  if (refusal !== undefined) return refusal;

  await work(context, 20, 50 * seconds);
  const video = storeFile(context, await loadClip(prompt), "video/mp4", "output.mp4");
  return { body: { video }, billableUnits };
}

export const videoModels: readonly Model[] = families.map((family) => ({
  id: family.id,
  title: family.title,
  price: { unitPrice: family.unitPrice, unit: "seconds" },
  run: (input, context) => generate(family, input, context),
}));
