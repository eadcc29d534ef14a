/** Short ways to write the fields of a model's input. A field with neither default nor `required` may be null. */
import type { Field, Schema } from "./schema.ts";

interface TextRule {
  default?: string;
  minLength?: number;
  maxLength?: number;
  nullable?: true;
  description?: string;
  example?: string;
}

interface NumberRule {
  default?: number;
  minimum?: number;
  maximum?: number;
  nullable?: true;
  description?: string;
}

export const text = (rule: TextRule = {}): Field => ({ type: "string", ...rule });
export const integer = (rule: NumberRule = {}): Field => ({ type: "integer", ...rule });
export const number = (rule: NumberRule = {}): Field => ({ type: "number", ...rule });
export const flag = (fallback?: boolean): Field => ({
  type: "boolean",
  ...(fallback !== undefined && { default: fallback }),
});

/** One of `options`, all words or all integers. */
export function choice<T extends string | number>(options: readonly T[], fallback?: T): Field {
  return {
    type: typeof options[0] === "number" ? "integer" : "string",
    enum: options,
    ...(fallback !== undefined && { default: fallback }),
  };
}

/** @param fallback the default, e.g. `[]`; left out: there is none */
export const list = (items: Schema, fallback?: readonly unknown[]): Field => ({
  type: "array",
  items,
  ...(fallback && { default: fallback }),
});

/** Any of several forms. @param fallback the default; left out: there is none */
export const either = (options: readonly Schema[], fallback?: unknown): Field => ({
  anyOf: options,
  ...(fallback !== undefined && { default: fallback }),
});

/** Seconds by the names of the steps that took them. */
export const timings: Field = { type: "object", additionalProperties: { type: "number" } };
