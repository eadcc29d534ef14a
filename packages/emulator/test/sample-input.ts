// Inputs made from a schema: what an endpoint needs at least, and for each field what is just right and just wrong.
import { encodePng } from "../src/media/png.ts";
import { encodeWav } from "../src/media/wav.ts";
import type { Schema } from "../src/schema/schema.ts";

/** A small picture and six seconds of silence, as data URIs. */
export async function sampleFiles(): Promise<{ picture: string; sound: string }> {
  const png = await encodePng({ width: 40, height: 24, rgb: new Uint8Array(40 * 24 * 3) });
  const wav = encodeWav(new Float32Array(6 * 8000), 8000);
  const uri = (type: string, bytes: Uint8Array): string =>
    `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
  return { picture: uri("image/png", png), sound: uri("audio/wav", wav) };
}

function sampleText(name: string, files: { picture: string; sound: string }): string {
  if (/audio/.test(name)) return files.sound;
  return /url/.test(name) ? files.picture : "a lighthouse at dusk";
}

/** The required fields, and a small size or a short time where one can be asked for: media take theirs. */
export function leastInput(
  schema: Schema,
  files: { picture: string; sound: string },
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (name === "image_size") input[name] = { width: 32, height: 24 };
    else if (name === "duration" && field.minimum) input[name] = field.minimum;
    else if (schema.required?.includes(name)) input[name] = sampleValue(name, field, files);
  }
  return input;
}

function sampleValue(
  name: string,
  field: Schema,
  files: { picture: string; sound: string },
): unknown {
  if (field.enum) return field.enum[0];
  if (field.type === "array") return [sampleValue(name, field.items ?? {}, files)];
  if (field.type === "object") return leastInput(field, { ...files });
  return sampleText(name, files);
}

/** Values at and beyond the bounds of a field. Texts of digits are left out: pydantic takes them for numbers. */
export function trialValues(field: Schema): unknown[] {
  if (field.anyOf) return field.anyOf.flatMap(trialValues);
  if (field.enum) return [...field.enum, "no-such-word", -1];
  const { type, minimum, maximum, minLength, maxLength } = field;
  switch (type) {
    case "integer":
    case "number": {
      const step = type === "integer" ? 1 : 0.01;
      const low = minimum === undefined ? [-3] : [minimum, minimum - step, minimum + step];
      const high = maximum === undefined ? [99] : [maximum, maximum + step, maximum - step];
      return [...low, ...high, 1.5, "many", {}, []];
    }
    case "string":
      return [
        "word",
        "",
        ...(minLength ? ["x".repeat(minLength), "x".repeat(minLength - 1)] : []),
        ...(maxLength ? ["x".repeat(maxLength), "x".repeat(maxLength + 1)] : []),
        7,
        {},
      ];
    case "boolean":
      return [true, false, "perhaps", {}];
    case "array":
      return [[], "list", ...trialValues(field.items ?? {}).map((item) => [item])];
    case "object":
      return [
        "object",
        {},
        ...Object.entries(field.properties ?? {}).flatMap(([name, inner]) =>
          trialValues(inner).map((value) => ({ [name]: value })),
        ),
      ];
    default:
      return [];
  }
}
