/** What the page knows of a model: how to call it and which fields to offer. */
import type { Shape } from "./image-size.ts";

/** The kinds of work a visitor looks for, in the order of the list. */
export const GROUPS = ["Image", "Video", "Audio", "Text", "Tools", "Only on the emulator"] as const;
export type Group = (typeof GROUPS)[number];

/** Through the queue, as a stream of events, or as one waiting request (`fal.run`). */
export type CallMode = "queue" | "stream" | "direct";

export interface Choice {
  value: string | number;
  label: string;
}

/** One input of a model. `name` is the key in fal's input object. */
export type Field = { name: string; label: string; help?: string } & (
  | { kind: "text"; rows?: number; placeholder?: string; required?: boolean; initial?: string }
  | { kind: "number"; min?: number; max?: number; step?: number; initial?: number }
  | { kind: "seed" }
  | { kind: "choice"; options: readonly Choice[]; initial: string | number }
  | { kind: "shape"; shapes: readonly Shape[]; initial: string }
  | { kind: "toggle"; initial: boolean }
  | { kind: "file"; accept: string; required?: boolean }
);

export interface Model {
  /** fal's endpoint id. */
  id: string;
  title: string;
  group: Group;
  /** What it does, in a few words. */
  note: string;
  call: CallMode;
  fields: readonly Field[];
  /** Inputs to start from. */
  examples: readonly string[];
}

/** fal's input object, as it is sent. */
export type Input = Record<string, unknown>;

/** The input that a model starts with; `previous` keeps what was typed for another model. */
export function initialInput(model: Model, previous: Input = {}): Input {
  const input: Input = {};
  for (const field of model.fields) {
    if (field.name in previous && keeps(field, previous[field.name])) {
      input[field.name] = previous[field.name];
    } else if ("initial" in field && field.initial !== undefined) {
      input[field.name] = field.initial;
    }
  }
  return input;
}

function keeps(field: Field, value: unknown): boolean {
  if (field.kind === "shape") return field.shapes.some((shape) => shape.value === value);
  if (field.kind === "choice") return field.options.some((option) => option.value === value);
  if (field.kind === "number") {
    const { min = -Infinity, max = Infinity } = field;
    return typeof value === "number" && value >= min && value <= max;
  }
  return true;
}

/** The first required field that is still empty. */
export function missingField(model: Model, input: Input): Field | undefined {
  return model.fields.find(
    (field) => "required" in field && field.required && !String(input[field.name] ?? "").trim(),
  );
}

/** What the input asks for, in words: the prompt, or whatever the model calls it. */
export function wordsOf(input: Input): string {
  return String(input["prompt"] ?? input["text"] ?? "");
}
