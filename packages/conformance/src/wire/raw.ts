/** A client that sends exactly the bytes it is given over a socket, and sees what came back, and when. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createReplyReader, type Reply } from "./reply.ts";

export interface RawRequest {
  /** For reading the reply: one to HEAD has no body. */
  readonly method: string;
  /** Written one after the other; a number is a pause in milliseconds. */
  readonly bytes: ReadonlyArray<string | Uint8Array | number>;
  /** Give up after this many milliseconds without the end of the reply. @default 5000 */
  readonly patienceMs?: number;
  /** The connection stays open this long after the reply, for bytes that may follow it. @default 0 */
  readonly lingerMs?: number;
  /** Called for the head and each piece of the body. It may pause reading or go away. */
  readonly onProgress?: (reply: Reply, control: Control) => void;
  /** Called when the connection stands. */
  readonly onOpen?: (control: Control) => void;
}

export interface Control {
  /** Reads nothing for this many milliseconds: the slow reader. */
  pause(ms: number): void;
  /** Goes away: the socket is destroyed. */
  leave(): void;
  /** Sends more, after everything that the request was said to be. */
  send(bytes: Uint8Array): void;
}

/**
 * Sends a request and reads one reply. Never rejects: trouble is part of what was seen.
 *
 * @param url only protocol, host and port are used
 */
export function sendRaw(url: URL, request: RawRequest): Promise<Reply> {
  const reader = createReplyReader(request.method);
  const { reply } = reader;
  const begun = performance.now();
  const now = (): number => Math.round(performance.now() - begun);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, "");

  return new Promise((resolve) => {
    const socket: Socket =
      url.protocol === "https:"
        ? connectTls({ host, port, servername: host, rejectUnauthorized: false })
        : connectTcp({ host, port });
    socket.setNoDelay(true);

    const settle = (trouble?: string): void => {
      clearTimeout(timer);
      reader.stop();
      if (trouble !== undefined && !reply.complete) reply.trouble ??= trouble;
      reply.endedAt ??= now();
      socket.destroy();
      resolve(reply);
    };
    const patience = request.patienceMs ?? 5000;
    const timer = setTimeout(() => {
      settle(`no end after ${patience} ms`);
    }, patience);

    const control: Control = {
      pause: (ms) => {
        socket.pause();
        setTimeout(() => socket.resume(), ms);
      },
      leave: () => settle("the caller went away, as the case wanted"),
      send: (bytes) => void socket.write(bytes),
    };

    const write = async (): Promise<void> => {
      for (const part of request.bytes) {
        if (socket.destroyed) return;
        if (typeof part === "number") await new Promise((next) => setTimeout(next, part));
        else await new Promise((next) => socket.write(part, next));
      }
    };

    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      request.onOpen?.(control);
      void write();
    });
    socket.on("data", (bytes) => {
      reader.feed(bytes, now());
      if (reader.headDone) request.onProgress?.(reply, control);
      if (!reader.done) return;
      if (request.lingerMs === undefined) settle();
      else setTimeout(settle, request.lingerMs);
    });
    socket.once("end", () => {
      reader.end(now());
      settle();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // What had arrived before a reset counts as seen: a server may refuse a body early and close.
      settle(`the connection broke: ${error.code ?? error.message}`);
    });
    socket.once("close", () => settle("the connection was closed"));
  });
}

/** The bytes of an ordinary HTTP/1.1 request head. */
export function requestHead(
  method: string,
  url: URL,
  headers: ReadonlyArray<readonly [string, string]>,
): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`;
}
