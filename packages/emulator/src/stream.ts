/** `{id}/stream`: server-sent events, or raw bytes when the model speaks another content type. */
import type { Answer, HeaderList } from "./answer.ts";
import type { Model, ModelContext } from "./model.ts";
import type { Release } from "./slots.ts";

export const eventStreamHeaders: HeaderList = [
  ["content-type", "text/event-stream; charset=utf-8"],
  ["cache-control", "no-cache"],
];

/** One event. Clients split on the blank line and parse the data as JSON. */
export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** @param release called when the stream has ended, or its reader has left */
export function streamModel(
  model: Model,
  input: Record<string, unknown>,
  context: ModelContext,
  release: Release,
): Answer {
  const { status = 200, headers = {}, contentType, chunks } = model.stream!(input, context);
  // A generator that is never started never reaches its finally.
  context.signal.addEventListener("abort", release, { once: true });
  const isEvents = contentType.startsWith("text/event-stream");
  const own: HeaderList = isEvents ? eventStreamHeaders : [["content-type", contentType]];
  return {
    status,
    headers: [...own, ...Object.entries(headers)],
    body: (async function* () {
      try {
        for await (const chunk of chunks) {
          yield chunk instanceof Uint8Array ? chunk : event(chunk);
        }
      } finally {
        release();
      }
    })(),
  };
}
