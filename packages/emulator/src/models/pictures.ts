/** How every model that answers with pictures works; the rows in the files beside this one say what is theirs. */
import { maskPicture, ovalMask } from "../media/cutout.ts";
import { encodeJpeg } from "../media/jpeg.ts";
import { mentions } from "../media/palette.ts";
import { encodePng } from "../media/png.ts";
import { hash } from "../media/random.ts";
import { paint, type Raster } from "../media/raster.ts";
import { chooseScene } from "../media/scene.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import type { Fields } from "../schema/schema.ts";
import { flagOf, numberOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { drawnSize, megapixels, type ImageSize, type SizeRule } from "./image-size.ts";
import { work } from "./progress.ts";
import type { ResultPicture } from "./results.ts";
import { loadSources, sizeOf, type Source } from "./sources.ts";

export type ImageFormat = "jpeg" | "png";

/** What an answer is made of. */
export interface Drawn {
  pictures: ResultPicture[];
  /** What was cut out of each, when the caller asks for it. */
  masks: ResultPicture[];
  values: Values;
  seed: number;
  /** Whether the safety checker blackened the pictures. */
  unsafe: boolean;
  /** Seconds that the work took. */
  seconds: number;
}

export interface PictureAnswer {
  output: Fields;
  body(drawn: Drawn): unknown;
}

export interface PictureRow extends Endpoint {
  size: SizeRule;
  answer: PictureAnswer;
  /** Milliseconds that a step of `num_inference_steps` takes. @default 60 */
  msPerStep?: number;
  /** Format where the input has no field for it. @default "jpeg" */
  format?: ImageFormat;
  /** The background is taken away: what is left has an alpha channel. */
  cutOut?: true;
  /** Factor on the billed units that some fields have. */
  factor?(values: Values): number;
  /** Serves `/realtime` too. */
  realtime?: true;
}

/** Encodes what was drawn. WebP and GIF are asked for at times and not made here: such pictures are PNG. */
function encode(picture: Raster, format: ImageFormat): Promise<Uint8Array> | Uint8Array {
  return format === "png" ? encodePng(picture) : encodeJpeg(picture);
}

/** What fal's safety checker leaves of a picture. */
const black = ({ width, height }: ImageSize): Raster => ({
  width,
  height,
  rgb: new Uint8Array(width * height * 3),
});

const dataUri = (bytes: Uint8Array, contentType: string): string =>
  `data:${contentType};base64,${Buffer.from(bytes).toString("base64")}`;

const formatOf = (values: Values, fallback: ImageFormat): ImageFormat => {
  const names = ["output_format", "format", "image_format"];
  const asked = names.map((name) => textOf(values, name)).find((name) => name !== "");
  return asked === undefined ? fallback : asked === "jpeg" ? "jpeg" : "png";
};

/** Fields that say how often a picture is made; those of one model multiply. */
const countOf = (values: Values): number =>
  ["num_images", "max_images", "num_samples"].reduce(
    (count, name) => count * Math.max(1, Math.min(10, Math.round(numberOf(values, name, 1)))),
    1,
  );

/** Some models have words for it, such as `"4"`. */
const stepsOf = (values: Values): number => {
  const steps = Number(values["num_inference_steps"] ?? 10);
  return steps >= 0 ? Math.min(250, steps) : 10;
};

function unitsOf(row: PictureRow, values: Values, size: ImageSize, steps: number): string {
  const count = countOf(values) * (row.factor?.(values) ?? 1);
  if (row.price.unit === "megapixels") return String(count * megapixels(size));
  if (row.price.unit === "compute seconds") return (0.05 * steps * count).toFixed(8);
  return String(count);
}

/** Paints and encodes; `contents` are the bytes of each picture, for answers that carry them. */
async function draw(
  row: PictureRow,
  values: Values,
  context: ModelContext,
  { size, sources, inline }: { size: ImageSize; sources: readonly Source[]; inline: boolean },
): Promise<Omit<Drawn, "seconds"> & { contents: Uint8Array[] }> {
  const prompt = textOf(values, "prompt");
  const seed = numberOf(values, "seed", Math.floor(Math.random() * 0x1_0000_0000));
  const format = row.cutOut ? "png" : formatOf(values, row.format ?? "jpeg");
  const unsafe = flagOf(values, "enable_safety_checker", false) && mentions(prompt, ["nsfw"]);
  const drawn = drawnSize(size);
  const contentType = `image/${format}`;
  const contents: Uint8Array[] = [];
  const keep = (bytes: Uint8Array, name: string): ResultPicture => {
    const fileName = `${name}.${format}`;
    const url = inline ? dataUri(bytes, contentType) : context.store(bytes, contentType, fileName);
    const { length } = bytes;
    return { url, content_type: contentType, file_name: fileName, file_size: length, ...drawn };
  };

  const pictures: ResultPicture[] = [];
  const masks: ResultPicture[] = [];
  // Another source makes another picture, as another seed would.
  const origin = sources.reduce((sum, { url }) => sum + hash(url), 0);
  for (let index = 0; index < countOf(values); index += 1) {
    const variant = (seed + index + origin) >>> 0;
    const name = hash(`${row.id}\n${prompt}\n${variant}`).toString(16);
    const picture = unsafe
      ? black(drawn)
      : await paint(chooseScene(prompt, variant), drawn.width, drawn.height);
    if (row.cutOut) {
      const mask = ovalMask(drawn.width, drawn.height);
      contents.push(await encodePng(picture, mask));
      if (flagOf(values, "output_mask", false)) {
        const bytes = await encodePng(maskPicture(mask, drawn.width, drawn.height));
        masks.push(keep(bytes, `${name}_mask`));
      }
    } else {
      contents.push(await encode(picture, format));
    }
    pictures.push(keep(contents.at(-1)!, name));
  }
  return { pictures, masks, contents, values, seed, unsafe };
}

/** The picture of one message or call; a refusal when a source cannot be used. */
async function make(
  row: PictureRow,
  values: Values,
  context: ModelContext,
  given: Values,
  inline: boolean,
): Promise<{ reply: ModelReply; contents: Uint8Array[] }> {
  const loaded = await loadSources(values, context);
  if ("failure" in loaded) return { reply: loaded.failure, contents: [] };
  const { sources } = loaded;
  let source: ImageSize | undefined;
  for (const candidate of sources) {
    const measured = sizeOf(candidate);
    if ("failure" in measured) return { reply: measured.failure, contents: [] };
    source ??= measured.size;
  }
  const size = row.size({ values, given, source });
  const started = performance.now();
  const steps = stepsOf(values);
  await work(context, steps, row.msPerStep ?? 60);
  const drawn = await draw(row, values, context, { size, sources, inline });
  const seconds = (performance.now() - started) / 1000;
  const body = row.answer.body({ ...drawn, seconds });
  const billableUnits = unitsOf(row, values, size, steps);
  return { reply: { body, billableUnits }, contents: drawn.contents };
}

/** A picture without a schema in front of it, for whoever has checked the input in another way. */
export async function makePictures(
  row: PictureRow,
  values: Values,
  context: ModelContext,
  given: Values = values,
): Promise<ModelReply> {
  return (await make(row, values, context, given, flagOf(values, "sync_mode", false))).reply;
}

/** The answer to one message of a socket. */
export async function* answerMessage(
  row: PictureRow,
  values: Values,
  context: ModelContext,
  given: Values = values,
): AsyncGenerator<unknown> {
  // In a socket pictures travel with the message: a stored file would cost a second round trip. Apps read the bytes
  // or the address.
  const { reply, contents } = await make(row, values, context, given, true);
  if (reply.status !== undefined) throw new Error(JSON.stringify(reply.body));
  const body = reply.body as { images: object[] };
  const images = body.images.map((image, index) => ({ ...image, content: contents[index] }));
  yield { ...body, images };
}

export function pictureModel(row: PictureRow): Model {
  return checkedModel(row, {
    output: row.answer.output,
    run: (values, context, given) => makePictures(row, values, context, given),
    ...(row.realtime && {
      realtime: (values: Values, context: ModelContext, given: Values) =>
        answerMessage(row, values, context, given),
    }),
  });
}
