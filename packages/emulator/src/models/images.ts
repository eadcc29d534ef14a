/** Text to image, and image to image: one recipe, a row for each family. */
import { encodeJpeg } from "../media/jpeg.ts";
import { mentions } from "../media/palette.ts";
import { encodePng } from "../media/png.ts";
import { hash } from "../media/random.ts";
import { paint, type Raster } from "../media/raster.ts";
import { chooseScene } from "../media/scene.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import { drawnSize, megapixels, readImageSize, type ImageSize } from "./image-size.ts";
import { readInput } from "./input.ts";
import { work } from "./progress.ts";

const formats = ["jpeg", "png"] as const;
export type ImageFormat = (typeof formats)[number];

interface Family {
  id: string;
  title: string;
  price: { unitPrice: number; unit: "megapixels" | "images" | "compute seconds" };
  /** Preset of `image_size` when the caller names none. */
  size: string;
  /** Default number of inference steps and the most that may be asked for; each takes `msPerStep`. */
  steps: number;
  maxSteps?: number;
  msPerStep: number;
  maxImages?: number;
  format?: ImageFormat;
  /** The picture is made from another: `image_url` is required. */
  fromImage?: boolean;
  /** Sizes are named by `aspect_ratio`, and the answer is the short one of that family. */
  byAspectRatio?: boolean;
}

const families: readonly Family[] = [
  {
    id: "fal-ai/flux/dev",
    title: "FLUX.1 [dev]",
    price: { unitPrice: 0.025, unit: "megapixels" },
    size: "landscape_4_3",
    steps: 28,
    maxSteps: 50,
    msPerStep: 90,
  },
  {
    id: "fal-ai/flux/schnell",
    title: "FLUX.1 [schnell]",
    price: { unitPrice: 0.003, unit: "megapixels" },
    size: "landscape_4_3",
    steps: 4,
    maxSteps: 12,
    msPerStep: 150,
  },
  {
    id: "fal-ai/flux/dev/image-to-image",
    title: "FLUX.1 [dev] image to image",
    price: { unitPrice: 0.03, unit: "megapixels" },
    size: "landscape_4_3",
    steps: 40,
    maxSteps: 50,
    msPerStep: 70,
    fromImage: true,
  },
  {
    id: "fal-ai/fast-sdxl",
    title: "Stable Diffusion XL (fast)",
    price: { unitPrice: 0.00125, unit: "compute seconds" },
    size: "square_hd",
    steps: 25,
    maxSteps: 65,
    msPerStep: 60,
    maxImages: 8,
  },
  {
    id: "fal-ai/nano-banana",
    title: "Nano Banana",
    price: { unitPrice: 0.0398, unit: "images" },
    size: "square_hd",
    steps: 5,
    msPerStep: 300,
    format: "png",
    byAspectRatio: true,
  },
];

const aspectRatios: Readonly<Record<string, ImageSize>> = {
  "1:1": { width: 1024, height: 1024 },
  "16:9": { width: 1344, height: 768 },
  "9:16": { width: 768, height: 1344 },
  "4:3": { width: 1184, height: 864 },
  "3:4": { width: 864, height: 1184 },
  "3:2": { width: 1248, height: 832 },
  "2:3": { width: 832, height: 1248 },
  "21:9": { width: 1536, height: 672 },
};

/** Paints one picture and encodes it. */
export async function draw(
  prompt: string,
  seed: number,
  size: ImageSize,
  format: ImageFormat,
): Promise<Uint8Array> {
  const picture = await paint(chooseScene(prompt, seed), size.width, size.height);
  return format === "png" ? encodePng(picture) : encodeJpeg(picture);
}

/** What fal's safety checker leaves of a picture. */
async function blacked({ width, height }: ImageSize, format: ImageFormat): Promise<Uint8Array> {
  const picture: Raster = { width, height, rgb: new Uint8Array(width * height * 3) };
  return format === "png" ? encodePng(picture) : encodeJpeg(picture);
}

export const dataUri = (bytes: Uint8Array, contentType: string): string =>
  `data:${contentType};base64,${Buffer.from(bytes).toString("base64")}`;

async function generate(
  family: Family,
  input: Record<string, unknown>,
  context: ModelContext,
): Promise<ModelReply> {
  const read = readInput(input);
  const prompt = read.text("prompt", { minLength: family.byAspectRatio ? 3 : 0 });
  const source = family.fromImage ? read.text("image_url", { minLength: 1 }) : "";
  const { steps: defaultSteps, maxSteps } = family;
  const steps =
    maxSteps === undefined
      ? defaultSteps
      : read.integer("num_inference_steps", { default: defaultSteps, min: 1, max: maxSteps });
  const count = read.integer("num_images", { default: 1, min: 1, max: family.maxImages ?? 4 });
  const format = read.choice("output_format", formats, family.format ?? "jpeg");
  const seed = read.integer("seed", { default: Math.floor(Math.random() * 0x1_0000_0000) });
  const inline = read.flag("sync_mode", false);
  const checked = read.flag("enable_safety_checker", true);
  const size = family.byAspectRatio
    ? (aspectRatios[read.choice("aspect_ratio", Object.keys(aspectRatios), "1:1")] as ImageSize)
    : readImageSize(input["image_size"], read, family.size);
  const refusal = read.refusal();
  if (refusal !== undefined) return refusal;

  const started = performance.now();
  await work(context, steps, family.msPerStep);
  const drawn = drawnSize(size);
  const contentType = `image/${format}`;
  const concepts = checked && mentions(prompt, ["nsfw"]);
  const images = [];
  for (let index = 0; index < count; index += 1) {
    // An input picture is not looked at: its address changes the outcome as another seed would.
    const variant = (seed + index + (source === "" ? 0 : hash(source))) >>> 0;
    const bytes = await (concepts ? blacked(drawn, format) : draw(prompt, variant, drawn, format));
    const name = `${hash(`${family.id}\n${prompt}\n${variant}`).toString(16)}.${format}`;
    const url = inline ? dataUri(bytes, contentType) : context.store(bytes, contentType, name);
    images.push({ url, ...drawn, content_type: contentType });
  }
  const inference = (performance.now() - started) / 1000;
  const units = {
    megapixels: String(count * megapixels(size)),
    images: String(count),
    "compute seconds": (0.05 * steps * count).toFixed(8),
  };
  const billableUnits = units[family.price.unit];
  if (family.byAspectRatio) return { body: { images, description: "" }, billableUnits };
  const body = {
    images,
    timings: { inference },
    seed,
    has_nsfw_concepts: images.map(() => concepts),
    prompt,
  };
  return { body, billableUnits };
}

export const imageModels: readonly Model[] = families.map((family) => ({
  id: family.id,
  title: family.title,
  price: family.price,
  run: (input, context) => generate(family, input, context),
}));
