// Runs a model without an emulator around it: its files and logs are kept for the test to look at.
import type { Model, ModelContext, ModelReply } from "../src/model.ts";
import { defaultModels } from "../src/models/index.ts";

export interface StoredFile {
  bytes: Uint8Array;
  contentType: string;
  fileName: string | undefined;
}

export interface Stage extends ModelContext {
  logs: string[];
  /** Milliseconds that the model wanted to wait; none of them passed. */
  waited: number;
  file(url: string): StoredFile;
}

export function stage(signal: AbortSignal = new AbortController().signal): Stage {
  const files: StoredFile[] = [];
  const origin = "http://127.0.0.1/files/";
  return {
    requestId: "request",
    signal,
    logs: [],
    waited: 0,
    log(message) {
      this.logs.push(message);
    },
    async wait(ms) {
      signal.throwIfAborted();
      this.waited += ms;
    },
    store(bytes, contentType, fileName) {
      files.push({ bytes, contentType, fileName });
      return `${origin}${files.length - 1}`;
    },
    load: async (url) => files[Number(url.slice(origin.length))]?.bytes,
    file: (url) => files[Number(url.slice(origin.length))]!,
  };
}

export function model(id: string): Model {
  const found = defaultModels.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`No model ${id}`);
  return found;
}

export function run(
  id: string,
  input: Record<string, unknown>,
  context: ModelContext = stage(),
): Promise<ModelReply> {
  return model(id).run(input, context);
}

export async function collect<T>(chunks: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
