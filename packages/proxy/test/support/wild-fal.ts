/** A fal that answers whatever a test wants, in raw bytes if need be. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface WildFal {
  /** `http://127.0.0.1:PORT`, for the option `upstream`. */
  readonly url: string;
  /** The requests that came whole, in order. */
  readonly received: Array<{ path: string; headers: IncomingMessage["headers"]; body: string }>;
  /** How many connections that carry a call are open. */
  readonly busy: () => number;
  answer: Answer;
  close(): void;
}

/** `body`: what came of it; the answer may begin before it is whole. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Text as it stands on the wire, `\n` for a line break. */
export const raw =
  (text: string, thenEnd = true): Answer =>
  ({ socket }) => {
    const [head = "", body = ""] = text.split("\n\n");
    (socket as Socket).write(`${head.trim().replaceAll(/\n\s*/g, "\r\n")}\r\n\r\n${body}`);
    if (thenEnd) (socket as Socket).end();
  };

export const json =
  (value: unknown, status = 200, headers: Record<string, string | string[]> = {}): Answer =>
  (response) => {
    const body = JSON.stringify(value);
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    });
    response.end(body);
  };

export async function startWildFal(answer: Answer = json({ ok: true })): Promise<WildFal> {
  const calls = new Set<IncomingMessage>();
  const fal = { received: [] as WildFal["received"], answer, busy: () => calls.size };
  const server: Server = createServer((request, response) => {
    calls.add(request);
    response.on("close", () => calls.delete(request));
    const parts: Buffer[] = [];
    request.on("data", (chunk: Buffer) => parts.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      fal.received.push({ path: request.url ?? "", headers: request.headers, body });
    });
    request.on("error", () => {});
    const early = request.headers["x-fal-tags"] === "early=1";
    if (early) fal.answer(response, request);
    else request.on("end", () => fal.answer(response, request));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(fal, {
    url,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}
