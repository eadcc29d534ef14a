/** A run by `fal.stream`: text, pictures or sound, shown while they arrive. */
import { ApiError } from "@fal-ai/client";
import { findMedia } from "./media.ts";
import type { Work } from "./snapshot.ts";
import { appendText } from "./text.ts";

/** @returns the last event, or what the bytes of a binary stream amount to */
export async function viaStream({ client, run, update, signal }: Work): Promise<unknown> {
  const { endpointId, input } = run();
  const stream = await client.stream(endpointId, { input, signal });
  const bytes: Uint8Array<ArrayBuffer>[] = [];
  stream.on("data", (event: unknown) => {
    const requestId = stream.requestId ?? "";
    if (event instanceof Uint8Array) {
      bytes.push(event as Uint8Array<ArrayBuffer>);
      return update({ phase: "running", requestId });
    }
    const media = findMedia(event);
    const text = appendText(run().text, event);
    update({
      phase: "running",
      requestId,
      text,
      result: event,
      ...(media.length > 0 ? { media } : {}),
    });
  });
  const last = await stream.done();
  const trouble = troubleIn(last);
  if (trouble) throw trouble;
  if (bytes.length === 0) return last;
  const file = new Blob(bytes, { type: sniff(bytes[0] as Uint8Array) });
  return {
    audio: { url: URL.createObjectURL(file), content_type: file.type, file_size: file.size },
  };
}

/** A stream has answered 200 before the model fails, so its last event tells: in one of three shapes. */
function troubleIn(event: unknown): ApiError<unknown> | undefined {
  const { type, error, detail, message } = (event ?? {}) as Record<string, unknown>;
  const fail = (status: number, body: unknown): ApiError<unknown> =>
    new ApiError({ message: String(message ?? "The stream ended in an error"), status, body });
  if (Array.isArray(detail)) return fail(422, event);
  if (typeof error === "string" && error !== "") return fail(500, { detail: error });
  if (type !== "error") return undefined;
  const { status = 500, body = { detail: message } } = (error ?? {}) as Record<string, unknown>;
  return fail(Number(status), body);
}

/** The client does not tell the type of a binary stream: read it off the first bytes. */
function sniff(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 4));
  if (text === "RIFF") return "audio/wav";
  if (text === "OggS") return "audio/ogg";
  if (text.startsWith("ID3") || head[0] === 0xff) return "audio/mpeg";
  return "application/octet-stream";
}
