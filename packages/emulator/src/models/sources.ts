/** The files that an input points to: data URIs and files of this emulator are read, nothing else is fetched. */
import { imageSize as measure } from "image-size";
import type { ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { textOf, textsOf } from "../schema/values.ts";
import { failed } from "./failure.ts";
import type { ImageSize } from "./image-size.ts";

export interface Source {
  /** Name of the field, and place in it when it is a list. */
  loc: Array<string | number>;
  url: string;
  /** Undefined for a file elsewhere. */
  bytes: Uint8Array | undefined;
}

/** fal's apps name such fields so; a list has the plural. */
const isFileField = (name: string): boolean =>
  /(^|_)(url|urls|image|image_\d|images)$/.test(name) && !/^(num|max)_/.test(name);

function urlsOf(values: Values): Array<Omit<Source, "bytes">> {
  return Object.keys(values)
    .filter(isFileField)
    .flatMap((name) => {
      const value = values[name];
      if (typeof value === "string") return [{ loc: [name], url: value }];
      const texts = textsOf(values, name);
      if (texts.length > 0) return texts.map((url, index) => ({ loc: [name, index], url }));
      const url = textOf((value ?? {}) as Values, "url");
      return url === "" ? [] : [{ loc: [name, "url"], url }];
    });
}

/** `data:[type][;base64],…`; undefined when it is none or cannot be decoded. */
function decodeDataUri(url: string): Uint8Array | undefined {
  const [, encoding, data] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  if (data === undefined) return undefined;
  try {
    return Buffer.from(decodeURIComponent(data), encoding ? "base64" : "utf8");
  } catch {
    return undefined;
  }
}

function cannotDownload({ loc, url }: Omit<Source, "bytes">): ModelReply {
  const msg = "Failed to download the file. Check that the URL can be reached, and try again.";
  return failed(422, { loc: ["body", ...loc], msg, type: "file_download_error", input: url });
}

/** All files of an input, in the order of its fields, or fal's refusal of the first that cannot be had. */
export async function loadSources(
  values: Values,
  context: ModelContext,
): Promise<{ sources: Source[] } | { failure: ModelReply }> {
  const sources: Source[] = [];
  for (const found of urlsOf(values)) {
    const { url } = found;
    let bytes: Uint8Array | undefined;
    if (url.startsWith("data:")) {
      bytes = decodeDataUri(url);
      if (bytes === undefined) return { failure: cannotDownload(found) };
    } else {
      const loaded = /^https?:\/\/[^/]/.test(url) ? await context.load(url) : "gone";
      if (loaded === "gone") return { failure: cannotDownload(found) };
      bytes = loaded;
    }
    sources.push({ ...found, bytes });
  }
  return { sources };
}

/** What fal's models read. */
const pictureTypes = new Set(["png", "jpg", "webp", "gif", "bmp", "tiff", "heif", "avif"]);

/** The size of a picture; undefined for a file elsewhere; a refusal when the bytes are no picture. */
export function sizeOf(source: Source): { size: ImageSize | undefined } | { failure: ModelReply } {
  if (!source.bytes) return { size: undefined };
  try {
    // A copy: the library reads beyond the end of bytes that are part of a larger buffer.
    const { width, height, type = "" } = measure(new Uint8Array(source.bytes));
    if (pictureTypes.has(type)) return { size: { width, height } };
  } catch {
    // Not a picture: told below.
  }
  const loc = ["body", ...source.loc];
  const msg = "Failed to load the image. Check that the file is a picture.";
  return { failure: failed(422, { loc, msg, type: "image_load_error", input: source.url }) };
}
