/** Media in models' answers, in the forms that fal's endpoints have for them, with the schema of each. */
import type { ModelContext } from "../model.ts";
import { integer, number, text } from "../schema/fields.ts";
import { type Fields, object, required, type Schema } from "../schema/schema.ts";

/** A stored result with everything that any of the forms tells. */
export interface ResultFile {
  url: string;
  content_type: string;
  file_name: string;
  /** Bytes. */
  file_size: number;
}

export interface ResultPicture extends ResultFile {
  width: number;
  height: number;
}

export function storeFile(
  context: ModelContext,
  bytes: Uint8Array,
  contentType: string,
  fileName: string,
): ResultFile {
  const url = context.store(bytes, contentType, fileName);
  return { url, content_type: contentType, file_name: fileName, file_size: bytes.length };
}

const file: Fields = {
  url: required(text()),
  content_type: text({ example: "image/png" }),
  file_name: text(),
  file_size: integer({ description: "Bytes" }),
};
const size: Fields = { width: integer(), height: integer() };

/** Nothing but where a file is and what is in it. */
export const File: Schema = object("File", file);
export const ImageFile: Schema = object("ImageFile", { ...file, ...size });
export const AudioFile: Schema = object("AudioFile", {
  ...file,
  duration: required(number({ description: "Seconds" })),
});
/** The short form of fal's oldest image models. */
export const Image: Schema = object("Image", {
  url: required(text()),
  width: required(integer()),
  height: required(integer()),
  content_type: text({ default: "image/jpeg" }),
});

export const asFile = ({ url, content_type, file_name, file_size }: ResultFile): ResultFile => ({
  url,
  content_type,
  file_name,
  file_size,
});

export const asImage = ({ url, width, height, content_type }: ResultPicture): object => ({
  url,
  width,
  height,
  content_type,
});
