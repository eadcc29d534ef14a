/** Fields that many of fal's models share, each as most of them have it. */
import { choice, flag, integer, list, number, text } from "../schema/fields.ts";
import { type Field, type Fields, object, required } from "../schema/schema.ts";

export const prompt: Field = required(text({ description: "What to make" }));
/** An address, or the file itself as a data URI. */
export const file: Field = text({ description: "Address of a file, or a data URI" });
export const imageUrl: Field = required(file);
export const imageUrls: Field = required(list(text()));
export const seed: Field = integer({ description: "The same seed gives the same result" });
export const negativePrompt: Field = text({ default: "", description: "What to leave out" });
export const syncMode: Field = flag(false);
export const safetyChecker: Field = flag(true);
export const outputFormat: Field = choice(["jpeg", "png"], "jpeg");
export const safetyTolerance: Field = choice(["1", "2", "3", "4", "5", "6"], "2");
export const acceleration: Field = choice(["none", "regular", "high"], "none");

export const numImages = (maximum: number): Field => integer({ minimum: 1, maximum, default: 1 });
export const steps = (fallback: number, maximum: number, minimum = 1): Field =>
  integer({ minimum, maximum, default: fallback });
export const guidance = (fallback: number, minimum: number, maximum: number): Field =>
  number({ minimum, maximum, default: fallback });
export const strength = (fallback: number, minimum: number): Field =>
  number({ minimum, maximum: 1, default: fallback });

export const loras: Field = list(
  object("LoraWeight", {
    path: required(text()),
    scale: number({ minimum: 0, maximum: 4, default: 1 }),
  }),
  [],
);

/** Of the models on FLUX.1 [dev] and [schnell]. */
export const fluxFields: Fields = {
  num_images: numImages(4),
  guidance_scale: guidance(3.5, 1, 20),
  seed,
  sync_mode: syncMode,
  enable_safety_checker: safetyChecker,
  output_format: outputFormat,
};

/** Of the fast models on Stable Diffusion. */
export const diffusionFields: Fields = {
  negative_prompt: negativePrompt,
  num_images: numImages(8),
  seed,
  enable_safety_checker: safetyChecker,
  expand_prompt: flag(false),
  format: outputFormat,
  safety_checker_version: choice(["v1", "v2"], "v1"),
  request_id: text({ default: "" }),
};

export const embeddings: Field = list(
  object("Embedding", { path: required(text()), tokens: list(text(), ["<s0>", "<s1>"]) }),
  [],
);
