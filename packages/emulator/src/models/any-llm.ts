/** Text from text: the answer grows in a stream. */
import type { Model, ModelContext } from "../model.ts";
import { createRandom, hash } from "../media/random.ts";
import { refusedStream } from "./failure.ts";
import { readInput, type InputReader } from "./input.ts";

/** Billed at ten times the price: ten units. */
const premium = ["openai/gpt-4o", "google/gemini-pro-1.5", "deepseek/deepseek-r1"];
const DEFAULT_MODEL = "google/gemini-2.0-flash-001";

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

interface Order {
  prompt: string;
  model: string;
}

function readOrder(input: Record<string, unknown>): [Order, InputReader] {
  const read = readInput(input);
  const prompt = read.text("prompt");
  read.text("system_prompt", { default: "" });
  return [{ prompt, model: read.text("model", { default: DEFAULT_MODEL }) }, read];
}

interface Output {
  output: string;
  reasoning: string | null;
  /** More is to come. */
  partial: boolean;
  error: string | null;
}

const output = (text: string, partial: boolean): Output => ({
  output: text,
  reasoning: null,
  partial,
  error: null,
});

/** The answer so far, a word more each time. */
async function* grow(prompt: string, context: ModelContext): AsyncGenerator<Output> {
  const text = answer(prompt);
  for (const { index } of text.matchAll(/\s+/g)) {
    await context.wait(45);
    yield output(text.slice(0, index), true);
  }
  await context.wait(45);
  yield output(text, false);
}

export const anyLlm: Model = {
  id: "fal-ai/any-llm",
  title: "Any LLM",
  price: { unitPrice: 0.001, unit: "requests" },
  async run(input, context) {
    const [{ prompt, model }, read] = readOrder(input);
    const refusal = read.refusal();
    if (refusal !== undefined) return refusal;
    await context.wait(900);
    const billableUnits = premium.includes(model) ? "10" : "1";
    return { body: output(answer(prompt), false), billableUnits };
  },
  stream(input, context) {
    const [{ prompt }, read] = readOrder(input);
    const refusal = read.refusal();
    if (refusal !== undefined) return refusedStream(refusal);
    return { contentType: "text/event-stream", chunks: grow(prompt, context) };
  },
};
