// Ids that no model has: refused as fal does, or answered by a model of their kind.
import { ApiError } from "@fal-ai/client";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { createEmulator } from "../src/index.ts";
import { genericModel } from "../src/models/generic.ts";
import { falModels } from "../src/models/index.ts";
import { call, client, post, start } from "./fixture.ts";

test("refused unless told otherwise", async () => {
  const emulator = await start();
  expect((await post(emulator, "https://fal.run/fal-ai/anything")).status).toBe(404);
  await expect(createEmulator({ unknownModels: "allow" as "generic" })).rejects.toThrow(
    /unknownModels: .*"generic" or "refuse"/,
  );
});

test.each([
  ["fal-ai/some-new-image", { prompt: "a lake", image_size: "square" }, "images"],
  ["someone/else/entirely", {}, "images"],
  ["fal-ai/new/image-to-image", { image_url: "https://example.com/a.png" }, "images"],
  ["fal-ai/veo9", { prompt: "waves", duration: "8s" }, "video"],
  ["fal-ai/new/text-to-video", { duration: { odd: true } }, "video"],
  ["fal-ai/new/image-to-video", { image_url: "https://example.com/a.png" }, "video"],
  ["fal-ai/new-tts", { text: "Hello" }, "audio"],
  ["fal-ai/new-music/v2", { prompt: "rain", duration: 2 }, "audio"],
  ["fal-ai/faster-whisper", { audio_url: "https://example.com/a.mp3" }, "text"],
  ["fal-ai/new-llm", { prompt: "Hello" }, "output"],
  ["fal-ai/new/image-to-3d", { image_url: "https://example.com/a.png" }, "model_mesh"],
  ["fal-ai/new-upscaler", { image_url: "https://example.com/a.png" }, "image"],
  ["fal-ai/new/background-removal", { image_url: "https://example.com/a.png" }, "image"],
])("%s", async (id, input, field) => {
  const emulator = await start({ unknownModels: "generic" });
  const { data } = await client(emulator).subscribe(id, { input, pollInterval: 5 });
  expect(data).toHaveProperty(field);
  expect(emulator.charges).toMatchObject([{ endpointId: id, units: "1", unitPrice: "0" }]);
});

test("nothing that an input holds is refused but files that cannot be had", async () => {
  const emulator = await start({ unknownModels: "generic" });
  const fal = client(emulator);
  const input = { prompt: 7, num_images: "all", image_size: { width: -1, height: 9e9 }, seed: "x" };
  const { data } = await fal.run("fal-ai/new-image", { input });
  expect(data.images).toMatchObject([{ width: 1 }]);
  const broken = fal.run("fal-ai/new-image", { input: { image_url: "gone" } });
  await expect(broken).rejects.toThrow(ApiError);
});

test("streams and sockets, where a kind has them", async () => {
  const emulator = await start({ unknownModels: "generic" });
  const stream = await client(emulator).stream("fal-ai/new-llm", { input: { prompt: "Hello" } });
  expect(await stream.done()).toMatchObject({ partial: false });
  const other = await post(emulator, "https://fal.run/fal-ai/veo9/stream");
  expect(other.status).toBe(404);

  // The endpoint of fal's own camera demo.
  const url = emulator.url.replace("http", "ws");
  const path = "fal.run/fal-ai/fast-turbo-diffusion/image-to-image/realtime";
  const socket = new WebSocket(`${url}/${path}`, {
    headers: { authorization: `Key ${emulator.key}` },
  });
  const answer = new Promise<Buffer>((resolve) => socket.once("message", resolve));
  socket.once("open", () => socket.send('{"prompt":"a lake","image_size":"square"}'));
  expect(JSON.parse((await answer).toString())).toMatchObject({ images: [{ width: 512 }] });
  socket.close();
});

test("ids of another form, models of the table, prices and lists are as ever", async () => {
  const emulator = await start({ unknownModels: "generic" });
  expect((await post(emulator, "https://fal.run/single")).status).toBe(404);
  expect((await post(emulator, "https://fal.run/fal-ai/a%20b")).status).toBe(404);
  expect((await post(emulator, "https://fal.run/fal-ai/flux/dev")).status).toBe(422);
  expect((await post(emulator, "https://fal.run/fal-ai/flux/brand-new")).status).toBe(200);
  const prices = "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/brand-new";
  expect((await call(emulator, prices)).status).toBe(404);
  expect(emulator.models.some(({ id }) => id === "fal-ai/brand-new")).toBe(false);
});

test("the words of an id lead to the kind that fal has it in", () => {
  const wrong = falModels
    .map(({ id, category }) => ({ id, category, guessed: genericModel(id)?.category }))
    .filter(({ category = "", guessed = "" }) => kindOf(category) !== kindOf(guessed));
  // An id without a telling word is taken for a picture.
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

/** What comes out, which is what matters. */
function kindOf(category: string): string {
  if (/llm|vision/.test(category)) return "text";
  if (/speech$|audio$/.test(category)) return "audio";
  return category.split("-").at(-1)!;
}
