/** Quotes by the rules of the pricing facts (section 3), at their edges, and never below the bill. */
import { describe, expect, test } from "vitest";
import { writeAmount } from "../../src/money/amount.ts";
import { compileRule, isQuote, type Input } from "../../src/money/quote.ts";
import type { PriceRule } from "../../src/money/rule.ts";

/** The price in USD, or the field that leaves it open. */
function price(rule: PriceRule, input: Input): string {
  const result = compileRule("fal-ai/any/model", rule)(input);
  return isQuote(result) ? writeAmount(result.usd) : `? ${result.field}`;
}

const schnell: PriceRule = {
  megapixels: { field: "image_size", default: "landscape_4_3" },
  usd: "0.003",
  times: { num_images: { default: 1, min: 1, max: 4 } },
  ignore: ["num_inference_steps", "acceleration"],
};
const ideogram: PriceRule = {
  flat: 1,
  usd: "0.03",
  times: {
    num_images: { default: 1, min: 1, max: 8 },
    rendering_speed: { words: { TURBO: 1, BALANCED: 2, QUALITY: 3 }, default: "BALANCED" },
  },
  ignore: ["image_size", "style"],
};
const seedream: PriceRule = {
  flat: 1,
  usd: "0.03",
  times: { num_images: { default: 1, max: 6 }, max_images: { default: 1, max: 6 } },
  ignore: ["image_size"],
};
const kling: PriceRule = {
  seconds: { field: "duration", values: ["5", "10"], default: "5" },
  usd: "0.07",
  times: { generate_audio: { words: { true: 2, false: 1 }, default: "true" } },
};
const veo3: PriceRule = {
  seconds: { field: "duration", values: ["4s", "6s", "8s"], default: "8s" },
  usd: "0.4",
  times: { generate_audio: { words: { true: 1, false: "0.67" }, default: "true" } },
};
const wan: PriceRule = {
  frames: { field: "num_frames", default: 81, min: 17, max: 161, fps: 16 },
  usd: "0.08",
  times: { resolution: { words: { "480p": "0.5", "580p": "0.75", "720p": 1 }, default: "720p" } },
};
// Billed by the token: (height × width × frames) / 1024, a million or a thousand of them a unit.
const LONG = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"] as const;
const seedance1: PriceRule = {
  tokens: {
    pixels: {
      field: "resolution",
      words: { "480p": 864 * 480, "720p": 1280 * 720, "1080p": 1920 * 1088 },
      default: "1080p",
    },
    seconds: { field: "duration", values: LONG, default: "5" },
    fps: 24,
  },
  usd: "2.5",
};
const seedance2: PriceRule = {
  tokens: {
    pixels: { field: "resolution", words: { "480p": 640 * 640 }, default: "480p" },
    seconds: { field: "duration", values: LONG, default: "5", auto: true },
    fps: 24,
    moreFrames: 1,
    per: 1000,
  },
  usd: "0.014",
};
const ltx: PriceRule = {
  videoMegapixels: {
    size: { field: "video_size", default: { width: 1280, height: 720 } },
    frames: { field: "num_frames", default: 121, max: 481 },
  },
  usd: "0.001",
};
const klein: PriceRule = {
  megapixels: "image_size",
  given: { field: "image_urls", units: 2, max: 4 },
  times: { num_images: { default: 1, max: 4 } },
  usd: "0.011",
};
const music: PriceRule = {
  seconds: { field: "music_length_ms", unit: "ms", per: 60, default: 10_000, max: 300_000 },
  usd: "0.8",
};
const recraft: PriceRule = {
  flat: 1,
  usd: "0.04",
  times: { style: { words: { "vector_illustration*": 2, "*": 1 }, default: "realistic_image" } },
  ignore: ["image_size"],
};
const speech: PriceRule = { characters: { field: "text", max: 5000 }, usd: "0.1" };
const banana: PriceRule = {
  flat: 1,
  usd: "0.08",
  times: {
    num_images: { default: 1, min: 1, max: 4 },
    resolution: { words: { "0.5K": "0.75", "1K": 1, "2K": "1.5", "4K": 2 }, default: "1K" },
  },
  plus: [{ field: "enable_web_search", is: true, usd: "0.015" }],
};

const size1024 = (given: number): Input => ({
  image_size: "square_hd",
  image_urls: Array.from({ length: given }, (_, index) => `https://a.example/${index}`),
});

test.each<[string, PriceRule, Input, string]>([
  ["schnell as it is", schnell, { prompt: "x" }, "0.003"],
  [
    "schnell, four of 1920 × 1080",
    schnell,
    { num_images: 4, image_size: { width: 1920, height: 1080 } },
    "0.024",
  ],
  ["schnell, the largest", schnell, { image_size: { width: 14_142, height: 14_142 } }, "0.573"],
  ["ideogram: what is left out is balanced", ideogram, {}, "0.06"],
  ["ideogram, turbo", ideogram, { rendering_speed: "TURBO" }, "0.03"],
  ["ideogram, eight of quality", ideogram, { num_images: 8, rendering_speed: "QUALITY" }, "0.72"],
  ["seedream: six times six", seedream, { num_images: 6, max_images: 6 }, "1.08"],
  ["kling 2.6: sound is on unless told", kling, {}, "0.7"],
  ["kling 2.6, ten silent seconds", kling, { duration: "10", generate_audio: false }, "0.7"],
  ["veo 3", veo3, {}, "3.2"],
  ["veo 3, four silent seconds", veo3, { duration: "4s", generate_audio: false }, "1.072"],
  ["wan 2.2 as it is", wan, {}, "0.405"],
  ["wan 2.2, small", wan, { num_frames: 160, resolution: "480p" }, "0.4"],
  ["speech: a started thousand counts", speech, { text: "x".repeat(1001) }, "0.2"],
  ["speech: a word is a thousand", speech, { text: "hi" }, "0.1"],
  ["speech: nothing said is the most", speech, {}, "0.5"],
  ["nano-banana 2, searching", banana, { resolution: "4K", enable_web_search: true }, "0.175"],
  ["seedance 1 pro: 244,800 tokens at 2.5 a million", seedance1, {}, "0.612"],
  ["seedance 1 pro, small and short", seedance1, { resolution: "480p", duration: "2" }, "0.0486"],
  ["seedance 2: four seconds are 38.8 units", seedance2, { duration: "4" }, "0.5432"],
  ["seedance 2: auto is the longest", seedance2, { duration: "auto" }, "1.6184"],
  ["LTX: 1280 × 720 × 121 is 112 megapixels", ltx, {}, "0.112"],
  ["LTX, more frames", ltx, { num_frames: 241, video_size: "square_hd" }, "0.253"],
  ["flux 2: what is given counts beside what is made", klein, size1024(2), "0.055"],
  ["flux 2, one given", klein, { ...size1024(0), image_urls: "https://a.example" }, "0.033"],
  ["flux 2, twice", klein, { ...size1024(1), num_images: 2 }, "0.066"],
  ["flux 2, nothing told: the largest", klein, {}, "2.101"],
  ["music: a started minute counts", music, { music_length_ms: 60_001 }, "1.6"],
  ["music as it is", music, {}, "0.8"],
  ["recraft: vectors are dearer", recraft, { style: "vector_illustration/line_art" }, "0.08"],
  ["recraft, any other style", recraft, { style: "digital_illustration" }, "0.04"],
  ["recraft as it is", recraft, {}, "0.04"],
  ["null is left out", banana, { resolution: null, num_images: null }, "0.08"],
])("%s", (_, rule, input, usd) => expect(price(rule, input)).toBe(usd));

describe("what the input does not tell for certain is refused", () => {
  test.each<[string, PriceRule, Input, string]>([
    ['5 is not "5"', kling, { duration: 5 }, "duration"],
    ['"5s" is not "5"', kling, { duration: "5s" }, "duration"],
    ["a length that it does not take", kling, { duration: "7" }, "duration"],
    ["a word that it does not know", wan, { resolution: "1080p" }, "resolution"],
    ["a word that objects have", wan, { resolution: "constructor" }, "resolution"],
    ["a number in place of a word", wan, { resolution: 720 }, "resolution"],
    ["more than it takes", schnell, { num_images: 5 }, "num_images"],
    ["less than it takes", schnell, { num_images: 0 }, "num_images"],
    ["half a picture", schnell, { num_images: 1.5 }, "num_images"],
    ["a number as a text", schnell, { num_images: "4" }, "num_images"],
    ["beyond whole numbers", schnell, { num_images: 1e300 }, "num_images"],
    ["a size that is left open", schnell, { image_size: "auto" }, "image_size"],
    ["a length of auto where it is not taken", kling, { duration: "auto" }, "duration"],
    ["more media than it takes", klein, size1024(5), "image_urls"],
    ["longer than it takes", music, { music_length_ms: 300_001 }, "music_length_ms"],
    ["a size of a film that is none", ltx, { video_size: "auto" }, "video_size"],
    ["frames beyond its most", ltx, { num_frames: 482 }, "num_frames"],
    ["a resolution without a size", seedance2, { resolution: "720p" }, "resolution"],
    ["a style that is none", recraft, { style: ["a"] }, "style"],
    ["a text that is none", speech, { text: ["a"] }, "text"],
    ["a field that bears on prices elsewhere", speech, { text: "a", quality: "high" }, "quality"],
    ["a key of the caller's own", seedream, { api_key: "x" }, "api_key"],
  ])("%s", (_, rule, input, field) => {
    expect(price(rule, input)).toBe(`? ${field}`);
    // …or taken for the most that it can cost.
    expect(price({ ...rule, max: "9.5" }, input)).toBe("9.5");
    expect(price({ ...rule, max: "9.5", onUnknown: "refuse" }, input)).toBe(`? ${field}`);
  });
});

describe("a length without a list of values", () => {
  const short: PriceRule = { seconds: "duration", usd: "0.15", max: "1.2" };
  test.each<[unknown, string]>([
    [4, "0.6"],
    ["4", "0.6"],
    ["4s", "0.6"],
    [0.5, "0.075"],
    [8, "1.2"],
    [60, "1.2"],
    [undefined, "1.2"],
    [0, "1.2"],
    [-1, "1.2"],
    [1e300, "1.2"],
    [NaN, "1.2"],
    ["4 s", "1.2"],
    [{}, "1.2"],
  ])("%s is %s USD, by { seconds, usd, max }", (duration, usd) => {
    expect(price(short, { duration })).toBe(usd);
  });

  test("without a longest and a max, one that is left out has no price", () => {
    expect(price({ seconds: "duration", usd: "0.15" }, {})).toBe("? duration");
  });
});

test("the margin is for outputs that run longer than asked for, and ends at max", () => {
  expect(price({ ...kling, margin: "1.05" }, {})).toBe("0.735");
  expect(price({ ...kling, margin: "1.05", max: "0.72" }, {})).toBe("0.72");
});

test("fal's own count is settled at the rule's price, which stands in the quote with its source", () => {
  const quote = compileRule("fal-ai/kling-video/**", {
    ...kling,
    asOf: "2026-07-28",
    source: "card",
  })({});
  expect(quote).toEqual({
    usd: 700_000_000n,
    unitPrice: 70_000_000n,
    rule: "fal-ai/kling-video/**",
    isMax: false,
    asOf: "2026-07-28",
    source: "card",
  });
});

describe("a rule that is wrong says so when it is made", () => {
  test.each<[string, object, string]>([
    ["no price", { flat: 1 }, "usd in the price of"],
    ["no measure", { usd: 1 }, "has none of flat, seconds, frames, characters, megapixels"],
    ["two", { flat: 1, seconds: "duration", usd: 1 }, "has flat and seconds of"],
    ["a margin below one", { flat: 1, usd: 1, margin: "0.9" }, "margin below 1"],
    ["max without max", { flat: 1, usd: 1, onUnknown: "max" }, "has no max"],
    ["another onUnknown", { flat: 1, usd: 1, onUnknown: "ignore" }, "onUnknown other than"],
    [
      "no longest count",
      { flat: 1, usd: 1, times: { n: {} } },
      "has no max, a whole number, for n",
    ],
    ["no words", { flat: 1, usd: 1, times: { n: { words: {} } } }, "has no words for n"],
    [
      "a default that is no word",
      { flat: 1, usd: 1, times: { n: { words: { a: 1 }, default: "b" } } },
      "none of its words",
    ],
    [
      "a default out of range",
      { flat: 1, usd: 1, times: { n: { max: 4, default: 5 } } },
      "not within 1 to 4",
    ],
    [
      "a factor below nothing",
      { flat: 1, usd: 1, times: { n: { words: { a: -1 } } } },
      "words of n in the price of",
    ],
    ["frames without a rate", { frames: { field: "f", max: 9 }, usd: 1 }, "frames.fps in"],
    ["frames at no rate", { frames: { field: "f", max: 9, fps: 0 }, usd: 1 }, "at 0 fps"],
    ["a unit of no length", { seconds: { field: "d", per: 0 }, usd: 1 }, "no number of seconds"],
    ["a unit of time", { seconds: { field: "d", unit: "min" }, usd: 1 }, 'neither "s" nor "ms"'],
    ["media without an end", { flat: 1, usd: 1, given: { field: "u", units: 1 } }, "no max"],
    [
      "a default that is no size",
      { megapixels: { field: "size", default: "huge" }, usd: 1 },
      "no size of fal's",
    ],
    [
      "a length that is none",
      { seconds: { field: "d", values: ["long"] }, usd: 1 },
      "that is no length",
    ],
    [
      "a default length that it does not take",
      { seconds: { field: "d", values: ["5"], default: 5 }, usd: 1 },
      "does not take",
    ],
  ])("%s", (_, rule, says) => {
    expect(() => compileRule("fal-ai/x", rule as PriceRule)).toThrow(TypeError);
    expect(() => compileRule("fal-ai/x", rule as PriceRule)).toThrow(says);
    expect(() => compileRule("fal-ai/x", rule as PriceRule)).toThrow('"fal-ai/x"');
  });
});

test("no input, whatever it holds, throws or costs less than the least", () => {
  const values = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    1.5,
    2 ** 53,
    NaN,
    Infinity,
    "",
    "5",
    "5s",
    "x",
    "auto",
    "__proto__",
    [],
    {},
    { width: 1e9 },
    "x".repeat(9999),
  ];
  const rules = [schnell, ideogram, seedream, kling, veo3, wan, speech, banana];
  for (const rule of [...rules, seedance1, seedance2, ltx, klein, music, recraft]) {
    const pricer = compileRule("fal-ai/any", rule);
    for (const field of [
      "num_images",
      "image_size",
      "duration",
      "resolution",
      "text",
      "num_frames",
      "generate_audio",
      "rendering_speed",
      "enable_web_search",
      "max_images",
      "video_size",
      "image_urls",
      "music_length_ms",
      "style",
    ]) {
      for (const value of values) {
        const result = pricer({ [field]: value });
        if (isQuote(result)) expect(result.usd, `${field} ${String(value)}`).toBeGreaterThan(0n);
      }
    }
  }
});
