/** Tools for pictures: upscalers, and what takes the background away. */
import type { Model } from "../model.ts";
import { choice, flag, integer, number, text } from "../schema/fields.ts";
import { guidance, imageUrl, safetyChecker, seed, steps, syncMode } from "./common-fields.ts";
import { enlarged, likeSource } from "./image-size.ts";
import { cutOut, oneAndTimings, oneImage, upscaled } from "./picture-answers.ts";
import { pictureModel, type PictureRow } from "./pictures.ts";

const category = "image-to-image";

const birefnetFields = {
  image_url: imageUrl,
  operating_resolution: choice(["1024x1024", "2048x2048"], "1024x1024"),
  output_mask: flag(false),
  refine_foreground: flag(true),
  sync_mode: syncMode,
  output_format: choice(["webp", "png", "gif"], "png"),
};

export const imageToolRows: readonly PictureRow[] = [
  {
    id: "fal-ai/clarity-upscaler",
    title: "Clarity Upscaler",
    category,
    // Of the result, not of the source.
    price: { unitPrice: 0.03, unit: "megapixels" },
    input: {
      image_url: imageUrl,
      prompt: text({ default: "masterpiece, best quality, highres" }),
      upscale_factor: number({ minimum: 1, maximum: 4, default: 2 }),
      negative_prompt: text({ default: "(worst quality, low quality, normal quality:2)" }),
      creativity: number({ minimum: 0, maximum: 1, default: 0.35 }),
      resemblance: number({ minimum: 0, maximum: 1, default: 0.6 }),
      guidance_scale: guidance(4, 0, 20),
      num_inference_steps: steps(18, 50, 4),
      seed,
      enable_safety_checker: safetyChecker,
    },
    size: enlarged("upscale_factor", 2),
    answer: upscaled,
    format: "png",
    msPerStep: 200,
  },
  {
    id: "fal-ai/esrgan",
    title: "Real-ESRGAN",
    category,
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: {
      image_url: imageUrl,
      scale: number({ minimum: 1, maximum: 8, default: 2 }),
      tile: integer({ default: 0 }),
      face: flag(false),
      model: choice(
        [
          "RealESRGAN_x4plus",
          "RealESRGAN_x2plus",
          "RealESRGAN_x4plus_anime_6B",
          "RealESRGAN_x4_v3",
          "RealESRGAN_x4_wdn_v3",
          "RealESRGAN_x4_anime_v3",
        ],
        "RealESRGAN_x4plus",
      ),
      output_format: choice(["png", "jpeg"], "png"),
    },
    size: enlarged("scale", 2),
    answer: oneImage,
  },
  {
    id: "fal-ai/aura-sr",
    title: "AuraSR",
    category,
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: {
      image_url: imageUrl,
      upscale_factor: choice([4], 4),
      overlapping_tiles: flag(false),
      checkpoint: choice(["v1", "v2"], "v1"),
    },
    size: enlarged("upscale_factor", 4),
    answer: oneAndTimings,
    format: "png",
  },
  {
    id: "fal-ai/birefnet",
    title: "BiRefNet",
    category,
    price: { unitPrice: 0.0008, unit: "compute seconds" },
    input: {
      ...birefnetFields,
      model: choice(
        ["General Use (Light)", "General Use (Heavy)", "Portrait"],
        "General Use (Light)",
      ),
    },
    size: likeSource,
    answer: cutOut,
    cutOut: true,
  },
  {
    id: "fal-ai/birefnet/v2",
    title: "BiRefNet 2",
    category,
    price: { unitPrice: 0.0008, unit: "compute seconds" },
    input: {
      ...birefnetFields,
      operating_resolution: choice(["1024x1024", "2048x2048", "2304x2304"], "1024x1024"),
      model: choice(
        [
          "General Use (Light)",
          "General Use (Light 2K)",
          "General Use (Heavy)",
          "Matting",
          "Portrait",
          "General Use (Dynamic)",
        ],
        "General Use (Light)",
      ),
    },
    size: likeSource,
    answer: cutOut,
    cutOut: true,
  },
  {
    id: "fal-ai/bria/background/remove",
    title: "Bria RMBG 2.0",
    category,
    price: { unitPrice: 0.018, unit: "generations" },
    input: { image_url: imageUrl, sync_mode: syncMode },
    size: likeSource,
    answer: oneImage,
    cutOut: true,
  },
  {
    id: "fal-ai/imageutils/rembg",
    title: "Remove Background",
    category,
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: { image_url: imageUrl, sync_mode: syncMode, crop_to_bbox: flag(false) },
    size: likeSource,
    answer: oneImage,
    cutOut: true,
  },
];

export const imageToolModels: readonly Model[] = imageToolRows.map(pictureModel);
