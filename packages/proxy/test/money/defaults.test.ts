/** The shipped prices, held against what the emulator bills for the same inputs. */
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { costOf, readUnits, writeAmount } from "../../src/money/amount.ts";
import { DEFAULT_PRICES } from "../../src/money/defaults.ts";
import { compilePrices } from "../../src/money/prices.ts";
import { isQuote, type Input } from "../../src/money/quote.ts";

const prices = compilePrices(DEFAULT_PRICES);
const usd = (endpoint: string, input: Input): string => {
  const result = prices.quote(endpoint, input);
  return isQuote(result) ? writeAmount(result.usd) : `? ${result.field ?? result.why}`;
};

// From the pricing facts, section 3 and 5.
test.each<[string, Input, string]>([
  ["fal-ai/flux/schnell", {}, "0.003"],
  ["fal-ai/flux/dev", { image_size: { width: 1920, height: 1080 }, num_images: 2 }, "0.1"],
  ["fal-ai/nano-banana", {}, "0.0398"],
  ["fal-ai/nano-banana-pro", { resolution: "4K", enable_web_search: true }, "0.315"],
  ["fal-ai/ideogram/v3", {}, "0.06"],
  ["fal-ai/bytedance/seedream/v4/text-to-image", { num_images: 6, max_images: 6 }, "1.08"],
  ["fal-ai/kling-video/v2.6/pro/text-to-video", {}, "0.7"],
  ["fal-ai/kling-video/v2.6/pro/text-to-video", { generate_audio: false }, "0.35"],
  ["fal-ai/veo3", { duration: "4s", generate_audio: false }, "1.072"],
  ["fal-ai/hunyuan-video", { pro_mode: true }, "0.8"],
  ["fal-ai/wan-25-preview/text-to-video", {}, "0.75"],
  ["fal-ai/luma-dream-machine/ray-2", { resolution: "1080p", duration: "9s" }, "4"],
  ["fal-ai/minimax/speech-02-hd", { text: "x".repeat(1500) }, "0.2"],
  ["fal-ai/nano-banana-2", { resolution: "2K", thinking_level: "high" }, "0.122"],
  ["fal-ai/kling-video/v3/pro/text-to-video", { generate_audio: false }, "0.56"],
  ["fal-ai/kling-video/v3/standard/text-to-video", { duration: "15" }, "1.89"],
  ["fal-ai/veo3.1", { duration: "4s", resolution: "4k" }, "2.4"],
  ["fal-ai/sora-2/text-to-video", {}, "0.4"],
  ["fal-ai/sora-2/text-to-video", { api_key: "sk-1" }, "? api_key"],
  ["fal-ai/minimax/hailuo-02/pro/text-to-video", {}, "0.48"],
  ["fal-ai/recraft/v3/text-to-image", { style: "vector_illustration" }, "0.08"],
  ["fal-ai/bytedance/seedance/v1/pro/text-to-video", {}, "0.765"],
  ["fal-ai/elevenlabs/music", { music_length_ms: 61_000 }, "1.6"],
  ["fal-ai/elevenlabs/sound-effects", { duration_seconds: 3.5 }, "0.007"],
  // Not what their input tells, or not in the table.
  ["fal-ai/fast-sdxl", {}, "? no rule prices fal-ai/fast-sdxl"],
  ["fal-ai/flux/dev/image-to-image", {}, "? no rule prices fal-ai/flux/dev/image-to-image"],
])("%s with %j: %s USD", (endpoint, input, price) => expect(usd(endpoint, input)).toBe(price));

test("every price says of when it is", () => {
  for (const [endpoint, { asOf, source }] of Object.entries(DEFAULT_PRICES)) {
    expect([asOf, source], endpoint).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      expect.any(String),
    ]);
  }
});

describe("against a bill", () => {
  let fal: Emulator;
  beforeAll(async () => {
    fal = await createEmulator({ latency: 0 });
  });
  beforeEach(() => fal.reset());
  afterAll(() => fal.close());

  const prompts = { prompt: "a cat", text: "a cat says hello. ".repeat(80) };
  const media = {
    image_url: "data:image/png;base64,iVBORw0KGgo=",
    image_urls: ["data:image/png;base64,iVBORw0KGgo="],
  };
  const inputs: readonly Input[] = [
    // Small pictures are drawn sooner, where a model takes their size.
    { image_size: { width: 64, height: 64 } },
    { num_images: 2, image_size: { width: 64, height: 64 } },
    {},
    { image_size: { width: 1300, height: 1300 } },
    { duration: "10" },
    { duration: "8s" },
    { duration: "4s", generate_audio: false },
    { resolution: "480p", num_frames: 100 },
    { rendering_speed: "QUALITY" },
    { num_images: 2, max_images: 2, image_size: { width: 64, height: 64 } },
  ];

  test("no quote is below what is billed, and what fal counts costs what it billed", async () => {
    const billed = new Set<string>();
    for (const endpoint of Object.keys(DEFAULT_PRICES)) {
      // An input that changes nothing would be billed as the one before.
      const quoted = new Set<bigint>();
      for (const input of inputs) {
        const whole = { ...prompts, ...media, ...input };
        const quote = prices.quote(endpoint, whole);
        if (!isQuote(quote) || quoted.has(quote.usd)) continue;
        fal.reset();
        const response = await fetch(`${fal.url}/fal.run/${endpoint}`, {
          method: "POST",
          headers: { authorization: `Key ${fal.key}`, "content-type": "application/json" },
          body: JSON.stringify(whole),
        });
        await response.arrayBuffer();
        const [charge] = fal.charges;
        if (charge === undefined || charge.unitPrice === "0") continue;
        quoted.add(quote.usd);
        billed.add(endpoint);
        const what = `${endpoint} ${JSON.stringify(input)}: ${charge.units} ${charge.unit} at ${charge.unitPrice}`;
        expect(quote.usd >= charge.costNanoUsd, `${what}, quoted ${quote.usd}`).toBe(true);
        const units = readUnits(
          response.headers.get("x-fal-billable-units") ?? undefined,
        ) as bigint;
        expect(costOf(units, quote.unitPrice, "half-up"), what).toBe(charge.costNanoUsd);
      }
    }
    // The endpoints of the table that the emulator has.
    expect(billed.size).toBeGreaterThan(15);
  }, 60_000);
});
