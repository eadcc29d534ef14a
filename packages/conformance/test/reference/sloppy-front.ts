/** A careless server in front of the reference proxy: it reads HTTP/1.1 as no server should, and sends on what it understood. */
import { request as httpRequest } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";

/** Each is one way of reading a message wrongly; without any, a message that is not in order is refused. */
export interface Sloppiness {
  lengthBeatsChunks?: boolean;
  firstLengthWins?: boolean;
  brokenChunkEnds?: boolean;
  unknownCodingIsNone?: boolean;
  bareLineBreaks?: boolean;
  trailersAreHeaders?: boolean;
  firstTargetForAll?: boolean;
}

interface Message {
  readonly method: string;
  readonly path: string;
  headers: Array<[string, string]>;
  readonly body: Buffer;
}

const refused = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

export async function startSloppyFront(
  sloppy: Sloppiness,
  innerPort: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    let rest: Buffer = Buffer.alloc(0);
    let firstTarget: string | undefined;
    let answering: Promise<void> = Promise.resolve();
    socket.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const read = readMessage(rest, sloppy);
        if (read === "more") return;
        if (read === "refused") return void answering.then(() => socket.end(refused));
        rest = read.rest;
        const { message } = read;
        if (sloppy.firstTargetForAll) {
          const isTarget = ([name]: [string, string]): boolean =>
            name.toLowerCase() === "x-fal-target-url";
          firstTarget ??= message.headers.find(isTarget)?.[1];
          message.headers = message.headers.map((pair) =>
            isTarget(pair) ? [pair[0], firstTarget ?? ""] : pair,
          );
        }
        answering = answering.then(() => sendOn(message, innerPort, socket));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readMessage(
  bytes: Buffer,
  sloppy: Sloppiness,
): { message: Message; rest: Buffer } | "more" | "refused" {
  // Line breaks left over from a message before this one.
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start++;
  const end = bytes.indexOf("\r\n\r\n", start);
  if (end === -1) return "more";
  const text = bytes.toString("latin1", start, end);
  const [first = "", ...lines] = text.split(sloppy.bareLineBreaks ? /\r\n|\r|\n/ : "\r\n");
  if (!sloppy.bareLineBreaks && /[\0\r\n]/.test(lines.join(""))) return "refused";
  const [method = "", path = "", version] = first.split(" ");
  if (!version?.startsWith("HTTP/1.")) return "refused";
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [
      line.slice(0, colon).trim(),
      line
        .slice(colon + 1)
        .trim()
        .replaceAll("\0", ""),
    ];
  });
  const all = (name: string): string[] =>
    headers.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v);

  const body = bytes.subarray(end + 4);
  const codings = all("transfer-encoding");
  const lengths = all("content-length");
  if (lengths.length > 1 && !sloppy.firstLengthWins) return "refused";
  const chunked = codings.join() === "chunked";
  if (codings.length > 0 && !chunked && !sloppy.unknownCodingIsNone) return "refused";
  if (chunked && lengths.length > 0 && !sloppy.lengthBeatsChunks) return "refused";
  if (chunked && lengths.length === 0) {
    const read = readChunks(body, sloppy);
    if (typeof read === "string") return read;
    const trailers = sloppy.trailersAreHeaders ? read.trailers : [];
    return {
      message: { method, path, headers: [...headers, ...trailers], body: read.whole },
      rest: read.rest,
    };
  }
  const length = Number(lengths[0] ?? 0);
  if (body.length < length) return "more";
  return {
    message: { method, path, headers, body: body.subarray(0, length) },
    rest: body.subarray(length),
  };
}

function readChunks(
  bytes: Buffer,
  sloppy: Sloppiness,
): { whole: Buffer; trailers: Array<[string, string]>; rest: Buffer } | "more" | "refused" {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) return "more";
    const line = bytes.toString("latin1", at, end);
    at = end + 2;
    if (!/^[0-9a-f]+$/i.test(line)) {
      if (!sloppy.brokenChunkEnds) return "refused";
      return { whole: Buffer.concat(pieces), trailers: [], rest: Buffer.alloc(0) };
    }
    const size = Number.parseInt(line, 16);
    if (size === 0) {
      const close = bytes.indexOf("\r\n", at) === at ? at : bytes.indexOf("\r\n\r\n", at) + 2;
      if (close < at) return "more";
      const trailers = bytes
        .toString("latin1", at, close)
        .split("\r\n")
        .filter(Boolean)
        .map((text): [string, string] => [
          text.slice(0, text.indexOf(":")),
          text.slice(text.indexOf(":") + 1).trim(),
        ]);
      return { whole: Buffer.concat(pieces), trailers, rest: bytes.subarray(close + 2) };
    }
    if (bytes.length < at + size + 2) return "more";
    pieces.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

const framing = new Set(["connection", "content-length", "transfer-encoding", "trailer", "te"]);

/** Sends the message as it was understood, and the reply back with its length. */
function sendOn(message: Message, port: number, socket: Socket): Promise<void> {
  const headers = message.headers.filter(
    ([name]) => name !== "" && !framing.has(name.toLowerCase()),
  );
  const { method, path, body } = message;
  if (body.length > 0) headers.push(["content-length", String(body.length)]);
  return new Promise((resolve) => {
    const inner = httpRequest(
      { host: "127.0.0.1", port, method, path, headers: headers.flat(), setHost: false },
      async (reply) => {
        const chunks: Buffer[] = [];
        for await (const chunk of reply) chunks.push(chunk as Buffer);
        const whole = Buffer.concat(chunks);
        const lines = [...Array(reply.rawHeaders.length / 2).keys()]
          .map((i) => [reply.rawHeaders[2 * i] ?? "", reply.rawHeaders[2 * i + 1] ?? ""] as const)
          .filter(([name]) => !framing.has(name.toLowerCase()))
          .map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(
          `HTTP/1.1 ${reply.statusCode} .\r\n${lines.join("")}content-length: ${whole.length}\r\n\r\n`,
        );
        socket.write(whole);
        resolve();
      },
    );
    inner.once("error", () => {
      socket.end(refused);
      resolve();
    });
    inner.end(body);
  });
}
