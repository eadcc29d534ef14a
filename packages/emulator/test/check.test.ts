// How an input is read: pydantic's wording, its leniency, and where it stops.
import { expect, test } from "vitest";
import { check } from "../src/schema/check.ts";
import { choice, either, flag, integer, list, number, text } from "../src/schema/fields.ts";
import { object, required, type Schema } from "../src/schema/schema.ts";

const point = object("Point", {
  x: required(number({ minimum: 0, exclusiveMinimum: true } as object)),
  y: number(),
});
const schema: Schema = object("Input", {
  prompt: required(text({ minLength: 2, maxLength: 4 })),
  count: integer({ minimum: 1, maximum: 4, default: 1 }),
  scale: number({ default: 0.5 }),
  on: flag(true),
  kind: choice(["a", "b", "c"], "a"),
  size: choice([512, 1024], 512),
  points: { ...list(point), minItems: 1, maxItems: 2 },
  where: either([point, choice(["here", "there"])], "here"),
  seed: integer(),
  language: { ...choice(["en", "de"], "en"), nullable: true },
});

const valuesOf = (input: Record<string, unknown>): unknown =>
  check(schema, { prompt: "ok", ...input }).values;
const faultsOf = (input: Record<string, unknown>): unknown =>
  check(schema, { prompt: "ok", ...input }).issues.map(({ loc, type, msg }) => [
    loc.slice(1).join("."),
    type,
    msg,
  ]);

test("defaults are filled in, unknown fields dropped", () => {
  expect(valuesOf({ unknown: 1 })).toEqual({
    prompt: "ok",
    count: 1,
    scale: 0.5,
    on: true,
    kind: "a",
    size: 512,
    where: "here",
    language: "en",
  });
});

test("numbers and booleans in text are taken, as a GET sends them", () => {
  const input = { count: "3", scale: "0.25", on: "off", size: "1024", seed: 7.0 };
  expect(valuesOf(input)).toMatchObject({ count: 3, scale: 0.25, on: false, size: 1024, seed: 7 });
  expect(valuesOf({ on: 0 })).toMatchObject({ on: false });
  expect(valuesOf({ on: "Yes" })).toMatchObject({ on: true });
});

test("null stands for a default of null, and for nothing else", () => {
  expect(faultsOf({ seed: null, language: null, points: null })).toEqual([]);
  expect(valuesOf({ seed: null })).not.toHaveProperty("seed");
  expect(faultsOf({ count: null, on: null, kind: null })).toEqual([
    ["count", "int_type", "Input should be a valid integer"],
    ["on", "bool_type", "Input should be a valid boolean"],
    ["kind", "literal_error", "Input should be 'a', 'b' or 'c'"],
  ]);
});

test.each([
  [{ prompt: 5 }, "prompt", "string_type", "Input should be a valid string"],
  [{ prompt: "x" }, "prompt", "string_too_short", "String should have at least 2 characters"],
  [{ prompt: "xxxxx" }, "prompt", "string_too_long", "String should have at most 4 characters"],
  [{ count: 0 }, "count", "greater_than_equal", "Input should be greater than or equal to 1"],
  [{ count: 5 }, "count", "less_than_equal", "Input should be less than or equal to 4"],
  [
    { count: 1.5 },
    "count",
    "int_from_float",
    "Input should be a valid integer, got a number with a fractional part",
  ],
  [
    { count: "1.5" },
    "count",
    "int_parsing",
    "Input should be a valid integer, unable to parse string as an integer",
  ],
  [
    { scale: "wide" },
    "scale",
    "float_parsing",
    "Input should be a valid number, unable to parse string as a number",
  ],
  [{ scale: [] }, "scale", "float_type", "Input should be a valid number"],
  [
    { on: "perhaps" },
    "on",
    "bool_parsing",
    "Input should be a valid boolean, unable to interpret input",
  ],
  [{ kind: "d" }, "kind", "literal_error", "Input should be 'a', 'b' or 'c'"],
  [{ size: 7 }, "size", "literal_error", "Input should be 512 or 1024"],
  [{ points: "all" }, "points", "list_type", "Input should be a valid list"],
  [
    { points: [] },
    "points",
    "too_short",
    "List should have at least 1 item after validation, not 0",
  ],
  [{ points: [{ y: 1 }] }, "points.0.x", "missing", "Field required"],
  [
    { points: [{ x: 1 }, { x: 0 }] },
    "points.1.x",
    "greater_than",
    "Input should be greater than 0",
  ],
  [
    { points: [4] },
    "points.0",
    "model_attributes_type",
    "Input should be a valid dictionary or object to extract fields from",
  ],
  [{ where: "nowhere" }, "where", "literal_error", "Input should be 'here' or 'there'"],
  [{ where: { x: "far" } }, "where.Point.x", "float_parsing", expect.any(String)],
])("%j", (input, path, type, msg) => {
  expect(faultsOf(input)).toEqual([[path, type, msg]]);
});

test("a missing field shows the whole input", () => {
  expect(check(schema, { count: 9 }).issues).toMatchObject([
    { loc: ["body", "prompt"], type: "missing", input: { count: 9 } },
    { loc: ["body", "count"], type: "less_than_equal", ctx: { le: 4 }, input: 9 },
  ]);
});
