/** Workflows: several models behind one id, told step by step in the stream. */
import { randomUUID } from "node:crypto";
import type { Model, ModelContext } from "../model.ts";
import { textModels } from "./texts.ts";
import { textToImageModels } from "./text-to-image.ts";

/** What a workflow's stream says. A failing node is an event too: the stream's HTTP status stays 200. */
export type WorkflowEvent =
  | { type: "submit"; node_id: string; app_id: string; request_id: string }
  | { type: "completion"; node_id: string; output: unknown }
  | { type: "output"; output: unknown }
  | { type: "error"; node_id: string; message: string; error: { status: number; body: unknown } };

const schnell = textToImageModels.find(({ id }) => id === "fal-ai/flux/schnell") as Model;
const anyLlm = textModels.find(({ id }) => id === "fal-ai/any-llm") as Model;

/** Writes about the prompt, then paints it. */
async function* steps(
  input: Record<string, unknown>,
  context: ModelContext,
): AsyncGenerator<WorkflowEvent> {
  const outputs: Record<string, unknown> = {};
  for (const [node, model] of [
    ["node-text", anyLlm],
    ["node-image", schnell],
  ] as const) {
    yield { type: "submit", node_id: node, app_id: model.id, request_id: randomUUID() };
    const { status = 200, body } = await model.run(input, context);
    if (status >= 400) {
      const message = `Node ${node} failed with status ${status}`;
      yield { type: "error", node_id: node, message, error: { status, body } };
      return;
    }
    outputs[node] = body;
    yield { type: "completion", node_id: node, output: body };
  }
  const { output } = outputs["node-text"] as { output: string };
  const { images } = outputs["node-image"] as { images: unknown };
  yield { type: "output", output: { text: output, images } };
}

export const illustrate: Model = {
  id: "workflows/fal-ai/illustrate",
  title: "Workflow: a text and its picture",
  async run(input, context) {
    for await (const event of steps(input, context)) {
      if (event.type === "output") return { body: event.output };
      if (event.type === "error") return event.error;
    }
    throw new Error("A workflow ends with an output or an error");
  },
  stream: (input, context) => ({
    contentType: "text/event-stream",
    chunks: steps(input, context),
  }),
};

/** ComfyUI graphs answer by the number of the node that saves the pictures. */
export const comfy: Model = {
  id: "comfy/fal-ai/text-to-image",
  title: "ComfyUI: text to image",
  async run(input, context) {
    const reply = await schnell.run(input, context);
    if (reply.status !== undefined) return reply;
    const { images } = reply.body as { images: Array<{ url: string }> };
    const saved = images.map(({ url }, index) => ({
      filename: `ComfyUI_${String(index + 1).padStart(5, "0")}_.jpeg`,
      subfolder: "",
      type: "output",
      url,
    }));
    return { ...reply, body: { outputs: { "9": { images: saved } } } };
  },
};
