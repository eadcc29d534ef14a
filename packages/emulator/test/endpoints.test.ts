// Every endpoint of the table, called through fal's own client: what comes back, what is refused, what it costs.
import { ValidationError } from "@fal-ai/client";
import { beforeAll, describe, expect, test } from "vitest";
import type { Emulator, Model } from "../src/index.ts";
import { createEmulator } from "../src/index.ts";
import { encodePng } from "../src/media/png.ts";
import { falModels } from "../src/models/index.ts";
import { client } from "./fixture.ts";
import { leastInput, sampleFiles } from "./sample-input.ts";

const image = "{url,width,height,content_type}";
const file = "{url,content_type,file_name,file_size}";
const picture = "{url,content_type,file_name,file_size,width,height}";
const diffusion = `{images:[${image}],timings:{inference},seed,has_nsfw_concepts:[],prompt}`;
const llm = "{output,reasoning,partial,error}";

/** The answer to the least input, as fal documents it, and the list price: USD and its unit. */
const expected: Readonly<Record<string, [shape: string, usd: number, unit: string]>> = {
  "fal-ai/flux/dev": [diffusion, 0.025, "megapixels"],
  "fal-ai/flux/schnell": [diffusion, 0.003, "megapixels"],
  "fal-ai/flux-lora": [diffusion, 0.035, "megapixels"],
  "fal-ai/flux-pro/v1.1": [diffusion, 0.04, "megapixels"],
  "fal-ai/flux-pro/v1.1-ultra": [diffusion, 0.06, "images"],
  "fal-ai/fast-sdxl": [diffusion, 0.00125, "compute seconds"],
  "fal-ai/fast-lightning-sdxl": [diffusion, 0.00125, "compute seconds"],
  "fal-ai/fast-lcm-diffusion": [diffusion, 0.00125, "compute seconds"],
  "fal-ai/lora": [`{images:[${picture}],seed,has_nsfw_concepts:[]}`, 0.00125, "compute seconds"],
  "fal-ai/stable-diffusion-v35-large": [diffusion, 0.065, "megapixels"],
  "fal-ai/qwen-image": [diffusion, 0.02, "megapixels"],
  "fal-ai/bytedance/seedream/v4/text-to-image": [`{images:[${picture}],seed}`, 0.03, "images"],
  "fal-ai/recraft/v3/text-to-image": [`{images:[${file}]}`, 0.04, "images"],
  "fal-ai/ideogram/v3": [`{images:[${file}],seed}`, 0.03, "images"],
  "fal-ai/nano-banana": [`{images:[${picture}],description}`, 0.0398, "images"],
  "fal-ai/flux/dev/image-to-image": [diffusion, 0.03, "megapixels"],
  "fal-ai/flux-lora/image-to-image": [diffusion, 0.035, "megapixels"],
  "fal-ai/fast-sdxl/image-to-image": [diffusion, 0.00125, "compute seconds"],
  "fal-ai/fast-lcm-diffusion/image-to-image": [diffusion, 0.00125, "compute seconds"],
  "fal-ai/illusion-diffusion": [`{image:${picture},seed}`, 0.00111, "compute seconds"],
  "fal-ai/flux-pro/kontext": [diffusion.replace(image, picture), 0.04, "images"],
  "fal-ai/flux-pro/kontext/max": [diffusion.replace(image, picture), 0.08, "images"],
  "fal-ai/flux-kontext/dev": [diffusion, 0.025, "megapixels"],
  "fal-ai/nano-banana/edit": [`{images:[${picture}],description}`, 0.0398, "images"],
  "fal-ai/bytedance/seedream/v4/edit": [`{images:[${picture}],seed}`, 0.03, "images"],
  "fal-ai/flux-pulid": [diffusion, 0.0333, "megapixels"],
  "fal-ai/face-to-sticker": [
    `{images:[${picture}],sticker_image:${picture},sticker_image_background_removed:${picture},seed,` +
      "has_nsfw_concepts:{sticker_image,sticker_image_background_removed}}",
    0.00111,
    "compute seconds",
  ],
  "easel-ai/advanced-face-swap": [`{image:${picture}}`, 0.05, "generations"],
  "fal-ai/clarity-upscaler": [`{image:${picture},timings:{inference},seed}`, 0.03, "megapixels"],
  "fal-ai/esrgan": [`{image:${picture}}`, 0.00111, "compute seconds"],
  "fal-ai/aura-sr": [`{image:${picture},timings:{inference}}`, 0.00111, "compute seconds"],
  "fal-ai/birefnet": [`{image:${picture}}`, 0.0008, "compute seconds"],
  "fal-ai/birefnet/v2": [`{image:${picture}}`, 0.0008, "compute seconds"],
  "fal-ai/bria/background/remove": [`{image:${picture}}`, 0.018, "generations"],
  "fal-ai/imageutils/rembg": [`{image:${picture}}`, 0.00111, "compute seconds"],
  "fal-ai/kling-video/v2.1/standard/text-to-video": [`{video:${file}}`, 0.05, "seconds"],
  "fal-ai/kling-video/v2.1/standard/image-to-video": [`{video:${file}}`, 0.05, "seconds"],
  "fal-ai/kling-video/v2.1/master/text-to-video": [`{video:${file}}`, 0.28, "seconds"],
  "fal-ai/kling-video/v2.5-turbo/pro/text-to-video": [`{video:${file}}`, 0.07, "seconds"],
  "fal-ai/kling-video/v2.5-turbo/pro/image-to-video": [`{video:${file}}`, 0.07, "seconds"],
  "fal-ai/veo3": [`{video:${file}}`, 0.4, "seconds"],
  "fal-ai/veo3/fast": [`{video:${file}}`, 0.15, "seconds"],
  "fal-ai/minimax/video-01": [`{video:${file}}`, 0.5, "videos"],
  "fal-ai/minimax/hailuo-02/standard/text-to-video": [`{video:${file}}`, 0.045, "seconds"],
  "fal-ai/minimax/hailuo-02/standard/image-to-video": [`{video:${file}}`, 0.045, "seconds"],
  "fal-ai/luma-dream-machine": [`{video:${file}}`, 0.5, "videos"],
  "fal-ai/wan/v2.2-a14b/text-to-video": [`{video:${file},seed,prompt}`, 0.08, "seconds"],
  "fal-ai/bytedance/seedance/v1/pro/image-to-video": [`{video:${file},seed}`, 2.5, "1m tokens"],
  "fal-ai/kokoro": [`{audio:${file}}`, 0.02, "1000 characters"],
  "fal-ai/kokoro/american-english": [`{audio:${file}}`, 0.02, "1000 characters"],
  "fal-ai/elevenlabs/tts/multilingual-v2": [`{audio:${file}}`, 0.1, "1000 characters"],
  "fal-ai/elevenlabs/tts/turbo-v2.5": [`{audio:${file}}`, 0.05, "1000 characters"],
  "fal-ai/playai/tts/v3": [
    "{audio:{url,content_type,file_name,file_size,duration}}",
    0.03,
    "minutes",
  ],
  "fal-ai/minimax/speech-02-hd": [`{audio:${file},duration_ms}`, 0.1, "1000 characters"],
  "fal-ai/whisper": [
    "{text,chunks:[{timestamp:[],text}],inferred_languages:[],diarization_segments:[]}",
    0.0008,
    "compute seconds",
  ],
  "fal-ai/wizper": ["{text,chunks:[{timestamp:[],text}],languages:[]}", 0.00111, "compute seconds"],
  "fal-ai/speech-to-text": ["{output,partial}", 0.0008, "seconds"],
  "fal-ai/speech-to-text/turbo": ["{output,partial}", 0.0008, "seconds"],
  "fal-ai/elevenlabs/speech-to-text": [
    "{text,language_code,language_probability,words:[{text,start,end,type,speaker_id}]}",
    0.03,
    "minutes",
  ],
  "fal-ai/stable-audio": [`{audio_file:${file}}`, 0.00125, "compute seconds"],
  "fal-ai/ace-step": [`{audio:${file},seed,tags,lyrics}`, 0.0002, "seconds"],
  "fal-ai/lyria2": [`{audio:${file}}`, 0.1, "30 seconds"],
  "fal-ai/any-llm": [llm, 0.001, "requests"],
  "fal-ai/any-llm/vision": [llm, 0.01, "requests"],
  "fal-ai/llavav15-13b": ["{output,partial}", 0.00111, "compute seconds"],
  "fal-ai/triposr": [`{model_mesh:${file},timings:{inference}}`, 0.07, "generations"],
  "fal-ai/trellis": [`{model_mesh:${file},timings:{inference}}`, 0.02, ""],
  "fal-ai/hunyuan3d/v2": [`{model_mesh:${file},seed}`, 0.16, "generations"],
  "fal-ai/hyper3d/rodin": [`{model_mesh:${file},seed,textures:[]}`, 0.4, "generations"],
};

/** The names in a value, in their order: `{images:[{url}],seed}`. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${typeof value[0] === "object" && value.length > 0 ? shapeOf(value[0]) : ""}]`;
  }
  if (typeof value !== "object" || value === null) return "";
  const names = Object.entries(value).map(([name, inner]) => {
    const shape = shapeOf(inner);
    return shape === "" ? name : `${name}:${shape}`;
  });
  return `{${names.join()}}`;
}

/** All addresses in an answer. */
function addressesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "url" ? [String(inner)] : addressesIn(inner),
  );
}

let emulator: Emulator;
let files: { picture: string; sound: string };
beforeAll(async () => {
  emulator = await createEmulator({ latency: 0, queueMs: 0 });
  files = await sampleFiles();
  return () => emulator.close();
});

const call = async (id: string, input: Record<string, unknown>): Promise<any> =>
  (await client(emulator).subscribe(id, { input, pollInterval: 5 })).data;

test("the table is the whole table", () => {
  expect(falModels.map(({ id }) => id)).toEqual(Object.keys(expected));
});

describe.each(falModels.map((model) => [model.id, model] as const))("%s", (id, model) => {
  const [shape, usd, unit] = expected[id]!;

  test("answers in fal's shape, with media that are what they are called", async () => {
    const data = await call(id, leastInput(model.input!, files));
    expect(shapeOf(data)).toBe(shape);
    for (const url of addressesIn(data)) {
      const response = await fetch(url);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(magicOf(bytes)).toBe(response.headers.get("content-type"));
    }
    const { requestId, units, ...charge } = emulator.charges.at(-1)!;
    expect(charge).toMatchObject({ endpointId: id, unit, unitPrice: String(usd) });
    expect(Number(units)).toBeGreaterThan(0);
    expect(requestId).toBeTruthy();
  });

  test("refuses a wrong input with fal's 422, for nothing", async () => {
    const before = emulator.charges.length;
    const wrong = { ...leastInput(model.input!, files), ...faultOf(model) };
    const error = await call(id, wrong).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    const { status, body } = error as ValidationError;
    expect(status).toBe(422);
    const [issue, ...more] = body.detail as unknown as Array<Record<string, unknown>>;
    expect(more).toEqual([]);
    expect(issue).toEqual({
      loc: ["body", Object.keys(faultOf(model))[0]],
      msg: expect.stringMatching(/^Input should be/),
      type: expect.stringMatching(/^[a-z_]+$/),
      url: `https://docs.fal.ai/errors#${String(issue!["type"])}`,
      ...(issue!["ctx"] !== undefined && { ctx: expect.any(Object) }),
      input: { not: "a value" },
    });
    expect(emulator.charges).toHaveLength(before);
  });
});

/** An object where the first field has none. */
function faultOf({ input }: Model): Record<string, unknown> {
  const [name] = Object.entries(input!.properties!).find(
    ([, field]) => field.type !== "object" && !field.anyOf,
  )!;
  return { [name]: { not: "a value" } };
}

/** The media type that the first bytes of a file tell. */
function magicOf(bytes: Buffer): string {
  const starts = (word: string, at = 0): boolean =>
    bytes.toString("latin1", at, at + word.length) === word;
  if (starts("\x89PNG")) return "image/png";
  if (starts("\xff\xd8\xff")) return "image/jpeg";
  if (starts("RIFF")) return "audio/wav";
  if (starts("ftyp", 4)) return "video/mp4";
  if (starts("glTF")) return "model/gltf-binary";
  return "unknown";
}

describe("sources", () => {
  const png = (width: number, height: number): Promise<Uint8Array> =>
    encodePng({ width, height, rgb: new Uint8Array(width * height * 3) });

  test.each([
    ["fal-ai/flux/dev/image-to-image", 130, 70],
    ["fal-ai/flux-lora/image-to-image", 130, 70],
    ["fal-ai/fast-sdxl/image-to-image", 130, 70],
    ["fal-ai/fast-lcm-diffusion/image-to-image", 130, 70],
    ["fal-ai/flux-kontext/dev", 130, 70],
    ["fal-ai/birefnet", 130, 70],
    ["fal-ai/bria/background/remove", 130, 70],
    ["fal-ai/clarity-upscaler", 260, 140],
    ["fal-ai/esrgan", 260, 140],
    ["fal-ai/aura-sr", 520, 280],
    // About a megapixel, in the ratio that is nearest.
    ["fal-ai/flux-pro/kontext", 1344, 768],
  ])("%s makes %i×%i of an uploaded 130×70", async (id, width, height) => {
    const fal = client(emulator);
    const blob = new Blob([new Uint8Array(await png(130, 70))], { type: "image/png" });
    const image_url = await fal.storage.upload(blob);
    const data = await call(id, { prompt: "snow", image_url });
    const [made] = data.images ?? [data.image];
    expect(made).toMatchObject({ width, height });
    const { imageSize } = await import("image-size");
    const bytes = new Uint8Array(await (await fetch(made.url)).arrayBuffer());
    expect(imageSize(bytes)).toMatchObject({ width, height });
  });

  test("a size that is asked for counts more than the source's", async () => {
    const input = { prompt: "snow", image_url: files.picture, image_size: "square" };
    const { images } = await call("fal-ai/fast-sdxl/image-to-image", input);
    expect(images[0]).toMatchObject({ width: 512, height: 512 });
  });

  test("of several sources the first decides; all must be there", async () => {
    const wide = `data:image/png;base64,${Buffer.from(await png(64, 16)).toString("base64")}`;
    const input = { prompt: "together", image_urls: [wide, files.picture] };
    const { images } = await call("fal-ai/nano-banana/edit", input);
    expect(images[0]).toMatchObject({ width: 1536, height: 672 });
  });

  test.each([
    ["nothing to download", "file_download_error"],
    ["data:image/png", "file_download_error"],
    ["data:image/png;base64,AAAA", "image_load_error"],
    [`data:image/png;base64,${Buffer.alloc(64).toString("base64")}`, "image_load_error"],
    ["https://v3.fal.media/files/b/emulator/gone.png", "file_download_error"],
  ])("%s is a %s", async (image_url, type) => {
    const input = { prompt: "x", image_url };
    const error = await call("fal-ai/flux/dev/image-to-image", input).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).body.detail).toMatchObject([
      { loc: ["body", "image_url"], type },
    ]);
  });

  test("a picture elsewhere is not fetched: the size is the usual one", async () => {
    const input = { prompt: "x", image_url: "https://example.com/a.png" };
    const { images } = await call("fal-ai/flux/dev/image-to-image", input);
    expect(images[0]).toMatchObject({ width: 1024, height: 1024 });
  });
});

describe("particulars", () => {
  const chargedFor = async (id: string, input: Record<string, unknown>): Promise<string> => {
    await call(id, {
      ...leastInput(falModels.find((model) => model.id === id)!.input!, files),
      ...input,
    });
    return String(Number(emulator.charges.at(-1)!.units));
  };

  test.each([
    ["fal-ai/recraft/v3/text-to-image", { style: "vector_illustration/line_art" }, "2"],
    ["fal-ai/ideogram/v3", {}, "2"],
    ["fal-ai/ideogram/v3", { rendering_speed: "QUALITY", num_images: 2 }, "6"],
    ["fal-ai/bytedance/seedream/v4/text-to-image", { num_images: 2, max_images: 3 }, "6"],
    ["fal-ai/clarity-upscaler", { upscale_factor: 4 }, "1"],
    ["fal-ai/veo3", { duration: "6s", generate_audio: false }, "4"],
    ["fal-ai/wan/v2.2-a14b/text-to-video", { num_frames: 160, resolution: "480p" }, "5"],
    ["fal-ai/bytedance/seedance/v1/pro/image-to-video", {}, "0.2448"],
    ["fal-ai/minimax/video-01", {}, "1"],
    ["fal-ai/speech-to-text", {}, "6"],
    ["fal-ai/whisper", { diarize: true }, "0.6"],
    ["fal-ai/elevenlabs/speech-to-text", {}, "1"],
    ["fal-ai/any-llm", { model: "openai/o3" }, "10"],
    ["fal-ai/any-llm/vision", { model: "openai/gpt-4o" }, "3"],
    ["fal-ai/hunyuan3d/v2", { textured_mesh: true }, "3"],
    ["fal-ai/ace-step", { duration: 5 }, "5"],
  ])("%s with %j bills %s units", async (id, input, units) => {
    expect(await chargedFor(id, input)).toBe(units);
  });

  test("whisper: words, speakers, no chunks", async () => {
    const input = { audio_url: files.sound, diarize: true };
    const words = await call("fal-ai/whisper", { ...input, chunk_level: "word" });
    expect(words.text.split(" ")).toEqual(
      words.chunks.map((chunk: { text: string }) => chunk.text),
    );
    expect(words.chunks[0]).toMatchObject({ speaker: expect.stringMatching(/^SPEAKER_0/) });
    expect(words.diarization_segments).toHaveLength(2);
    const bounds = words.chunks.flatMap((chunk: { timestamp: number[] }) => chunk.timestamp);
    expect(bounds).toEqual(bounds.toSorted((a: number, b: number) => a - b));
    expect(bounds.at(-1)).toBeCloseTo(6);
    const none = await call("fal-ai/whisper", { audio_url: files.sound, chunk_level: "none" });
    expect(none).toMatchObject({ chunks: [], diarization_segments: [] });
  });

  test("speech to text streams, as `…/stream` and by the client's own call", async () => {
    for (const id of ["fal-ai/speech-to-text", "fal-ai/speech-to-text/stream"]) {
      const stream = await client(emulator).stream(id, { input: { audio_url: files.sound } });
      const events: Array<{ output: string; partial: boolean }> = [];
      for await (const event of stream) events.push(event as (typeof events)[number]);
      expect(events.map(({ partial }) => partial)).toEqual([true, true, false]);
      expect(events[1]!.output).toContain(events[0]!.output);
      expect(await stream.done()).toEqual(events.at(-1));
    }
  });

  test("birefnet's mask comes when asked for", async () => {
    const data = await call("fal-ai/birefnet", { image_url: files.picture, output_mask: true });
    expect(shapeOf(data)).toBe(`{image:${picture},mask_image:${picture}}`);
  });

  test("a mesh as OBJ", async () => {
    const input = { image_url: files.picture, output_format: "obj" };
    const { model_mesh } = await call("fal-ai/triposr", input);
    expect(model_mesh).toMatchObject({ file_name: "model.obj", content_type: "model/obj" });
    expect(await (await fetch(model_mesh.url)).text()).toMatch(/^v [-\d.]+ [-\d.]+ [-\d.]+\n/);
  });
});
