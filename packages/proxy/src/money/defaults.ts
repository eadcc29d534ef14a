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
  [usual, ...others]: readonly [number | string, ...(number | string)[]],
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
const UP_TO_FIFTEEN = [
  "5",
  "3",
  "4",
  "6",
  "7",
  "8",
  "9",
  "10",
  "11",
  "12",
  "13",
  "14",
  "15",
] as const;
const kling3 = (sound: Amount, silence: Amount): PriceRule =>
  perSecond("0.14", UP_TO_FIFTEEN, {
    times: { generate_audio: either(sound, silence, true) },
    ...JULY,
  });
const veo2 = perSecond("0.5", ["5s", "6s", "7s", "8s"], { ignore: ["resolution"] });
const veo3 = (usd: Amount): PriceRule =>
  perSecond(usd, ["8s", "4s", "6s"], {
    // Of the two factors that are told for silence, the dearer.
    times: { generate_audio: either(1, "0.67", true) },
    ignore: ["resolution"],
  });
const sora2 = perSecond("0.1", [4, 8, 12], { ignore: ["resolution", "model"] });
const ray2 = (usd: Amount): PriceRule => ({
  flat: 1,
  usd,
  times: {
    resolution: { words: { "540p": 1, "720p": 2, "1080p": 4 }, default: "540p" },
    duration: { words: { "5s": 1, "9s": 2 }, default: "5s" },
  },
  ...NOVEMBER,
});
const wan21: PriceRule = {
  flat: 1,
  usd: "0.4",
  times: { resolution: { words: { "480p": "0.5", "720p": 1 }, default: "720p" } },
  // More than 81 frames are billed as 1.25 of it.
  margin: "1.25",
  ignore: ["num_frames", "num_inference_steps", "acceleration"],
  ...NOVEMBER,
};
/** @param usual the resolution where none is told */
const seedance = (usd: Amount, usual: string, facts: typeof JULY | typeof NOVEMBER): PriceRule => ({
  tokens: {
    pixels: {
      field: "resolution",
      // The largest form of each.
      words: { "480p": 864 * 480, "720p": 1504 * 640, "1080p": 1920 * 1088 },
      default: usual,
    },
    seconds: {
      field: "duration",
      values: ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"],
      default: "5",
    },
    fps: 24,
  },
  usd,
  // How fal counts is inferred from bills.
  margin: "1.25",
  ...facts,
});
const flat = (usd: Amount, ignore: readonly string[] = []): PriceRule => ({
  flat: 1,
  usd,
  ignore,
  ...NOVEMBER,
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
  "fal-ai/nano-banana-2": perPicture("0.08", 4, {
    times: {
      resolution: { words: { "0.5K": "0.75", "1K": 1, "2K": "1.5", "4K": 2 }, default: "1K" },
    },
    plus: [
      { field: "enable_web_search", is: true, usd: "0.015" },
      { field: "thinking_level", is: "high", usd: "0.002" },
    ],
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

  "fal-ai/ideogram/v2": flat("0.08", ["style"]),
  "fal-ai/ideogram/v2/turbo": flat("0.05", ["style"]),
  "fal-ai/ideogram/upscale": flat("0.06"),
  "fal-ai/recraft/v3/text-to-image": {
    ...flat("0.04", ["image_size"]),
    times: { style: { words: { "vector_illustration*": 2, "*": 1 }, default: "realistic_image" } },
  },
  "fal-ai/recraft/upscale/crisp": flat("0.004"),
  "fal-ai/recraft/upscale/creative": flat("0.25"),

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
  "fal-ai/kling-video/v3/standard/text-to-video": kling3("0.9", "0.6"),
  "fal-ai/kling-video/v3/standard/image-to-video": kling3("0.9", "0.6"),
  "fal-ai/kling-video/v3/pro/text-to-video": kling3("1.2", "0.8"),
  "fal-ai/kling-video/v3/pro/image-to-video": kling3("1.2", "0.8"),
  "fal-ai/sora-2/text-to-video": sora2,
  "fal-ai/sora-2/image-to-video": sora2,
  "fal-ai/veo2": veo2,
  "fal-ai/veo2/image-to-video": veo2,
  "fal-ai/veo3": veo3("0.4"),
  "fal-ai/veo3/fast": veo3("0.15"),
  "fal-ai/veo3.1": perSecond("0.4", ["8s", "4s", "6s"], {
    times: {
      resolution: { words: { "720p": 1, "1080p": 1, "4k": "1.5" }, default: "720p" },
      // Half without sound, but two thirds at 4k.
      generate_audio: either(1, "0.667", true),
    },
    ...JULY,
  }),
  "fal-ai/veo3.1/fast": veo3("0.15"),
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
  "fal-ai/wan-t2v": wan21,
  "fal-ai/wan-i2v": wan21,
  "fal-ai/luma-dream-machine": flat("0.5"),
  "fal-ai/luma-dream-machine/ray-2": ray2("0.5"),
  "fal-ai/luma-dream-machine/ray-2-flash": ray2("0.2"),
  "fal-ai/minimax/hailuo-02/standard/text-to-video": perSecond("0.045", ["6", "10"]),
  "fal-ai/minimax/hailuo-02/standard/image-to-video": perSecond("0.045", ["6", "10"], {
    ignore: ["resolution"],
  }),
  "fal-ai/minimax/hailuo-02/pro/text-to-video": { ...flat("0.08"), flat: 6 },
  "fal-ai/minimax/hailuo-02/pro/image-to-video": { ...flat("0.08"), flat: 6 },
  "fal-ai/minimax/video-01": flat("0.5"),
  "fal-ai/ltx-video": { ...flat("0.02"), times: { enable_detail_pass: either(2, 1, false) } },
  "fal-ai/bytedance/seedance/v1/pro/text-to-video": seedance("2.5", "1080p", NOVEMBER),
  "fal-ai/bytedance/seedance/v1/pro/image-to-video": seedance("2.5", "1080p", NOVEMBER),
  "fal-ai/bytedance/seedance/v1/lite/text-to-video": seedance("1", "720p", JULY),
  "fal-ai/bytedance/seedance/v1/lite/image-to-video": seedance("1", "720p", JULY),

  "fal-ai/elevenlabs/tts/multilingual-v2": perThousand("0.1"),
  "fal-ai/elevenlabs/tts/eleven-v3": perThousand("0.1"),
  "fal-ai/elevenlabs/tts/turbo-v2.5": perThousand("0.05"),
  "fal-ai/minimax/speech-02-hd": perThousand("0.1"),
  "fal-ai/minimax/speech-02-turbo": perThousand("0.06"),
  "fal-ai/f5-tts": perThousand("0.05", "gen_text"),
  "fal-ai/kokoro/american-english": perThousand("0.02", "prompt"),
  "fal-ai/elevenlabs/sound-effects": {
    seconds: { field: "duration_seconds", max: 22 },
    usd: "0.002",
    ...JULY,
  },
  "fal-ai/elevenlabs/music": {
    seconds: { field: "music_length_ms", unit: "ms", per: 60, max: 300_000 },
    usd: "0.8",
    ...JULY,
  },
  "fal-ai/stable-audio-25/text-to-audio": flat("0.2", ["seconds_total", "num_inference_steps"]),
  "fal-ai/mmaudio-v2": {
    seconds: { field: "duration", default: 8, max: 30 },
    usd: "0.001",
    margin: "1.05",
    ignore: ["num_inference_steps"],
    ...NOVEMBER,
  },
  "fal-ai/ace-step": {
    seconds: { field: "duration", default: 60, max: 240 },
    usd: "0.0002",
    margin: "1.05",
    ignore: ["num_inference_steps"],
    ...NOVEMBER,
  },
};
