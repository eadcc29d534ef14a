/** The realtime WebSocket: `wss://fal.run/{id}/realtime`, reached below the emulator's address or by Host header. */
import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { decode, encode } from "@msgpack/msgpack";
import { WebSocketServer, type WebSocket } from "ws";
import { partOf } from "./hosts.ts";
import type { Model, ModelContext } from "./model.ts";

export interface RealtimeOptions {
  find(id: string): Model | undefined;
  /** Judges `?fal_jwt_token=`. `app` is the endpoint id without `/realtime`, e.g. `fal-ai/fast-lcm-diffusion`. */
  tokens: { verify(token: string, app: string): boolean };
  /** Judges the `Authorization` of the handshake, which server-side callers send in place of a token. */
  authorize(header: string | undefined): boolean;
  /** Makes the context of one message; `signal` is aborted when the socket closes. */
  context(signal: AbortSignal): ModelContext;
  /** Milliseconds without a message after which the socket is closed. @default 60000 */
  idleMs?: number;
  /** Told of every handshake, with the fal URL that it stands for. */
  onHandshake?(request: IncomingMessage, url: URL): void;
}

export interface Realtime {
  /** Ends all sockets. */
  close(): void;
}

/** Message and form of one frame: the answer takes the form of the question. */
interface Frame {
  data: Buffer;
  binary: boolean;
}

/** fal lets a caller ask for 1 to 60 waiting messages; more than that and the oldest are dropped. */
const LARGEST_BUFFER = 60;
const LARGEST_MESSAGE_BYTES = 32 * 1024 * 1024;

/** The fal URL behind a request: by Host header (TLS mode, `/etc/hosts`), else from the first path segment. */
function falUrl(request: IncomingMessage): URL | undefined {
  const path = request.url ?? "/";
  const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
  const byHost = partOf(host) === "fal.run";
  if (!byHost && partOf(path.split("/", 2)[1] ?? "") !== "fal.run") return undefined;
  const text = byHost ? `https://${host}${path}` : `https:/${path}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function refuse(socket: Duplex, status: number, detail: string): void {
  const body = JSON.stringify({ detail });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function readInput(frame: Frame): Record<string, unknown> {
  const message: unknown = frame.binary ? decode(frame.data) : JSON.parse(frame.data.toString());
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new TypeError("A message must be an object");
  }
  return message as Record<string, unknown>;
}

const bytesAsBase64 = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;

/** Serves one socket: messages are answered in order, one at a time. */
function converse(
  socket: WebSocket,
  realtime: NonNullable<Model["realtime"]>,
  options: RealtimeOptions,
  buffering: number,
): void {
  const left = new AbortController();
  const waiting: Frame[] = [];
  let busy = false;

  const send = (data: string | Uint8Array): Promise<void> =>
    new Promise((resolve) => socket.send(data, () => resolve()));
  // fal's own messages are JSON text, whatever form the model's messages have.
  const end = async (error: "TIMEOUT" | "INTERNAL_ERROR", reason: string): Promise<void> => {
    await send(JSON.stringify({ type: "x-fal-error", error, reason }));
    socket.close(1000);
  };
  const idle = setTimeout(() => {
    if (busy) idle.refresh();
    else void end("TIMEOUT", "no inputs, reconnect when needed!");
  }, options.idleMs ?? 60_000);

  const answerAll = async (): Promise<void> => {
    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      const started = performance.now();
      const { binary } = frame;
      for await (const output of realtime(readInput(frame), options.context(left.signal))) {
        if (left.signal.aborted) return;
        await send(binary ? encode(output) : JSON.stringify(output, bytesAsBase64));
      }
      const timing = (performance.now() - started) / 1000;
      await send(JSON.stringify({ type: "x-fal-message", action: "timings", timing }));
    }
  };

  socket.on("message", (data: Buffer, binary: boolean) => {
    idle.refresh();
    waiting.push({ data, binary });
    if (waiting.length > buffering) waiting.shift();
    if (busy) return;
    busy = true;
    answerAll()
      .catch((error: unknown) =>
        left.signal.aborted
          ? undefined
          : end("INTERNAL_ERROR", error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        busy = false;
      });
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    clearTimeout(idle);
    left.abort();
  });
}

/**
 * Serves realtime models on `server`'s upgrade event, which it then owns.
 *
 * Frames are msgpack (binary) or JSON (text); each answer is followed by a `timings` message. A bad token is told
 * in the socket, as `{"status":"error","error":"Unauthorized"}`, since a browser cannot see a refused handshake.
 */
export function attachRealtime(server: Server, options: RealtimeOptions): Realtime {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE_BYTES });

  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    stream.on("error", () => stream.destroy());
    const url = falUrl(request);
    if (url === undefined) return refuse(stream, 404, "Not Found");
    options.onHandshake?.(request, url);
    const path = url.pathname.slice(1).replace(/\/$/, "");
    const app = path.replace(/\/realtime$/, "");
    const model = options.find(path) ?? options.find(app);
    const realtime = model?.realtime?.bind(model);
    if (realtime === undefined) return refuse(stream, 404, `Path /${path} not found`);

    const token = url.searchParams.get("fal_jwt_token");
    const { authorization } = request.headers;
    const known =
      token === null ? options.authorize(authorization) : options.tokens.verify(token, app);
    const asked = Number(url.searchParams.get("max_buffering"));
    const buffering = asked >= 1 && asked <= LARGEST_BUFFER ? asked : LARGEST_BUFFER;

    sockets.handleUpgrade(request, stream, head, (socket) => {
      if (known) return converse(socket, realtime, options, buffering);
      socket.on("error", () => socket.terminate());
      socket.send(JSON.stringify({ status: "error", error: "Unauthorized" }));
      socket.close(1008, "Unauthorized");
    });
  };

  server.on("upgrade", upgrade);
  return {
    close() {
      server.off("upgrade", upgrade);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
