// The shipped models, each through its own interface: what they deliver, what they bill, how they refuse.
import { describe, expect, test } from "vitest";
import { encodePng } from "../src/media/png.ts";
import type { ModelReply } from "../src/model.ts";
import { defaultModels } from "../src/models/index.ts";
import { decodeJpeg, decodePng, difference } from "./media-decode.ts";
import { collect, model, run, stage } from "./models-harness.ts";

interface Image {
  url: string;
  width: number;
  height: number;
  content_type: string;
}
interface File {
  url: string;
  content_type: string;
  file_name: string;
  file_size: number;
}
interface Detail {
  loc: unknown[];
  msg: string;
  type: string;
  url: string;
  ctx?: unknown;
  input?: unknown;
}

const images = (reply: ModelReply): Image[] => (reply.body as { images: Image[] }).images;
const detail = (reply: ModelReply): Detail[] => (reply.body as { detail: Detail[] }).detail;

test("every id is unique and every model has a title", () => {
  const ids = defaultModels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, title } of defaultModels) {
    expect(id).toMatch(/^[a-z0-9-]+(\/[a-z0-9.-]+)+$/);
    expect(title).toBeTruthy();
  }
});

describe("images", () => {
  test("flux/dev answers as fal's does, and its picture is a real JPEG of the default size", async () => {
    const context = stage();
    const reply = await run("fal-ai/flux/dev", { prompt: "a lake", seed: 7 }, context);
    expect(reply).toEqual({
      body: {
        images: [{ url: expect.any(String), width: 1024, height: 768, content_type: "image/jpeg" }],
        timings: { inference: expect.any(Number) },
        seed: 7,
        has_nsfw_concepts: [false],
        prompt: "a lake",
      },
      billableUnits: "1",
    });
    const { bytes, contentType } = context.file(images(reply)[0]!.url);
    expect(contentType).toBe("image/jpeg");
    expect(decodeJpeg(bytes)).toMatchObject({ width: 1024, height: 768 });
  });

  test("progress is logged step by step, and each step takes its time", async () => {
    const context = stage();
    const input = { prompt: "x", num_inference_steps: 3, image_size: { width: 16, height: 16 } };
    await run("fal-ai/flux/dev", input, context);
    expect(context.logs).toHaveLength(3);
    expect(context.logs[0]).toContain("1/3");
    expect(context.logs[2]).toMatch(/100%\|█{10}\| 3\/3$/);
    expect(context.waited).toBe(270);
  });

  test.each([
    ["square_hd", 1024, 1024, "1"],
    ["square", 512, 512, "1"],
    ["portrait_4_3", 768, 1024, "1"],
    ["portrait_16_9", 576, 1024, "1"],
    ["landscape_4_3", 1024, 768, "1"],
    ["landscape_16_9", 1024, 576, "1"],
    [{ width: 200, height: 100 }, 200, 100, "1"],
    [{ width: 300 }, 300, 512, "1"],
    [{ width: 1025, height: 1024 }, 1025, 1024, "2"],
    [{ width: 1920, height: 1080 }, 1920, 1080, "2"],
  ])("image_size %j is delivered as %i×%i and billed as %s", async (size, width, height, units) => {
    const context = stage();
    const input = { prompt: "x", image_size: size, output_format: "png" };
    const reply = await run("fal-ai/flux/schnell", input, context);
    const [image] = images(reply);
    expect(image).toMatchObject({ width, height, content_type: "image/png" });
    expect(decodePng(context.file(image!.url).bytes)).toMatchObject({ width, height });
    expect(reply.billableUnits).toBe(units);
  });

  test("a larger order than is drawn is delivered smaller, and billed as ordered", async () => {
    const context = stage();
    const input = { prompt: "x", image_size: { width: 14_142, height: 140 } };
    const reply = await run("fal-ai/flux/schnell", input, context);
    expect(images(reply)[0]).toMatchObject({ width: 4096, height: 41 });
    expect(reply.billableUnits).toBe("2");
  });

  test("several images differ, and each is billed", async () => {
    const context = stage();
    const size = { width: 96, height: 96 };
    const input = { prompt: "x", num_images: 4, seed: 1, image_size: size, output_format: "png" };
    const reply = await run("fal-ai/flux/dev", input, context);
    expect(reply.billableUnits).toBe("4");
    expect(reply.body).toMatchObject({ has_nsfw_concepts: [false, false, false, false] });
    const decoded = images(reply).map(({ url }) => decodePng(context.file(url).bytes));
    expect(decoded).toHaveLength(4);
    expect(difference(decoded[0]!, decoded[1]!)).toBeGreaterThan(4);
  });

  test("prompt and seed decide the picture; a seed left out is drawn and told", async () => {
    const bytes = async (input: object): Promise<Uint8Array> => {
      const context = stage();
      const image_size = { width: 64, height: 64 };
      const reply = await run("fal-ai/flux/dev", { image_size, ...input }, context);
      return context.file(images(reply)[0]!.url).bytes;
    };
    const one = await bytes({ prompt: "a", seed: 1 });
    expect(await bytes({ prompt: "a", seed: 1 })).toEqual(one);
    expect(await bytes({ prompt: "b", seed: 1 })).not.toEqual(one);
    expect(await bytes({ prompt: "a", seed: 2 })).not.toEqual(one);

    const input = { prompt: "a", image_size: { width: 8, height: 8 } };
    const seeds = [await run("fal-ai/flux/dev", input), await run("fal-ai/flux/dev", input)];
    const [first, second] = seeds.map(({ body }) => (body as { seed: number }).seed);
    expect(first).toEqual(expect.any(Number));
    expect(first).not.toBe(second);
  });

  test("image to image needs an image, and another image gives another picture", async () => {
    const id = "fal-ai/flux/dev/image-to-image";
    expect(detail(await run(id, { prompt: "x" }))[0]).toMatchObject({
      loc: ["body", "image_url"],
      type: "missing",
    });
    const bytes = async (image_url: string): Promise<Uint8Array> => {
      const context = stage();
      const input = { prompt: "x", seed: 1, image_url };
      return context.file(images(await run(id, input, context))[0]!.url).bytes;
    };
    const one = await bytes("https://example.com/a.png");
    expect(await bytes("https://example.com/b.png")).not.toEqual(one);
  });

  test("sync_mode puts the picture into the answer", async () => {
    const input = { prompt: "x", sync_mode: true, image_size: { width: 20, height: 10 } };
    const [image] = images(await run("fal-ai/flux/schnell", input));
    const [head, data] = image!.url.split(",");
    expect(head).toBe("data:image/jpeg;base64");
    expect(decodeJpeg(Buffer.from(data!, "base64"))).toMatchObject({ width: 20, height: 10 });
  });

  test("the safety checker blackens, unless it is off", async () => {
    const input = { prompt: "nsfw", image_size: { width: 16, height: 16 }, output_format: "png" };
    const context = stage();
    const reply = await run("fal-ai/flux/dev", input, context);
    expect(reply.body).toMatchObject({ has_nsfw_concepts: [true] });
    expect(decodePng(context.file(images(reply)[0]!.url).bytes).at(8, 8)).toEqual([0, 0, 0]);
    const off = await run("fal-ai/flux/dev", { ...input, enable_safety_checker: false });
    expect(off.body).toMatchObject({ has_nsfw_concepts: [false] });
  });

  test("nano-banana: aspect ratios, PNG, and the short answer of its family", async () => {
    const context = stage();
    const input = { prompt: "a cat", aspect_ratio: "21:9", num_images: 2 };
    const reply = await run("fal-ai/nano-banana", input, context);
    expect(reply).toEqual({
      body: {
        images: Array.from({ length: 2 }, () => ({
          url: expect.any(String),
          content_type: "image/png",
          file_name: expect.stringMatching(/\.png$/),
          file_size: expect.any(Number),
          width: 1536,
          height: 672,
        })),
        description: "",
      },
      billableUnits: "2",
    });
    expect(decodePng(context.file(images(reply)[0]!.url).bytes)).toMatchObject({ width: 1536 });
  });

  test("fast-sdxl bills simulated seconds with eight decimals", async () => {
    const input = { prompt: "x", image_size: { width: 8, height: 8 } };
    expect((await run("fal-ai/fast-sdxl", input)).billableUnits).toBe("1.25000000");
  });

  test("numbers in text are taken, as a GET sends them", async () => {
    const input = { prompt: "x", num_images: "2", seed: "5", image_size: { width: 8, height: 8 } };
    const reply = await run("fal-ai/flux/dev", input);
    expect(images(reply)).toHaveLength(2);
    expect(reply.body).toMatchObject({ seed: 5 });
  });
});

describe("refused inputs", () => {
  test("a missing prompt, in fal's words", async () => {
    const input = { num_images: 1 };
    expect(await run("fal-ai/flux/dev", input)).toEqual({
      status: 422,
      headers: { "x-fal-error-type": "missing" },
      billableUnits: "0",
      body: {
        detail: [
          {
            loc: ["body", "prompt"],
            msg: "Field required",
            type: "missing",
            url: "https://docs.fal.ai/errors#missing",
            input,
          },
        ],
      },
    });
  });

  const base = { prompt: "x", image_size: { width: 8, height: 8 } };
  test.each([
    [{ prompt: 5 }, ["prompt"], "string_type", undefined],
    [{ num_images: 5 }, ["num_images"], "less_than_equal", { le: 4 }],
    [{ num_images: 0 }, ["num_images"], "greater_than_equal", { ge: 1 }],
    [{ num_images: null }, ["num_images"], "int_type", undefined],
    [{ num_images: 1.5 }, ["num_images"], "int_from_float", undefined],
    [{ num_images: "many" }, ["num_images"], "int_parsing", undefined],
    [{ num_inference_steps: 51 }, ["num_inference_steps"], "less_than_equal", { le: 50 }],
    [{ output_format: "gif" }, ["output_format"], "literal_error", { expected: "'jpeg' or 'png'" }],
    [{ sync_mode: "perhaps" }, ["sync_mode"], "bool_parsing", undefined],
    [{ sync_mode: [] }, ["sync_mode"], "bool_type", undefined],
    [{ image_size: "huge" }, ["image_size"], "literal_error", { expected: expect.any(String) }],
    [{ image_size: { width: 0 } }, ["image_size", "ImageSize", "width"], "greater_than", { gt: 0 }],
    [
      { image_size: { height: 14_143 } },
      ["image_size", "ImageSize", "height"],
      "less_than_equal",
      { le: 14_142 },
    ],
    [{ image_size: { width: [] } }, ["image_size", "ImageSize", "width"], "int_type", undefined],
  ])("%j", async (fault, loc, type, ctx) => {
    const reply = await run("fal-ai/flux/dev", { ...base, ...fault });
    expect(reply).toMatchObject({ status: 422, billableUnits: "0" });
    expect(detail(reply)).toEqual([
      {
        loc: ["body", ...loc],
        msg: expect.stringMatching(/^Input should be/),
        type,
        url: `https://docs.fal.ai/errors#${type}`,
        ...(ctx && { ctx }),
        input: "num_images" in fault ? fault.num_images : expect.anything(),
      },
    ]);
  });

  test("all faults are told at once", async () => {
    const reply = await run("fal-ai/flux/dev", { num_images: 9, output_format: "bmp" });
    expect(detail(reply).map(({ loc }) => loc.at(-1))).toEqual([
      "prompt",
      "num_images",
      "output_format",
    ]);
  });

  const needy = defaultModels.filter(({ id }) => !/slow|failing|kokoro|rodin/.test(id));
  test.each(needy.map(({ id }) => id))("%s needs its prompt, or its file", async (id) => {
    const reply = await run(id, {});
    expect(reply.status).toBe(422);
    expect(detail(reply)[0]).toMatchObject({ type: "missing", msg: "Field required" });
  });
});

describe("videos", () => {
  test.each([
    ["fal-ai/kling-video/v2.1/standard/text-to-video", {}, "5"],
    ["fal-ai/kling-video/v2.1/standard/text-to-video", { duration: "10" }, "10"],
    ["fal-ai/kling-video/v2.1/standard/image-to-video", { image_url: "https://a.b/c.png" }, "5"],
    ["fal-ai/veo3/fast", {}, "8"],
    ["fal-ai/veo3/fast", { duration: "6s", generate_audio: false }, "4"],
  ])("%s with %j bills %s seconds and delivers an MP4", async (id, options, units) => {
    const context = stage();
    const reply = await run(id, { prompt: "waves", ...options }, context);
    expect(reply.billableUnits).toBe(units);
    const { video } = reply.body as { video: File };
    const { bytes, contentType, fileName } = context.file(video.url);
    expect(video).toEqual({
      url: video.url,
      content_type: "video/mp4",
      file_name: "output.mp4",
      file_size: bytes.length,
    });
    expect([contentType, fileName]).toEqual(["video/mp4", "output.mp4"]);
    expect(Buffer.from(bytes).toString("latin1", 4, 8)).toBe("ftyp");
  });

  test.each([
    ["fal-ai/kling-video/v2.1/standard/text-to-video", 5],
    ["fal-ai/veo3/fast", "8"],
  ])("%s does not take the duration %j", async (id, duration) => {
    const reply = await run(id, { prompt: "x", duration });
    expect(detail(reply)[0]).toMatchObject({ loc: ["body", "duration"], type: "literal_error" });
  });
});

describe("sounds", () => {
  test("speech: run and stream deliver the same WAV, the stream in pieces", async () => {
    const context = stage();
    const input = { prompt: "Hello there, this is a small test of the voice.", voice: "am_adam" };
    const reply = await run("fal-ai/kokoro", input, context);
    const { audio } = reply.body as { audio: File };
    const whole = context.file(audio.url).bytes;
    expect(audio).toMatchObject({ content_type: "audio/wav", file_size: whole.length });
    expect(Buffer.from(whole).toString("latin1", 0, 4)).toBe("RIFF");
    expect(Buffer.from(whole).readUInt32LE(40)).toBe(whole.length - 44);
    expect(reply.billableUnits).toBe("1");

    const { contentType, chunks, status } = model("fal-ai/kokoro").stream!(input, stage());
    expect([contentType, status]).toEqual(["audio/wav", undefined]);
    const pieces = (await collect(chunks)) as Uint8Array[];
    expect(pieces.length).toBeGreaterThan(4);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  test("speech is billed by the thousand characters, at least one", async () => {
    const reply = await run("fal-ai/elevenlabs/tts/multilingual-v2", { text: ".".repeat(2999) });
    expect(reply.billableUnits).toBe("2");
  });

  test("no more than a minute is spoken", async () => {
    const context = stage();
    const input = { prompt: "a e ".repeat(1000), speed: 0.1 };
    const { audio } = (await run("fal-ai/kokoro", input, context)).body as { audio: File };
    const wav = Buffer.from(context.file(audio.url).bytes);
    const seconds = (wav.length - 44) / wav.readUInt32LE(28);
    expect(seconds).toBeGreaterThan(55);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  test("music has the seconds asked for, within bounds", async () => {
    const context = stage();
    const reply = await run("fal-ai/stable-audio", { prompt: "rain", seconds_total: 2 }, context);
    const { audio_file } = reply.body as { audio_file: File };
    const wav = Buffer.from(context.file(audio_file.url).bytes);
    expect((wav.length - 44) / wav.readUInt32LE(28)).toBeCloseTo(2, 3);
    expect(reply.billableUnits).toBe("5.00000000");
    const long = await run("fal-ai/stable-audio", { prompt: "rain", seconds_total: 48 });
    expect(detail(long)[0]).toMatchObject({ type: "less_than_equal", ctx: { le: 47 } });
  });
});

describe("texts", () => {
  const id = "fal-ai/any-llm";
  const input = { prompt: "Was ist ein Smörgåsbord? 🍣" };

  interface Output {
    output: string;
    partial: boolean;
  }

  test("the stream grows, and its last event is what run answers", async () => {
    const whole = await run(id, input);
    expect(whole.billableUnits).toBe("1");
    expect(whole.body).toMatchObject({ reasoning: null, error: null, partial: false });
    const { contentType, chunks } = model(id).stream!(input, stage());
    expect(contentType).toBe("text/event-stream");
    const events = (await collect(chunks)) as Output[];
    expect(events.length).toBeGreaterThan(10);
    expect(events.at(-1)).toEqual(whole.body);
    for (const [index, event] of events.entries()) {
      expect(event.partial).toBe(index < events.length - 1);
      expect(events[index + 1]?.output ?? event.output).toContain(event.output);
    }
    expect(events.at(-1)!.output).toContain(input.prompt);
    expect(events.at(-1)!.output).toMatch(/\p{Extended_Pictographic}/u);
  });

  test("premium models cost ten units", async () => {
    expect((await run(id, { ...input, model: "openai/gpt-4o" })).billableUnits).toBe("10");
  });

  test("a refused stream has a status, not an event", async () => {
    for (const refusing of [id, "fal-ai/elevenlabs/tts/multilingual-v2"]) {
      const { status, contentType, chunks, headers } = model(refusing).stream!({}, stage());
      expect([status, contentType]).toEqual([422, "application/json"]);
      expect(headers).toEqual({ "x-fal-error-type": "missing", "x-fal-billable-units": "0" });
      const body = Buffer.concat((await collect(chunks)) as Uint8Array[]).toString();
      expect(JSON.parse(body)).toHaveProperty("detail");
    }
  });
});

describe("workflows", () => {
  const id = "workflows/fal-ai/illustrate";
  const input = { prompt: "a lake", image_size: { width: 16, height: 16 } };

  test("the stream tells submit, completion and output", async () => {
    const events = await collect(model(id).stream!(input, stage()).chunks);
    const request_id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(events).toEqual([
      { type: "submit", node_id: "node-text", app_id: "fal-ai/any-llm", request_id },
      {
        type: "completion",
        node_id: "node-text",
        output: expect.objectContaining({ partial: false }),
      },
      { type: "submit", node_id: "node-image", app_id: "fal-ai/flux/schnell", request_id },
      {
        type: "completion",
        node_id: "node-image",
        output: expect.objectContaining({ prompt: "a lake" }),
      },
      {
        type: "output",
        output: { text: expect.stringContaining("a lake"), images: [expect.anything()] },
      },
    ]);
  });

  test("run gives the output alone", async () => {
    expect((await run(id, input)).body).toEqual({
      text: expect.any(String),
      images: [expect.anything()],
    });
  });

  test("a failing node is an event with the node's own error", async () => {
    const events = await collect(model(id).stream!({ ...input, num_images: 9 }, stage()).chunks);
    expect(events.at(-1)).toEqual({
      type: "error",
      node_id: "node-image",
      message: "Node node-image failed with status 422",
      error: {
        status: 422,
        body: { detail: [expect.objectContaining({ type: "less_than_equal" })] },
      },
    });
  });

  test("a ComfyUI graph answers by node number", async () => {
    const reply = await run("comfy/fal-ai/text-to-image", input);
    expect(reply.body).toEqual({
      outputs: {
        "9": {
          images: [
            {
              filename: "ComfyUI_00001_.jpeg",
              subfolder: "",
              type: "output",
              url: expect.any(String),
            },
          ],
        },
      },
    });
    expect(reply.billableUnits).toBe("1");
  });
});

describe("failing", () => {
  test.each([
    ["content_policy_violation", 422],
    ["internal_server_error", 500],
    ["generation_timeout", 504],
    ["downstream_service_error", 500],
    ["downstream_service_unavailable", 500],
    ["image_too_small", 422],
    ["video_duration_too_long", 422],
    ["unsupported_image_format", 422],
    ["one_of", 422],
  ])("%s is a %i with a detail array and no billable units", async (kind, status) => {
    const reply = await run("fal-ai/failing", { kind, prompt: "x" });
    expect(reply.status).toBe(status);
    expect(reply.billableUnits).toBeUndefined();
    expect(reply.headers).toEqual({ "x-fal-error-type": kind });
    expect(detail(reply)).toHaveLength(1);
    const [problem] = detail(reply);
    expect(problem).toMatchObject({ type: kind, url: `https://docs.fal.ai/errors#${kind}` });
    expect(problem!.loc[0]).toBe("body");
    expect(problem!.msg).toBeTruthy();
    expect(problem).toHaveProperty("input");
  });

  test("content_policy_violation names the prompt, and is the default", async () => {
    const reply = await run("fal-ai/failing", { prompt: "something bad" });
    expect(detail(reply)[0]).toMatchObject({
      loc: ["body", "prompt"],
      type: "content_policy_violation",
      ctx: expect.any(Object),
      input: "something bad",
    });
  });

  test("validation is refused before the model works: nothing is billed", async () => {
    const context = stage();
    const reply = await run("fal-ai/failing", { kind: "validation" }, context);
    expect(reply).toMatchObject({ status: 422, billableUnits: "0" });
    expect(detail(reply)[0]).toMatchObject({ type: "missing" });
    expect(context.waited).toBe(0);
  });

  test("an unknown kind is refused with the list of kinds", async () => {
    const reply = await run("fal-ai/failing", { kind: "nonsense" });
    expect(detail(reply)[0]!.msg).toContain("'generation_timeout'");
  });
});

describe("cancelling", () => {
  test("slow stops when it is aborted", async () => {
    const controller = new AbortController();
    const context = stage(controller.signal);
    const running = run("fal-ai/slow", { seconds: 3600 }, context);
    setTimeout(() => controller.abort(), 20);
    await expect(running).rejects.toThrow("aborted");
    expect(context.logs).toEqual(["1/3600"]);
  });

  test("slow takes its seconds", async () => {
    const reply = await run("fal-ai/slow", { seconds: 0.05 });
    expect(reply).toEqual({ body: { seconds: 0.05 }, billableUnits: "0.05000000" });
  });

  test.each([
    ["fal-ai/flux/dev", {}],
    ["fal-ai/veo3/fast", {}],
    ["fal-ai/any-llm", {}],
    ["workflows/fal-ai/illustrate", {}],
  ])("%s gives up too", async (id, options) => {
    const context = stage(AbortSignal.abort());
    await expect(run(id, { prompt: "x", ...options }, context)).rejects.toThrow("aborted");
  });
});

describe("realtime", () => {
  const { realtime } = model("fal-ai/fast-lcm-diffusion");

  test("a message is answered with a small picture in the message", async () => {
    const input = { prompt: "a lake", seed: 3, image_size: "square" };
    const [answer] = await collect(realtime!(input, stage()));
    const { images, seed } = answer as {
      images: Array<Image & { content: Uint8Array }>;
      seed: number;
    };
    expect(seed).toBe(3);
    expect(images[0]).toMatchObject({ width: 512, height: 512, content_type: "image/jpeg" });
    const jpeg = decodeJpeg(Buffer.from(images[0]!.url.split(",")[1]!, "base64"));
    expect(jpeg).toMatchObject({ width: 512, height: 512 });
    // Some apps take the address, others the bytes.
    expect(decodeJpeg(images[0]!.content)).toMatchObject({ width: 512, height: 512 });
  });

  test("a drawing in bytes stands for its address, and decides the size", async () => {
    const drawn = await encodePng({ width: 48, height: 24, rgb: new Uint8Array(48 * 24 * 3) });
    const input = { prompt: "a lake", image_bytes: drawn };
    const { realtime: fromImage } = model("fal-ai/fast-lcm-diffusion/image-to-image");
    const [answer] = await collect(fromImage!(input, stage()));
    expect(answer).toMatchObject({ images: [{ width: 48, height: 24 }] });
    await expect(collect(fromImage!({ prompt: "x" }, stage()))).rejects.toThrow("image_url");
  });

  test("a refused message ends in an error that says why", async () => {
    await expect(collect(realtime!({}, stage()))).rejects.toThrow("Field required");
  });

  test("the same model runs, too", async () => {
    const context = stage();
    const input = { prompt: "a lake", image_size: "square", sync_mode: false };
    const reply = await run("fal-ai/fast-lcm-diffusion", input, context);
    expect(decodeJpeg(context.file(images(reply)[0]!.url).bytes)).toMatchObject({ width: 512 });
    expect(reply.billableUnits).toBe("0.30000000");
  });
});
