/** Text from text, and from a picture: the answer grows in a stream. */
import { createRandom, hash } from "../media/random.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, flag, integer, list, number, text } from "../schema/fields.ts";
import { type Fields, required } from "../schema/schema.ts";
import { textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { imageUrl, prompt } from "./common-fields.ts";
import { loadSources } from "./sources.ts";

export interface TextRow extends Endpoint {
  output: Fields;
  /** @param partial more is to come */
  body(text: string, partial: boolean): unknown;
  /** Billed units. @default 1 */
  units?(values: Values): number;
}

const openings = [
  "What a good question.",
  "Gladly!",
  "Let us take this step by step.",
  "Here is how I see it.",
];
const middles = [
  "I am a small local stand-in, so I know nothing, but I say it with care — naïvely, à la carte, and with brio.",
  "The short answer is yes; the long answer is 「はい」, which means the same in fewer strokes.",
  "A café in Zürich, a jalapeño in São Paulo and a smörgåsbord in Malmö walk into a bar… the bar says: «Добро пожаловать!»",
];
const closings = [
  "I hope that helps 🙂",
  "Ask me again, I shall say the same 🔁",
  "Good luck! 🍀👩‍🚀",
];

function answer(prompt: string): string {
  const random = createRandom(hash(prompt));
  const quote = `You wrote: “${prompt.length > 200 ? `${prompt.slice(0, 200)}…` : prompt}”`;
  return [random.pick(openings), quote, random.pick(middles), random.pick(closings)].join("\n\n");
}

async function refuseSources(
  values: Values,
  context: ModelContext,
): Promise<ModelReply | undefined> {
  const loaded = await loadSources(values, context);
  return "failure" in loaded ? loaded.failure : undefined;
}

export async function makeText(
  row: TextRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const failure = await refuseSources(values, context);
  if (failure) return failure;
  await context.wait(900);
  const body = row.body(answer(textOf(values, "prompt")), false);
  return { body, billableUnits: String(row.units?.(values) ?? 1) };
}

/** The answer so far, a word more each time. */
export async function* growText(
  row: TextRow,
  values: Values,
  context: ModelContext,
): AsyncGenerator<unknown> {
  const failure = await refuseSources(values, context);
  // Too late for a status: fal's streams tell of it in an event.
  if (failure) return yield failure.body;
  const whole = answer(textOf(values, "prompt"));
  for (const { index } of whole.matchAll(/\s+/g)) {
    await context.wait(45);
    yield row.body(whole.slice(0, index), true);
  }
  await context.wait(45);
  yield row.body(whole, false);
}

/** Models of `any-llm`, and those of `any-llm/vision`, that cost more than one unit. */
const premium = [
  "google/gemini-pro-1.5",
  "google/gemini-2.5-pro",
  "anthropic/claude-sonnet-4.5",
  "anthropic/claude-3.7-sonnet",
  "anthropic/claude-3.5-sonnet",
  "openai/gpt-4o",
  "openai/gpt-4.1",
  "openai/gpt-5-chat",
];
const premiumTexts = [
  ...premium,
  "anthropic/claude-3-5-haiku",
  "deepseek/deepseek-r1",
  "openai/o3",
];
const premiumVision = [...premium, "meta-llama/llama-3.2-90b-vision-instruct"];

const common = [
  "anthropic/claude-3-haiku",
  "google/gemini-flash-1.5",
  "google/gemini-flash-1.5-8b",
  "google/gemini-2.0-flash-001",
  "google/gemini-2.5-flash",
  "google/gemini-2.5-flash-lite",
  "meta-llama/llama-4-maverick",
  "meta-llama/llama-4-scout",
];
const commonTexts = [
  ...common,
  "meta-llama/llama-3.2-1b-instruct",
  "meta-llama/llama-3.2-3b-instruct",
  "meta-llama/llama-3.1-8b-instruct",
  "meta-llama/llama-3.1-70b-instruct",
  "openai/gpt-oss-120b",
  "openai/gpt-4o-mini",
  "openai/gpt-5-mini",
  "openai/gpt-5-nano",
];

const DEFAULT_MODEL = "google/gemini-2.5-flash-lite";

const llmFields: Fields = {
  prompt,
  system_prompt: text(),
  reasoning: flag(false),
  priority: choice(["throughput", "latency"], "latency"),
  max_tokens: integer({ minimum: 1 }),
  temperature: number({ minimum: 0, maximum: 2 }),
};

const llmAnswer: Pick<TextRow, "output" | "body"> = {
  output: {
    output: required(text()),
    reasoning: { ...text(), nullable: true },
    partial: flag(false),
    error: { ...text(), nullable: true },
  },
  body: (output, partial) => ({ output, reasoning: null, partial, error: null }),
};

export const textRows: readonly TextRow[] = [
  {
    id: "fal-ai/any-llm",
    title: "Any LLM",
    category: "llm",
    price: { unitPrice: 0.001, unit: "requests" },
    input: { ...llmFields, model: choice([...premiumTexts, ...commonTexts], DEFAULT_MODEL) },
    ...llmAnswer,
    units: (values) => (premiumTexts.includes(textOf(values, "model")) ? 10 : 1),
  },
  {
    id: "fal-ai/any-llm/vision",
    title: "Any VLM",
    category: "vision",
    price: { unitPrice: 0.01, unit: "requests" },
    input: {
      ...llmFields,
      image_urls: list(text()),
      model: choice([...premiumVision, ...common], DEFAULT_MODEL),
    },
    ...llmAnswer,
    units: (values) => (premiumVision.includes(textOf(values, "model")) ? 3 : 1),
  },
  {
    id: "fal-ai/llavav15-13b",
    title: "LLaVA 1.5 13B",
    category: "vision",
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: {
      image_url: imageUrl,
      prompt,
      max_tokens: integer({ default: 64 }),
      temperature: number({ maximum: 1, default: 0.2 }),
      top_p: number({ minimum: 0, maximum: 1, default: 1 }),
    },
    output: { output: required(text()), partial: flag(false) },
    body: (output, partial) => ({ output, partial }),
  },
];

const modelOf = (row: TextRow): Model =>
  checkedModel(row, {
    output: row.output,
    run: (values, context) => makeText(row, values, context),
    stream: (values, context) => ({
      contentType: "text/event-stream",
      chunks: growText(row, values, context),
    }),
  });

export const textModels: readonly Model[] = textRows.map(modelOf);
