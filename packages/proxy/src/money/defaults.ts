/**
 * Prices of the endpoints that public apps call most, as they stood on a day: a help to start with, never a promise.
 * fal changes prices without notice, so a rule of the app's own comes first, and what fal reports is what counts.
 * Endpoints whose bill does not follow from their input (compute seconds, tokens, the length of a given film) are left
 * out: a `max` for them is the operator's to say.
 */
import type { PriceRules } from "./prices.ts";
import type { Amount, CountField, PriceRule, WordField } from "./rule.ts";

/** When the snapshot that most prices stand in was taken. */
const NOVEMBER = { asOf: "2025-11-30", source: "fal-community schemas" } as const;
/** The pricing API's answers, as others recorded them. */
const JULY = { asOf: "2026-07-28", source: "pricing API" } as const;

const pictures = (max = 4): Record<string, CountField> => ({
  num_images: { default: 1, min: 1, max },
});
/** A switch. @param usual how it stands where it is left out */
const either = (on: Amount, off: Amount, usual: boolean): WordField => ({
  words: { true: on, false: off },
  default: String(usual),
});

/** What bears on the looks of a picture or on speed, and not on the price. */
const freeOfCharge = ["num_inference_steps", "acceleration", "style", "model"];

const perMegapixel = (usd: Amount): PriceRule => ({
  megapixels: { field: "image_size", default: "landscape_4_3" },
  usd,
  times: pictures(),
  ignore: freeOfCharge,
  ...NOVEMBER,
});
const perPicture = (usd: Amount, max = 4, more: Partial<PriceRule> = {}): PriceRule => ({
  flat: 1,
  usd,
  ...NOVEMBER,
  ...more,
  times: { ...pictures(max), ...more.times },
  ignore: ["image_size", "resolution", ...freeOfCharge].filter(
    (name) => !(name in (more.times ?? {})),
  ),
});
const perSecond = (
  usd: Amount,
  [usual, ...others]: readonly [string, ...string[]],
  more: Partial<PriceRule> = {},
): PriceRule => ({
  seconds: { field: "duration", values: [usual, ...others], default: usual },
  usd,
  ...NOVEMBER,
  ...more,
});
const perThousand = (usd: Amount, field = "text", max = 5000): PriceRule => ({
  characters: { field, max },
  usd,
  ignore: ["model", "style"],
  ...NOVEMBER,
});

const seedream = (usd: Amount): PriceRule =>
  perPicture(usd, 6, { times: { max_images: { default: 1, min: 1, max: 6 } } });
const ideogram = perPicture("0.03", 8, {
  times: {
    rendering_speed: { words: { TURBO: 1, BALANCED: 2, QUALITY: 3 }, default: "BALANCED" },
  },
});
const FIVE_OR_TEN = ["5", "10"] as const;
const kling = (usd: Amount, more: Partial<PriceRule> = {}): PriceRule =>
  perSecond(usd, FIVE_OR_TEN, more);
const klingWithSound = (usd: Amount): PriceRule =>
  kling(usd, { times: { generate_audio: either(2, 1, true) } });
const veo2 = perSecond("0.5", ["5s", "6s", "7s", "8s"], { ignore: ["resolution"] });
const veo3 = (usd: Amount): PriceRule =>
  perSecond(usd, ["8s", "4s", "6s"], {
    // Of the two factors that are told for silence, the dearer.
    times: { generate_audio: either(1, "0.67", true) },
    ignore: ["resolution"],
  });

/** Rules by endpoint, for {@link compilePrices}. */
export const DEFAULT_PRICES: PriceRules = {
  "fal-ai/flux/schnell": perMegapixel("0.003"),
  "fal-ai/flux-1/schnell": perMegapixel("0.003"),
  "fal-ai/flux/dev": perMegapixel("0.025"),
  "fal-ai/flux-lora": perMegapixel("0.035"),
  "fal-ai/flux-pro/v1.1": perMegapixel("0.04"),
  "fal-ai/flux-pro/new": perMegapixel("0.05"),
  "fal-ai/flux-pro/v1.1-ultra": perPicture("0.06"),
  "fal-ai/flux-pro/kontext": perPicture("0.04"),
  "fal-ai/flux-pro/kontext/max": perPicture("0.08"),
  "fal-ai/qwen-image": perMegapixel("0.02"),
  "fal-ai/stable-diffusion-v35-large": perMegapixel("0.065"),
  "fal-ai/stable-diffusion-v3-medium": perPicture("0.035"),

  "fal-ai/nano-banana": perPicture("0.0398"),
  "fal-ai/nano-banana/edit": perPicture("0.0398"),
  "fal-ai/nano-banana-pro": perPicture("0.15", 4, {
    times: { resolution: { words: { "1K": 1, "2K": 1, "4K": 2 }, default: "1K" } },
    plus: [{ field: "enable_web_search", is: true, usd: "0.015" }],
    ...JULY,
  }),
  "fal-ai/imagen4/preview": perPicture("0.04"),
  "fal-ai/imagen4/preview/fast": perPicture("0.02"),
  "fal-ai/imagen4/preview/ultra": perPicture("0.06"),
  "fal-ai/bytedance/seedream/v3/text-to-image": seedream("0.03"),
  "fal-ai/bytedance/seedream/v4/text-to-image": seedream("0.03"),
  "fal-ai/bytedance/seedream/v4/edit": seedream("0.03"),
  "fal-ai/ideogram/v3": ideogram,
  "fal-ai/ideogram/v3/edit": ideogram,
  "fal-ai/ideogram/v3/remix": ideogram,
  "fal-ai/ideogram/v3/reframe": ideogram,

  "fal-ai/kling-video/v1.6/standard/text-to-video": kling("0.056", JULY),
  "fal-ai/kling-video/v1.6/standard/image-to-video": kling("0.056", JULY),
  "fal-ai/kling-video/v1.6/pro/text-to-video": kling("0.098", JULY),
  "fal-ai/kling-video/v1.6/pro/image-to-video": kling("0.098", JULY),
  "fal-ai/kling-video/v2.1/standard/image-to-video": kling("0.05"),
  "fal-ai/kling-video/v2.1/pro/image-to-video": kling("0.09"),
  "fal-ai/kling-video/v2.1/master/text-to-video": kling("0.28"),
  "fal-ai/kling-video/v2.1/master/image-to-video": kling("0.28"),
  "fal-ai/kling-video/v2/master/text-to-video": kling("0.28"),
  "fal-ai/kling-video/v2/master/image-to-video": kling("0.28"),
  "fal-ai/kling-video/v2.5-turbo/standard/image-to-video": kling("0.042"),
  "fal-ai/kling-video/v2.5-turbo/pro/text-to-video": kling("0.07"),
  "fal-ai/kling-video/v2.5-turbo/pro/image-to-video": kling("0.07"),
  "fal-ai/kling-video/v2.6/pro/text-to-video": klingWithSound("0.07"),
  "fal-ai/kling-video/v2.6/pro/image-to-video": klingWithSound("0.07"),
  "fal-ai/veo2": veo2,
  "fal-ai/veo2/image-to-video": veo2,
  "fal-ai/veo3": veo3("0.4"),
  "fal-ai/veo3/fast": veo3("0.15"),
  "fal-ai/hunyuan-video": {
    flat: 1,
    usd: "0.4",
    times: { pro_mode: either(2, 1, false) },
    ignore: ["resolution", "num_frames", "num_inference_steps"],
    ...NOVEMBER,
  },
  "fal-ai/wan/v2.2-a14b/text-to-video": {
    frames: { field: "num_frames", default: 81, min: 17, max: 161, fps: 16 },
    usd: "0.08",
    times: { resolution: { words: { "480p": "0.5", "580p": "0.75", "720p": 1 }, default: "720p" } },
    ignore: ["num_inference_steps", "acceleration"],
    ...NOVEMBER,
  },
  "fal-ai/wan-25-preview/text-to-video": perSecond("0.05", FIVE_OR_TEN, {
    times: { resolution: { words: { "480p": 1, "720p": 2, "1080p": 3 }, default: "1080p" } },
  }),
  "fal-ai/luma-dream-machine/ray-2": {
    flat: 1,
    usd: "0.5",
    times: {
      resolution: { words: { "540p": 1, "720p": 2, "1080p": 4 }, default: "540p" },
      duration: { words: { "5s": 1, "9s": 2 }, default: "5s" },
    },
    ...NOVEMBER,
  },

  "fal-ai/elevenlabs/tts/multilingual-v2": perThousand("0.1"),
  "fal-ai/elevenlabs/tts/eleven-v3": perThousand("0.1"),
  "fal-ai/elevenlabs/tts/turbo-v2.5": perThousand("0.05"),
  "fal-ai/minimax/speech-02-hd": perThousand("0.1"),
  "fal-ai/minimax/speech-02-turbo": perThousand("0.06"),
  "fal-ai/f5-tts": perThousand("0.05", "gen_text"),
};
