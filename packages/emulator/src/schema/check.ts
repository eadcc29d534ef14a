/** Checks an input against its schema the way pydantic does for fal's apps: defaults filled in, every fault told. */
import type { Schema } from "./schema.ts";

/** One fault, as fal's 422 lists it. */
export interface Issue {
  /** Where: `["body", "prompt"]`. */
  loc: Array<string | number>;
  msg: string;
  /** fal's or pydantic's error type. */
  type: string;
  ctx?: Record<string, unknown>;
  input?: unknown;
}

export type Values = Readonly<Record<string, unknown>>;

/** What is left of an input: known fields only, numbers as numbers; `issues` is empty when all is well. */
export function check(schema: Schema, input: Values): { values: Values; issues: Issue[] } {
  const issues: Issue[] = [];
  const values = readObject(schema, input, ["body"], issues) as Values;
  return { values, issues };
}

type Loc = Issue["loc"];

function read(schema: Schema, value: unknown, loc: Loc, issues: Issue[]): unknown {
  if (schema.anyOf) return readAny(schema.anyOf, value, loc, issues);
  const reject = (type: string, msg: string, ctx?: Record<string, unknown>): void => {
    issues.push({ loc, msg, type, ...(ctx && { ctx }), input: value });
  };
  if (schema.enum) return readChoice(schema.enum, value, reject);
  switch (schema.type) {
    case "string":
      return readText(schema, value, reject);
    case "integer":
    case "number":
      return readNumber(schema, value, reject);
    case "boolean":
      return readFlag(value, reject);
    case "array":
      return readList(schema, value, loc, issues, reject);
    case "object":
      return readObject(schema, value, loc, issues);
    default:
      return value;
  }
}

type Reject = (type: string, msg: string, ctx?: Record<string, unknown>) => void;

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readObject(schema: Schema, value: unknown, loc: Loc, issues: Issue[]): unknown {
  if (!isObject(value)) {
    const msg = "Input should be a valid dictionary or object to extract fields from";
    issues.push({ loc, msg, type: "model_attributes_type", input: value });
    return {};
  }
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const given = value[name];
    const mandatory = schema.required?.includes(name) ?? false;
    if (given === undefined) {
      // pydantic shows the whole object where a field is missing.
      const missing = { msg: "Field required", type: "missing", input: value };
      if (mandatory) issues.push({ loc: [...loc, name], ...missing });
      else if (field.default !== undefined) values[name] = field.default;
    } else if (given !== null || !takesNull(field, mandatory)) {
      values[name] = read(field, given, [...loc, name], issues);
    }
  }
  return values;
}

/** An optional field without a default is `None` by default, and takes what it is by default. */
const takesNull = (field: Schema, mandatory: boolean): boolean =>
  field.nullable ?? (!mandatory && field.default === undefined);

/** pydantic lists the faults of every branch; fal's callers look at the one that they meant. */
function readAny(options: readonly Schema[], value: unknown, loc: Loc, issues: Issue[]): unknown {
  const kind = Array.isArray(value) ? "array" : typeof value;
  const meant = options.find(
    ({ type }) => type === kind || (type && kind === "number" && /int|num/.test(type)),
  );
  const option = meant ?? options.find(({ type }) => type !== "object") ?? options[0]!;
  const branch = option.type === "object" && option.title ? [...loc, option.title] : loc;
  return read(option, value, branch, issues);
}

function readChoice(
  options: ReadonlyArray<string | number>,
  value: unknown,
  reject: Reject,
): unknown {
  if (options.includes(value as string | number)) return value;
  // A GET has texts only.
  const byText = options.find((option) => typeof option === "number" && String(option) === value);
  if (byText !== undefined) return byText;
  const words = options.map((option) => (typeof option === "string" ? `'${option}'` : `${option}`));
  const last = words.pop();
  const expected = words.length > 0 ? `${words.join(", ")} or ${last}` : last;
  reject("literal_error", `Input should be ${expected}`, { expected });
  return options[0];
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function readText(schema: Schema, value: unknown, reject: Reject): string {
  if (typeof value !== "string") {
    reject("string_type", "Input should be a valid string");
    return "";
  }
  const { minLength = 0, maxLength = Infinity } = schema;
  if (value.length < minLength) {
    const msg = `String should have at least ${plural(minLength, "character")}`;
    reject("string_too_short", msg, { min_length: minLength });
  }
  if (value.length > maxLength) {
    const msg = `String should have at most ${plural(maxLength, "character")}`;
    reject("string_too_long", msg, { max_length: maxLength });
  }
  return value;
}

function readNumber(schema: Schema, value: unknown, reject: Reject): number {
  const isInteger = schema.type === "integer";
  const [kind, noun] = isInteger ? ["int", "integer"] : ["float", "number"];
  const isText = typeof value === "string";
  const given = isText && value.trim() === "" ? Number.NaN : Number(value);
  if (typeof value === "object" || !Number.isFinite(given)) {
    const unable = isText ? `, unable to parse string as ${isInteger ? "an" : "a"} ${noun}` : "";
    reject(`${kind}_${isText ? "parsing" : "type"}`, `Input should be a valid ${noun}${unable}`);
    return 0;
  }
  if (isInteger && !Number.isInteger(given)) {
    if (isText) {
      reject(
        "int_parsing",
        "Input should be a valid integer, unable to parse string as an integer",
      );
    } else {
      const msg = "Input should be a valid integer, got a number with a fractional part";
      reject("int_from_float", msg);
    }
    return 0;
  }
  const { minimum, maximum, exclusiveMinimum } = schema;
  if (minimum !== undefined && exclusiveMinimum && given <= minimum) {
    reject("greater_than", `Input should be greater than ${minimum}`, { gt: minimum });
  } else if (minimum !== undefined && given < minimum) {
    const msg = `Input should be greater than or equal to ${minimum}`;
    reject("greater_than_equal", msg, { ge: minimum });
  }
  if (maximum !== undefined && given > maximum) {
    const msg = `Input should be less than or equal to ${maximum}`;
    reject("less_than_equal", msg, { le: maximum });
  }
  return given;
}

/** The words that pydantic takes for a boolean, in any case. */
const yes = new Set(["true", "1", "on", "yes", "t", "y"]);
const no = new Set(["false", "0", "off", "no", "f", "n"]);

function readFlag(value: unknown, reject: Reject): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string" || typeof value === "number") {
    const word = String(value).toLowerCase();
    if (yes.has(word)) return true;
    if (no.has(word)) return false;
    reject("bool_parsing", "Input should be a valid boolean, unable to interpret input");
  } else {
    reject("bool_type", "Input should be a valid boolean");
  }
  return false;
}

function readList(
  schema: Schema,
  value: unknown,
  loc: Loc,
  issues: Issue[],
  reject: Reject,
): unknown[] {
  if (!Array.isArray(value)) {
    reject("list_type", "Input should be a valid list");
    return [];
  }
  const { items = {}, minItems = 0, maxItems = Infinity } = schema;
  const after = `after validation, not ${value.length}`;
  if (value.length < minItems) {
    const msg = `List should have at least ${plural(minItems, "item")} ${after}`;
    const ctx = { field_type: "List", min_length: minItems, actual_length: value.length };
    reject("too_short", msg, ctx);
  }
  if (value.length > maxItems) {
    const msg = `List should have at most ${plural(maxItems, "item")} ${after}`;
    const ctx = { field_type: "List", max_length: maxItems, actual_length: value.length };
    reject("too_long", msg, ctx);
  }
  return value.map((item: unknown, index) => read(items, item, [...loc, index], issues));
}
