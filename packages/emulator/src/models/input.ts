/** Reads a model's input the way fal's apps do: every field with its default, every fault reported at once. */
import type { ModelReply } from "../model.ts";
import { invalid, type Issue } from "./failure.ts";

interface TextRule {
  /** Left out: the field is required. */
  default?: string;
  minLength?: number;
  maxLength?: number;
}

interface NumberRule {
  default: number;
  min?: number;
  max?: number;
}

export interface InputReader {
  text(name: string, rule?: TextRule): string;
  integer(name: string, rule: NumberRule): number;
  number(name: string, rule: NumberRule): number;
  flag(name: string, fallback: boolean): boolean;
  choice<T extends string>(name: string, options: readonly T[], fallback: T): T;
  /** Notes a fault that the other readers cannot see. */
  reject(issue: Issue): void;
  /** The 422 for all faults so far, if there are any. */
  refusal(): ModelReply | undefined;
}

const quoted = (options: readonly string[]): string => {
  const words = options.map((option) => `'${option}'`);
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
};

/** Values arrive as text when the request was a GET, and pydantic takes numbers and booleans in text anyway. */
export function readInput(input: Record<string, unknown>): InputReader {
  const issues: Issue[] = [];
  const given = (name: string): unknown => input[name] ?? undefined;
  const reject = (name: string, type: string, msg: string, ctx?: Record<string, unknown>): void => {
    issues.push({ loc: ["body", name], msg, type, input: input[name], ...(ctx && { ctx }) });
  };

  const numeric = (name: string, rule: NumberRule, kind: "int" | "float"): number => {
    const value = given(name);
    if (value === undefined) return rule.default;
    const isText = typeof value === "string" && value.trim() !== "";
    const number = typeof value === "number" ? value : isText ? Number(value) : Number.NaN;
    if (!Number.isFinite(number) || (kind === "int" && !Number.isInteger(number))) {
      const what = kind === "int" ? "integer" : "number";
      reject(name, `${kind}_${isText ? "parsing" : "type"}`, `Input should be a valid ${what}`);
      return rule.default;
    }
    if (rule.min !== undefined && number < rule.min) {
      const ctx = { ge: rule.min };
      const msg = `Input should be greater than or equal to ${rule.min}`;
      reject(name, "greater_than_equal", msg, ctx);
    }
    if (rule.max !== undefined && number > rule.max) {
      const ctx = { le: rule.max };
      reject(name, "less_than_equal", `Input should be less than or equal to ${rule.max}`, ctx);
    }
    return number;
  };

  return {
    text(name, rule = {}) {
      const value = given(name);
      if (value === undefined) {
        if (rule.default !== undefined) return rule.default;
        // pydantic shows the whole input where a field is missing.
        issues.push({ loc: ["body", name], msg: "Field required", type: "missing", input });
        return "";
      }
      if (typeof value !== "string") {
        reject(name, "string_type", "Input should be a valid string");
        return "";
      }
      const { minLength = 0, maxLength = 1_000_000 } = rule;
      if (value.length < minLength) {
        const msg = `String should have at least ${minLength} character${minLength === 1 ? "" : "s"}`;
        reject(name, "string_too_short", msg, { min_length: minLength });
      }
      if (value.length > maxLength) {
        const msg = `String should have at most ${maxLength} characters`;
        reject(name, "string_too_long", msg, { max_length: maxLength });
      }
      return value;
    },
    integer: (name, rule) => numeric(name, rule, "int"),
    number: (name, rule) => numeric(name, rule, "float"),
    flag(name, fallback) {
      const value = given(name);
      if (value === undefined) return fallback;
      if (value === true || value === "true" || value === "1") return true;
      if (value === false || value === "false" || value === "0") return false;
      reject(name, "bool_type", "Input should be a valid boolean");
      return fallback;
    },
    choice(name, options, fallback) {
      const value = given(name);
      if (value === undefined) return fallback;
      const chosen = options.find((option) => option === value);
      if (chosen !== undefined) return chosen;
      const expected = quoted(options);
      reject(name, "literal_error", `Input should be ${expected}`, { expected });
      return fallback;
    },
    reject: (issue) => void issues.push(issue),
    refusal: () => (issues.length > 0 ? invalid(issues) : undefined),
  };
}
