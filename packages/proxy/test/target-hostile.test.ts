/**
 * 20,000 generated hostile targets, sent as raw bytes to a real server in front of a real emulator:
 * none reaches it under a host or path that the rules did not judge, none ends the process.
 */
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import fc from "fast-check";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, expect, it } from "vitest";

const COUNT = 20_000;
const ALLOWED = "fal-ai/allowed";
let emulator: Emulator;
let server: Server;

beforeAll(async () => {
  emulator = await createEmulator();
  const listener = createRequestListener({
    allowedEndpoints: [`${ALLOWED}/**`],
    resolveFalAuth: async () => emulator.key,
    upstream: emulator.url,
  });
  server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await emulator.close();
});

const pick = (...items: string[]): fc.Arbitrary<string> => fc.constantFrom(...items);
const sometimes = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant("") }, { weight: 1, arbitrary: item });

const hostileScheme = pick(
  "http://",
  "HTTPS://",
  "https:",
  "https:///",
  "https:\\\\",
  "//",
  "ftp://",
  "javascript:",
  "file:///",
  "https://https://",
  "",
);
const scheme = fc.oneof(
  { weight: 5, arbitrary: pick("https://") },
  { weight: 1, arbitrary: hostileScheme },
);
const userInfo = sometimes(pick("user@", "fal.run@", "user:pass@", "@", "fal.run%40", "a:b:c@"));
const hostileHost = pick(
  "FAL.RUN",
  "fal.run.",
  "notfal.run",
  "fal.run.evil.example",
  "evil.example",
  "127.0.0.1",
  "[::1]",
  "localhost",
  "169.254.169.254",
  "api.fal.ai",
  "x.fal.run",
  "fal%2erun",
  "%66al.run",
  "fal.run%00.evil.example",
  "fal.run\\.evil.example",
  "f\u00e4l.run",
  "fal\u3002run",
  "\uff46al.run",
  "xn--fal-run",
  "0x7f.1",
  "2130706433",
  "fal..run",
  "-fal.run",
  "",
);
const realHost = pick("fal.run", "queue.fal.run", "rest.fal.ai");
const host = fc.oneof({ weight: 2, arbitrary: realHost }, { weight: 1, arbitrary: hostileHost });
const port = sometimes(
  pick(":443", ":80", ":8443", ":", ":0", ":99999", ":443@evil.example", ":x"),
);
const plain = pick(
  "fal-ai",
  "allowed",
  "evil",
  "requests",
  "status",
  "stream",
  "cancel",
  "storage",
  "upload",
  "initiate",
  "tokens",
);
const odd = pick(
  "..",
  ".",
  "%2e%2e",
  "%2E.",
  ".%2e",
  "%252e%252e",
  "..;",
  "..%2f",
  "%2f",
  "%5c",
  "\\",
  "",
  "%00",
  "%0d%0a",
  "%",
  "%zz",
  "%c0%ae",
  "\u202e",
  "\u00e9",
  ";x=1",
  "%3b",
  "%61llowed",
  "ALLOWED",
  "..\\",
  "*",
  "~",
  "%09",
);
const piece = fc.oneof(
  { weight: 4, arbitrary: plain },
  { weight: 2, arbitrary: odd },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);
const path = fc
  .array(piece, { maxLength: 4 })
  .chain((pieces) =>
    pick("/", "/fal-ai/allowed/", "/fal-ai/allowed/../", "").map(
      (start) => start + pieces.join("/"),
    ),
  );
const query = sometimes(
  pick(
    "?",
    "?x=1",
    "?storage_type=fal-cdn-v3",
    "?a=/../b",
    "?\u00e9",
    "?#",
    "#/../evil",
    "?x=%0d%0aX-Injected: 1",
  ),
);
const noise = sometimes(
  pick("\t", " ", "\u0001", "\u007f", "\u00a0", "\u0000", "\r", ", https://fal.run/fal-ai/allowed"),
);
const hostile = fc
  .tuple(noise, scheme, userInfo, host, port, path, query, noise)
  .map((parts) => parts.join(""));
const method = pick("POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE");

/** Sends one raw request and gives back the status, or undefined when the connection was closed. */
function talk(socket: Socket, verb: string, target: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let received = "";
    const done = (status: number | undefined): void => {
      socket.removeAllListeners("data").removeAllListeners("close").removeAllListeners("error");
      socket.on("error", () => {});
      resolve(status);
    };
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/^content-length: (\d+)/im.exec(received)?.[1] ?? 0);
      const body = verb === "HEAD" ? 0 : length;
      if (received.length >= head + 4 + body) done(Number(received.slice(9, 12)));
    });
    socket.on("close", () => done(undefined));
    socket.on("error", () => done(undefined));
    const lines = [`${verb} /api/fal/proxy HTTP/1.1`, "host: proxy", "content-length: 0"];
    // Bytes as they are: what is not Latin-1 goes as UTF-8, as a careless client would send it.
    const header = Buffer.concat([Buffer.from("x-fal-target-url: "), Buffer.from(target, "utf8")]);
    socket.write(
      Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n`), header, Buffer.from("\r\n\r\n")]),
    );
  });
}

/** What a server that decodes as often as it can would make of a path. */
function mostDecoded(pathname: string): string {
  let decoded = pathname;
  for (let round = 0; round < 4; round += 1) {
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return new URL(decoded.replaceAll("\\", "/").replaceAll(/;[^/]*/g, ""), "https://x").pathname;
}

it("lets none of them through unjudged", { timeout: 120_000 }, async () => {
  const targets = fc.sample(fc.tuple(method, hostile), { numRuns: COUNT, seed: 20_261_123 });
  const { port: listening } = server.address() as AddressInfo;
  const statuses = new Map<number | undefined, number>();
  const worker = async (): Promise<void> => {
    let socket = connect(listening, "127.0.0.1");
    for (let next = targets.pop(); next !== undefined; next = targets.pop()) {
      const status = await talk(socket, ...next);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // A broken message closes its connection; so does every answer to one.
      if (status === undefined || status === 400) {
        socket.destroy();
        socket = connect(listening, "127.0.0.1");
      }
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: 8 }, worker));

  for (const { host: reached, path: sent, rawHeaders } of emulator.requests) {
    expect(["fal.run", "queue.fal.run", "rest.fal.ai"]).toContain(reached);
    const pathname = mostDecoded(sent.replace(/\?.*$/s, ""));
    const upload = reached === "rest.fal.ai" && pathname.startsWith("/storage/upload/initiate");
    if (!upload) expect(`${pathname}/`).toMatch(/^\/fal-ai\/allowed\//);
    expect(rawHeaders.map((name) => name.toLowerCase())).not.toContain("x-injected");
  }
  // The generator must not only make nonsense, or this test could not fail.
  expect(emulator.requests.length).toBeGreaterThan(100);
  expect(statuses.get(400)).toBeGreaterThan(10_000);
  // And the server still answers.
  const socket = connect(listening, "127.0.0.1");
  expect(await talk(socket, "POST", `https://fal.run/${ALLOWED}/x`)).toBe(404);
  socket.destroy();
});
