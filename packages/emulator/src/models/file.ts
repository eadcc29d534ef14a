/** A stored result as fal's answers describe it. */
import type { ModelContext } from "../model.ts";

export interface ResultFile {
  url: string;
  content_type: string;
  file_name: string;
  /** Bytes. */
  file_size: number;
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
