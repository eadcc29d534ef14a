/** What a handler gives back, and the one place that writes it to a socket. */
import type { ServerResponse } from "node:http";
import type { Tape } from "./record.ts";

export type HeaderList = Array<[name: string, value: string]>;
export type Body = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/** One HTTP answer. A body that is a stream is sent chunk by chunk, as fast as the caller reads. */
export interface Answer {
  status: number;
  headers?: HeaderList;
  body?: Body;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown, headers: HeaderList = []): Answer {
  return {
    status,
    headers: [["content-type", "application/json"], ...headers],
    body: JSON.stringify(value),
  };
}

export function toBytes(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** Where to break the connection off, counted in bytes of body as sent. */
export interface Cut {
  at: number;
  how: "reset" | "truncate";
}

/**
 * fal's answers are open to every origin. A request of a page without credentials sees all headers.
 * @see fal-platform facts: "origin * + credentials"
 */
const cors: HeaderList = [
  ["access-control-allow-origin", "*"],
  ["access-control-allow-credentials", "true"],
  ["access-control-expose-headers", "*"],
];

/** Writes `answer`. Settles when the last byte is handed over, or the caller is gone. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  tape: Tape,
  cut?: Cut,
): Promise<void> {
  if (response.destroyed) return;
  if (cut?.how === "reset" && cut.at === 0) return breakOff(response, tape, cut);

  const body = answer.body ?? "";
  const whole = typeof body === "string" || body instanceof Uint8Array;
  const own = answer.headers ?? [];
  const headers: string[] = [];
  for (const [name, value] of own) headers.push(name, value);
  for (const [name, value] of cors) if (!names(own, name)) headers.push(name, value);
  const needsLength =
    whole &&
    answer.status !== 204 &&
    answer.status !== 304 &&
    !names(own, "content-length") &&
    !names(own, "transfer-encoding");
  if (needsLength) headers.push("content-length", String(Buffer.byteLength(body)));
  response.writeHead(answer.status, headers);

  if (whole && !cut) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  let sent = 0;
  for await (const chunk of whole ? [body] : body) {
    let bytes = toBytes(chunk);
    const last = cut !== undefined && sent + bytes.length >= cut.at;
    if (last) bytes = bytes.subarray(0, cut.at - sent);
    sent += bytes.length;
    if (last) {
      await new Promise((resolve) => response.write(bytes, resolve));
      return breakOff(response, tape, cut);
    }
    if (!response.write(bytes)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

/** Writes `bytes` where the answer would stand, and closes the connection. */
export function sendRaw(response: ServerResponse, bytes: string | Uint8Array, tape: Tape): void {
  tape.broken();
  response.socket?.end(bytes);
}

function names(headers: HeaderList, wanted: string): boolean {
  return headers.some(([name]) => name.length === wanted.length && name.toLowerCase() === wanted);
}

async function breakOff(response: ServerResponse, tape: Tape, cut: Cut): Promise<void> {
  tape.broken();
  // A reset throws away what the peer's kernel has received but its program has not read.
  if (cut.at > 0) await new Promise((resolve) => setTimeout(resolve, 25));
  const { socket } = response;
  if (cut.how === "truncate") socket?.end();
  else if (socket && "encrypted" in socket) socket.destroy();
  else socket?.resetAndDestroy();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
