// The table of endpoints beside the types of fal's own client, which nobody here wrote.
import { expect, test } from "vitest";
import { falModels } from "../src/models/index.ts";
import { readClientTypes, type TypedFields } from "./client-types.ts";

const find = readClientTypes();

/** Not in the client's types: listed by fal, or called by its demos and many apps, all the same. */
const untyped = [
  "easel-ai/advanced-face-swap",
  "fal-ai/any-llm",
  "fal-ai/any-llm/vision",
  "fal-ai/kling-video/v2.1/standard/text-to-video",
  "fal-ai/kokoro",
  "fal-ai/luma-dream-machine",
  "fal-ai/playai/tts/v3",
];

/** Where the client's types are known to say something else, and why they are not followed. */
const departures: Readonly<Record<string, readonly string[]>> = {
  // Its type is that of `recraft-20b`, which has fewer styles.
  "fal-ai/recraft/v3/text-to-image": ["input.style options"],
  // What it draws on the way, which nearly nobody asks for.
  "fal-ai/lora": ["output.debug_latents missing", "output.debug_per_pass_latents missing"],
  // A constant, which the types leave out.
  "fal-ai/whisper": ["input.version unknown"],
};

test("only known ids are without a type", () => {
  expect(falModels.map(({ id }) => id).filter((id) => find(id) === undefined)).toEqual(
    expect.arrayContaining(untyped),
  );
  expect(falModels.filter(({ id }) => find(id) === undefined)).toHaveLength(untyped.length);
});

test.each(falModels.filter(({ id }) => find(id)).map((model) => [model.id, model] as const))(
  "%s",
  (id, model) => {
    const typed = find(id)!;
    const faults: string[] = [];
    for (const side of ["input", "output"] as const) {
      const { properties = {}, required = [] } = model[side]!;
      const theirs: TypedFields = typed[side];
      for (const [name, { required: mandatory }] of Object.entries(theirs)) {
        if (mandatory && !(name in properties)) faults.push(`${side}.${name} missing`);
      }
      for (const [name, field] of Object.entries(properties)) {
        const other = theirs[name];
        if (!other) {
          faults.push(`${side}.${name} unknown`);
          continue;
        }
        if (other.required !== required.includes(name)) faults.push(`${side}.${name} required`);
        // A constant is no choice.
        const words = (options: readonly unknown[] = []): string[] =>
          options.length > 1 ? options.map(String).toSorted() : [];
        if (words(field.enum).join() !== words(other.options).join()) {
          faults.push(`${side}.${name} options`);
        }
      }
    }
    expect(faults).toEqual(departures[id] ?? []);
  },
);
