/** A face in another picture: portraits, stickers, swaps. */
import type { Model } from "../model.ts";
import { choice, flag, number, text } from "../schema/fields.ts";
import { object, required } from "../schema/schema.ts";
import {
  guidance,
  imageUrl,
  negativePrompt,
  prompt,
  safetyChecker,
  seed,
  steps,
  syncMode,
} from "./common-fields.ts";
import { bySize, imageSize, likeSource } from "./image-size.ts";
import { diffusion, oneImage, sticker } from "./picture-answers.ts";
import { pictureModel, type PictureRow } from "./pictures.ts";

const category = "image-to-image";

const face = object("FaceImage", { url: required(text()) });
const gender = choice(["male", "female", "non-binary"]);

export const faceRows: readonly PictureRow[] = [
  {
    id: "fal-ai/flux-pulid",
    title: "PuLID with FLUX: a face in another picture",
    category,
    price: { unitPrice: 0.0333, unit: "megapixels" },
    input: {
      prompt,
      reference_image_url: imageUrl,
      image_size: imageSize("landscape_4_3"),
      num_inference_steps: steps(20, 50),
      seed,
      guidance_scale: guidance(4, 0, 20),
      negative_prompt: negativePrompt,
      sync_mode: syncMode,
      start_step: steps(0, 50, 0),
      true_cfg: number({ minimum: 1, maximum: 10, default: 1 }),
      id_weight: number({ minimum: 0, maximum: 1, default: 1 }),
      enable_safety_checker: safetyChecker,
      max_sequence_length: choice(["128", "256", "512"], "128"),
    },
    size: bySize,
    answer: diffusion,
    msPerStep: 90,
  },
  {
    id: "fal-ai/face-to-sticker",
    title: "Face to Sticker",
    category,
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: {
      image_url: imageUrl,
      prompt,
      negative_prompt: negativePrompt,
      image_size: imageSize("square_hd"),
      num_inference_steps: steps(20, 40, 10),
      guidance_scale: guidance(4.5, 0, 10),
      instant_id_strength: number({ minimum: 0, maximum: 1, default: 0.7 }),
      ip_adapter_weight: number({ minimum: 0, maximum: 1, default: 0.2 }),
      ip_adapter_noise: number({ minimum: 0, maximum: 1, default: 0.5 }),
      upscale: flag(false),
      upscale_steps: steps(10, 20),
      seed,
      enable_safety_checker: safetyChecker,
    },
    size: bySize,
    answer: sticker,
    format: "png",
  },
  {
    id: "easel-ai/advanced-face-swap",
    title: "Advanced Face Swap",
    category,
    price: { unitPrice: 0.05, unit: "generations" },
    input: {
      face_image_0: required(face),
      gender_0: required(gender),
      face_image_1: face,
      gender_1: gender,
      target_image: face,
      workflow_type: required(choice(["user_hair", "target_hair"])),
      upscale: flag(true),
      detailer: flag(false),
    },
    size: likeSource,
    answer: oneImage,
    format: "png",
  },
];

export const faceModels: readonly Model[] = faceRows.map(pictureModel);
