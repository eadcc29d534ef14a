/** The realtime model: a small picture for every message. */
import type { Model, ModelContext, ModelReply } from "../model.ts";
import { dataUri, draw } from "./images.ts";
import { megapixels, drawnSize, readImageSize } from "./image-size.ts";
import { readInput } from "./input.ts";
import { work } from "./progress.ts";

const CONTENT_TYPE = "image/jpeg";

async function paint(
  input: Record<string, unknown>,
  context: ModelContext,
  inline: boolean,
): Promise<ModelReply> {
  const read = readInput(input);
  const prompt = read.text("prompt");
  const seed = read.integer("seed", { default: 0 });
  const steps = read.integer("num_inference_steps", { default: 4, min: 1, max: 12 });
  const size = readImageSize(input["image_size"], read, "square");
  const refusal = read.refusal();
  if (refusal !== undefined) return refusal;
  await work(context, steps, 15);
  const drawn = drawnSize(size);
  const bytes = await draw(prompt, seed >>> 0, drawn, "jpeg");
  const url = inline ? dataUri(bytes, CONTENT_TYPE) : context.store(bytes, CONTENT_TYPE);
  const images = [{ url, ...drawn, content_type: CONTENT_TYPE }];
  const body = { images, seed, num_inference_steps: steps, request_id: context.requestId };
  return { body, billableUnits: String(megapixels(size)) };
}

export const fastLcmDiffusion: Model = {
  id: "fal-ai/fast-lcm-diffusion",
  title: "Latent Consistency (realtime)",
  price: { unitPrice: 0.001, unit: "megapixels" },
  run: (input, context) => paint(input, context, input["sync_mode"] === true),
  async *realtime(input, context) {
    // In a socket pictures travel with the message: a stored file would cost a second round trip.
    const { status = 200, body } = await paint(input, context, true);
    if (status !== 200) throw new Error(JSON.stringify(body));
    yield body;
  },
};
