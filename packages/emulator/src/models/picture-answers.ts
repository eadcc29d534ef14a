/** The forms in which fal's image models answer. */
import { flag, integer, list, text, timings } from "../schema/fields.ts";
import { required } from "../schema/schema.ts";
import { textOf } from "../schema/values.ts";
import type { PictureAnswer } from "./pictures.ts";
import { asFile, asImage, File, Image, ImageFile } from "./results.ts";

/** FLUX and Stable Diffusion. */
export const diffusion: PictureAnswer = {
  output: {
    images: required(list(Image)),
    timings: required(timings),
    seed: required(integer()),
    has_nsfw_concepts: required(list(flag())),
    prompt: required(text()),
  },
  body: ({ pictures, seconds, seed, unsafe, values }) => ({
    images: pictures.map(asImage),
    timings: { inference: seconds },
    seed,
    has_nsfw_concepts: pictures.map(() => unsafe),
    prompt: textOf(values, "prompt"),
  }),
};

/** The same with the longer description of each picture. */
export const kontext: PictureAnswer = {
  output: { ...diffusion.output, images: required(list(ImageFile)) },
  body: (drawn) => ({ ...(diffusion.body(drawn) as object), images: drawn.pictures }),
};

/** Pictures, and what the model has to say of them. */
export const described: PictureAnswer = {
  output: { images: required(list(ImageFile)), description: required(text()) },
  body: ({ pictures }) => ({ images: pictures, description: "" }),
};

export const filesOnly: PictureAnswer = {
  output: { images: required(list(File)) },
  body: ({ pictures }) => ({ images: pictures.map(asFile) }),
};

export const filesAndSeed: PictureAnswer = {
  output: { images: required(list(File)), seed: required(integer()) },
  body: ({ pictures, seed }) => ({ images: pictures.map(asFile), seed }),
};

export const picturesAndSeed: PictureAnswer = {
  output: { images: required(list(ImageFile)), seed: required(integer()) },
  body: ({ pictures, seed }) => ({ images: pictures, seed }),
};

export const withLoras: PictureAnswer = {
  output: {
    images: required(list(ImageFile)),
    seed: required(integer()),
    has_nsfw_concepts: required(list(flag())),
  },
  body: ({ pictures, seed, unsafe }) => ({
    images: pictures,
    seed,
    has_nsfw_concepts: pictures.map(() => unsafe),
  }),
};

export const oneImage: PictureAnswer = {
  output: { image: required(ImageFile) },
  body: ({ pictures }) => ({ image: pictures[0] }),
};

export const oneAndSeed: PictureAnswer = {
  output: { image: required(ImageFile), seed: required(integer()) },
  body: ({ pictures, seed }) => ({ image: pictures[0], seed }),
};

export const oneAndTimings: PictureAnswer = {
  output: { image: required(ImageFile), timings: required(timings) },
  body: ({ pictures, seconds }) => ({ image: pictures[0], timings: { inference: seconds } }),
};

export const upscaled: PictureAnswer = {
  output: { ...oneAndTimings.output, seed: required(integer()) },
  body: (drawn) => ({ ...(oneAndTimings.body(drawn) as object), seed: drawn.seed }),
};

/** The mask is part of the answer when `output_mask` asks for it. */
export const cutOut: PictureAnswer = {
  output: { image: required(ImageFile), mask_image: ImageFile },
  body: ({ pictures, masks }) => ({
    image: pictures[0],
    ...(masks[0] && { mask_image: masks[0] }),
  }),
};

export const sticker: PictureAnswer = {
  output: {
    images: required(list(ImageFile)),
    sticker_image: required(ImageFile),
    sticker_image_background_removed: required(ImageFile),
    seed: required(integer()),
    has_nsfw_concepts: required({ type: "object", additionalProperties: { type: "boolean" } }),
  },
  body: ({ pictures, seed, unsafe }) => ({
    images: pictures,
    sticker_image: pictures[0],
    sticker_image_background_removed: pictures.at(-1),
    seed,
    has_nsfw_concepts: { sticker_image: unsafe, sticker_image_background_removed: unsafe },
  }),
};
