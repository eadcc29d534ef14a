/** The listening socket: finds the fal host behind a request, records it, lets the script strike, sends the answer. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Answer, type Cut, send, sendRaw } from "./answer.ts";
import { plain } from "./errors.ts";
import { type Exchange, openExchange } from "./exchange.ts";
import { partOf } from "./hosts.ts";
import { blankTape, type Recorder, type Tape } from "./record.ts";
import { bend, type Script, type ScriptRule, scriptedAnswer } from "./script.ts";

/** Which fal host a request means: its Host header (TLS, `/etc/hosts`), else the first segment of its path. */
export function address(request: IncomingMessage): { host: string; path: string } {
  const url = request.url ?? "/";
  const name = request.headers.host?.replace(/:\d+$/, "").toLowerCase();
  if (name !== undefined && partOf(name) !== undefined) return { host: name, path: url };
  const end = url.slice(1).search(/[/?]/);
  if (end === -1) return { host: url.slice(1), path: "/" };
  const path = url.slice(end + 1);
  return { host: url.slice(1, end + 1), path: path.startsWith("/") ? path : `/${path}` };
}

export type Handle = (exchange: Exchange) => Promise<Answer> | Answer;

export interface ServerOptions {
  host: string;
  port: number;
  /** PEM; present: the server speaks TLS. */
  certificate?: { key: string; cert: string } | undefined;
  recorder: Recorder | undefined;
  script: Script;
  handle: Handle;
}

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Ends every connection, and resolves once the port is free. */
  close(): Promise<void>;
}

export async function listen(options: ServerOptions): Promise<Listening> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response, options).catch((error: unknown) => giveUp(response, error));
  };
  const server: Server = options.certificate
    ? createHttpsServer(options.certificate, onRequest)
    : createHttpServer(onRequest);
  // A pooled connection must not die under a caller between two requests of a test; uploads may take their time.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { host, path } = address(request);
  const tape = options.recorder?.open(request, response, host, path) ?? blankTape;
  const exchange = openExchange(request, response, host, path, tape);
  response.on("error", () => {});

  const rule = options.script.take(exchange.method, host, path);
  if (rule === undefined)
    return reply(response, await answer(exchange, options.handle), exchange, tape);

  const { raw } = rule;
  const scripted = scriptedAnswer(rule);
  if ((scripted || raw !== undefined) && !rule.early) await exchange.drain();
  if (rule.delayMs !== undefined) await pause(rule.delayMs, exchange.signal);
  if (raw !== undefined) return sendRaw(response, raw, tape);
  const genuine = scripted ?? (await answer(exchange, options.handle));
  await reply(response, bend(genuine, rule), exchange, tape, rule);
}

/** The caller left, a body broke off in mid-answer, or a scripted answer cannot be sent over HTTP. */
function giveUp(response: ServerResponse, error: unknown): void {
  // Half an answer must not look like a whole one.
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = JSON.stringify({
    detail: `The emulator failed: ${String(error)}`,
    error_type: "internal_error",
  });
  response.shouldKeepAlive = false;
  response
    .writeHead(500, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-fal-error-type": "internal_error",
    })
    .end(body);
}

function answer(exchange: Exchange, handle: Handle): Promise<Answer> | Answer {
  if (exchange.method === "OPTIONS") return preflight(exchange);
  return handle(exchange);
}

async function reply(
  response: ServerResponse,
  given: Answer,
  exchange: Exchange,
  tape: Tape,
  rule?: ScriptRule,
): Promise<void> {
  // What a handler had no use for is read all the same, so that the record of the request is whole.
  if (!rule?.early) await exchange.drain();
  // Node keeps the body of a HEAD to itself, but a stream would be read for nothing.
  const streams = typeof given.body === "object" && !(given.body instanceof Uint8Array);
  const silent = exchange.method === "HEAD" && streams;
  await send(response, silent ? { ...given, body: "" } : given, tape, cutOf(rule));
}

function cutOf(rule: ScriptRule | undefined): Cut | undefined {
  if (rule?.resetAtByte !== undefined) return { at: rule.resetAtByte, how: "reset" };
  if (rule?.truncateAtByte !== undefined) return { at: rule.truncateAtByte, how: "truncate" };
  return undefined;
}

/** fal lets every page call it, with any header. */
function preflight(exchange: Exchange): Answer {
  return {
    status: 204,
    headers: [
      ["access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"],
      ["access-control-allow-headers", exchange.headers["access-control-request-headers"] ?? "*"],
      ["access-control-max-age", "600"],
    ],
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

/** The answer of a host that is not fal's. */
export function unknownHost(host: string): Answer {
  return plain(
    404,
    `"${host}" is no host of fal. Call /<fal-host>/<path>, e.g. /fal.run/fal-ai/echo`,
  );
}
