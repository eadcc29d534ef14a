/** The reference proxy on node:http: a plain reading of PROTOCOL.md, one step after the other. */
import {
  createServer,
  request as httpRequest,
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { constants, createServer as createHttp2Server, Http2ServerResponse } from "node:http2";
import { createGzip } from "node:zlib";
import type { AddressInfo, Socket } from "node:net";
import { startSloppyFront, type Sloppiness } from "./sloppy-front.ts";
import type { Behaviour, Config, Owned, Pairs, Refusal, Target, Wiring } from "./behaviour.ts";
import { refuse } from "./behaviour.ts";

export interface ReferenceOptions {
  readonly behaviour: Behaviour;
  readonly config: Config;
  /** A JSON parser in front, as app frameworks have it. */
  readonly parsed?: boolean;
  /** A compressor in front, which keeps away from `no-transform`. */
  readonly compressed?: boolean;
  readonly subpaths?: boolean;
  /** Served over HTTP/2 in clear. */
  readonly http2?: boolean;
  readonly port?: number;
  readonly front?: Sloppiness | undefined;
}

const pairs = (raw: readonly string[]): Pairs =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));

const isRefusal = (value: object | string): value is Refusal =>
  typeof value === "object" && "status" in value && "code" in value;

export async function startReference(
  options: ReferenceOptions,
): Promise<{ url: URL; stop(): Promise<void> }> {
  const { config, behaviour: b } = options;
  const state: State = { jobs: new Map(), sulking: false, stalled: Promise.resolve() };
  let nextCalls = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? "/", "http://proxy");
    if (pathname === "/conformance/next-calls") return void response.end(String(nextCalls));
    const below =
      options.subpaths && b.wiring.answersBelow && pathname.startsWith(`${config.path}/`);
    if (pathname !== config.path && !below) return void response.writeHead(404).end();
    const run = (): Promise<void> =>
      handle(options, state, request, response).then(() => {
        if (b.wiring.nextAfterAnswer) nextCalls++;
      });
    const done =
      b.wiring.oneAtATime && request.headers.accept === "text/event-stream"
        ? (queue = queue.then(run, run))
        : run();
    Promise.resolve(done).catch(() =>
      answer(b, config, request, response, refuse(500, "internal", "A fault of the proxy.")),
    );
  };
  // Node's HTTP/2 hands over objects of the same form.
  const server = options.http2 ? createHttp2Server(onRequest as never) : createServer(onRequest);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("clientError", (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const front = options.front && (await startSloppyFront(options.front, port));
  const stop = async (): Promise<void> => {
    await front?.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: new URL(config.path, `http://127.0.0.1:${front?.port ?? port}`), stop };
}

/** What is remembered from one request to the next. */
interface State {
  readonly jobs: Map<string, Owned>;
  sulking: boolean;
  stalled: Promise<unknown>;
}

async function handle(
  options: ReferenceOptions,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { behaviour: b, config } = options;
  const method = request.method ?? "GET";
  if (state.sulking) {
    state.sulking = false;
    return void response.writeHead(503).end();
  }
  await state.stalled;
  const raw = pairs(request.rawHeaders);
  const say = (refusal: Refusal): void => answer(b, config, request, response, refusal);

  if (method === "OPTIONS") {
    const preflight = b.preflight(request.headers, config);
    if (preflight) {
      const headers = { ...b.always, ...b.cors(request.headers, config), ...preflight };
      return void response.writeHead(204, headers).end();
    }
  }
  if (!b.methods.includes(method)) return say(b.methodRefusal(method));

  const origin = b.originRefusal(request.headers, config);
  if (origin) return say(origin);

  const targets = b.targetValues(raw);
  const stallMs = b.stall(targets.join());
  if (stallMs > 0) await (state.stalled = new Promise((resolve) => setTimeout(resolve, stallMs)));
  const text = b.oneTarget(targets);
  if (isRefusal(text)) return say(text);
  const parsed = b.parseTarget(text);
  if (isRefusal(parsed)) return say(parsed);
  if (!b.hostAllowed(parsed, method, config)) {
    return say(refuse(400, "target_not_allowed", `${parsed.host} is not allowed.`));
  }
  const credential = b.credential(request.headers, config);
  if (isRefusal(credential) && b.wiring.signInFirst) return say(credential);
  if (!b.endpointAllowed(parsed, method, config.endpoints, text)) {
    return say(refuse(400, "endpoint_not_allowed", "This endpoint is not allowed."));
  }
  const webhook = b.webhookRefusal(parsed, config.webhooks);
  if (webhook) return say(webhook);
  if (isRefusal(credential)) return say(credential);
  const foreign = config.ownership && b.ownerRefusal(parsed, userOf(request), state.jobs);
  if (foreign) return say(foreign);

  const announced = Number(request.headers["content-length"] ?? 0);
  const tooLarge = refuse(413, "body_too_large", `Bodies may have ${config.maxBodyBytes} bytes.`, {
    connection: "close",
  });
  if (announced > config.maxBodyBytes) return say(tooLarge);

  let body: Buffer | undefined;
  const isToken = parsed.host === "rest.fal.ai" && parsed.path.startsWith("/tokens");
  const hasBody = announced > 0 || request.headers["transfer-encoding"] !== undefined;
  if (options.parsed || isToken || b.wiring.bufferBody) {
    const read = await readAll(request);
    if (read === undefined && !b.wiring.completeBrokenBody) return void response.destroy();
    body = read ?? Buffer.from("broken");
    if (options.parsed && hasBody) body = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
    else if (options.parsed && b.wiring.parserLeavesObject) body = Buffer.from("{}");
  }
  if (isToken) {
    const refusal = b.tokenRefusal(body ?? Buffer.alloc(0), config.endpoints);
    if (refusal) return say(refusal);
  }
  const changed = await changedBody(b, request, hasBody, body);
  if (changed !== undefined) body = changed;

  const ownQuery = new URL(request.url ?? "/", "http://proxy").search;
  const target = b.rebuild(parsed, { text, ownQuery });
  const headers = [...b.forward(raw), ["authorization", credential] as [string, string]];
  const send = {
    method: b.wiring.changeMethod(method, target),
    target,
    headers,
    body,
    hasBody,
    tooLarge,
  };
  await relay(options, state, request, response, send);
}

/** A saboteur that changes bodies has to hold them. */
async function changedBody(
  b: Behaviour,
  request: IncomingMessage,
  hasBody: boolean,
  body: Buffer | undefined,
): Promise<Buffer | undefined> {
  const method = request.method ?? "GET";
  if (b.wiring.changeBody(Buffer.alloc(0), request.headers, method) === undefined) return undefined;
  const whole = body ?? (hasBody ? await readAll(request) : Buffer.alloc(0));
  return whole && b.wiring.changeBody(whole, request.headers, method);
}

interface Sending {
  readonly method: string;
  readonly target: Target;
  readonly headers: Array<[string, string]>;
  readonly body: Buffer | undefined;
  readonly hasBody: boolean;
  readonly tooLarge: Refusal;
  readonly again?: boolean;
}

const agent = new Agent({ keepAlive: false });

const upstreamUrl = (config: Config, { host, path, query }: Target): string =>
  `${config.upstream}/${host}${path}${query}`;

function relay(
  options: ReferenceOptions,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  sending: Sending,
): Promise<void> {
  const { behaviour: b, config } = options;
  const { method, target, body } = sending;
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of sending.headers) {
    const had = headers[name];
    headers[name] = had === undefined ? value : [had, value].flat();
  }
  if (body !== undefined && (body.length > 0 || method !== "GET"))
    headers["content-length"] = String(body.length);
  else if (body === undefined && request.headers["content-length"] !== undefined) {
    headers["content-length"] = request.headers["content-length"];
  }

  return new Promise((resolve) => {
    const upstream: ClientRequest = httpRequest(upstreamUrl(config, target), {
      method,
      headers,
      agent,
    });
    let connected = false;
    let overLimit = false;
    let timedOut = false;
    const clock = setTimeout(() => {
      timedOut = true;
      upstream.destroy();
    }, config.headersMs);
    upstream.once("socket", (socket) => socket.once("connect", () => (connected = true)));

    upstream.once("error", () => {
      clearTimeout(clock);
      if (!response.headersSent && !response.destroyed) {
        const plain =
          method === "GET" && /^queue.fal.run\/conformance\/\w+$/.test(target.host + target.path);
        state.sulking = b.wiring.sulksAfterBreak && plain && connected;
        const refusal = overLimit
          ? sending.tooLarge
          : connected
            ? b.lost(b.paid(method, target), timedOut)
            : b.unreachable();
        answer(b, config, request, response, refusal);
      }
      resolve();
    });
    response.once("close", () => {
      const answered = upstream.listenerCount("response") === 0;
      if (!response.writableFinished) leave(b, upstream, answered);
      resolve();
    });
    // Without a listener Node closes a call that is answered 101, and says nothing.
    upstream.once("upgrade", (_reply, socket) => {
      socket.destroy();
      answer(b, config, request, response, b.lost(b.paid(method, target), false));
      resolve();
    });
    upstream.on("information", ({ statusCode }) => {
      if (!b.wiring.takesInterim(statusCode)) return;
      response.writeHead(200, b.always).end("{}");
      upstream.destroy();
      resolve();
    });
    upstream.once("response", (reply) => {
      if (response.headersSent) return; // an interim status was taken for the answer
      clearTimeout(clock);
      const location = reply.headers.location;
      if (b.wiring.followRedirects && reply.statusCode === 301 && location !== undefined) {
        reply.resume();
        const next = b.parseTarget(location) as Target;
        const again = { ...sending, target: next, body: Buffer.alloc(0) };
        return void relay(options, state, request, response, again).then(resolve);
      }
      if (b.wiring.retryOn.includes(reply.statusCode ?? 0) && !sending.again) {
        reply.resume();
        const again = { ...sending, again: true, body: Buffer.alloc(0) };
        return void relay(options, state, request, response, again).then(resolve);
      }
      if (!b.fitStatus(reply.statusCode ?? 0)) {
        answer(b, config, request, response, b.lost(b.paid(method, target), false));
        if (b.wiring.readsUnused === "unfit") reply.resume();
        else upstream.destroy();
        return resolve();
      }
      pass(options, state, request, response, reply, upstream, target);
    });

    if (body !== undefined) return void upstream.end(body);
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > config.maxBodyBytes && b.wiring.limitChunked) {
        overLimit = true;
        upstream.destroy();
      }
    });
    request.once("close", () => {
      if (request.complete) return;
      if (b.wiring.completeBrokenBody) upstream.end();
      else upstream.destroy();
    });
    request.pipe(upstream);
  });
}

const userOf = ({ headers }: IncomingMessage): string =>
  String(headers["x-conformance-user"] ?? "");

function leave(b: Behaviour, upstream: ClientRequest, answered: boolean): void {
  if (!answered) {
    if (b.wiring.abortBeforeAnswer) upstream.destroy();
  } else if (b.wiring.abortInStream === "at once") upstream.destroy();
  else if (b.wiring.abortInStream === "late") setTimeout(() => upstream.destroy(), 700);
}

/** Relays fal's reply. */
function pass(
  options: ReferenceOptions,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  reply: IncomingMessage,
  upstream: ClientRequest,
  target: Target,
): void {
  const { behaviour: b, config } = options;
  const type = reply.headers["content-type"] ?? "";
  const extra: Record<string, string> = {
    ...b.always,
    ...b.sandbox,
    ...(type.startsWith("text/event-stream") ? b.eventStream : {}),
    ...b.cors(request.headers, config),
  };
  const raw = pairs(reply.rawHeaders);
  const bodiless = b.bodiless(reply.statusCode ?? 0);
  if (b.wiring.forgetsVary === "relayed") delete extra["vary"];
  if (b.wiring.keepsCacheControl && reply.headers["cache-control"])
    extra["cache-control"] = reply.headers["cache-control"];
  const relayed = b
    .relay(raw, { config, target })
    .filter(([name]) => !Object.hasOwn(extra, name))
    .filter(([name]) => !((b.wiring.dropsLength || bodiless) && name === "content-length"));
  if (b.wiring.keepsFalCors)
    relayed.push(
      ...raw
        .filter(([name]) => name === "access-control-allow-origin" && config.origins.length > 0)
        .map(([n, v]) => [n, v] as [string, string]),
    );
  const keepsJob = config.ownership && request.method === "POST";
  const buffer = keepsJob || b.wiring.bufferReply(type, request.method ?? "GET");
  const mayCompress =
    options.compressed &&
    (request.headers["accept-encoding"] ?? "").includes("gzip") &&
    !(extra["cache-control"] ?? "").includes("no-transform");
  const headers = [
    ...relayed,
    ...Object.entries(extra),
    ...(mayCompress ? [["content-encoding", "gzip"]] : []),
  ];
  if (b.wiring.keepsReason) response.statusMessage = reply.statusMessage ?? "";
  response.writeHead(b.status(reply.statusCode ?? 502), headers.flat() as string[]);
  if (bodiless) {
    response.end();
    if (b.wiring.readsUnused === "bodiless") return void reply.resume();
    // Whatever it sends after this answer is nobody's.
    reply.once("error", () => {});
    return void upstream.destroy();
  }
  response.flushHeaders();
  // A compressor that is not told to flush keeps events until it has enough of them.
  const sink = mayCompress ? createGzip() : response;
  if (mayCompress) (sink as ReturnType<typeof createGzip>).pipe(response);

  let index = 0;
  let idle = setTimeout(() => {}, 0);
  const watch = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => upstream.destroy(), config.idleMs);
  };
  watch();
  let held: Buffer[] = [];
  const flush = (): void => {
    const chunk = Buffer.concat(held);
    held = [];
    if (chunk.length === 0) return;
    if (!sink.write(chunk) && b.wiring.backpressure) {
      reply.pause();
      sink.once("drain", () => reply.resume());
    }
  };
  let flushing: NodeJS.Timeout | undefined;
  reply.on("data", (chunk: Buffer) => {
    watch();
    held.push(b.wiring.changeReply(chunk, index++));
    if (buffer) return;
    if (b.wiring.flushMs === 0) flush();
    else flushing ??= setTimeout(() => ((flushing = undefined), flush()), b.wiring.flushMs);
  });
  const ended = (): void => {
    clearTimeout(idle);
    const { endBrokenBody } = b.wiring;
    const hasLength = reply.headers["content-length"] !== undefined;
    const pretends =
      endBrokenBody === "end" || (endBrokenBody === "end unless length" && !hasLength);
    if (b.wiring.fillsEmpty && index === 0 && reply.statusCode === 200)
      return void response.end("{}");
    if (reply.complete || pretends) {
      const status = reply.statusCode ?? 0;
      const job = keepsJob && b.jobOf(target, status, Buffer.concat(held), userOf(request));
      if (job) state.jobs.set(job.id, job);
      flush();
      sink.end();
    } else breakOff(response, b.wiring.http2Cut, hasLength);
  };
  reply.once("end", ended);
  reply.once("error", ended);
}

/** A cut that the caller can tell from an end: over HTTP/2 the code of the reset says it. */
function breakOff(response: ServerResponse, cut: Wiring["http2Cut"], hasLength: boolean): void {
  if (!(response instanceof Http2ServerResponse)) return void response.destroy();
  const isOrderly =
    cut === "no error" || cut === `no error ${hasLength ? "with" : "without"} length`;
  response.stream.close(isOrderly ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_INTERNAL_ERROR);
}

function answer(
  b: Behaviour,
  config: Config,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): void {
  if (response.headersSent) return void response.destroy();
  const { type, text } = b.errorBody(refusal);
  const cors = b.wiring.noCorsOnErrors ? {} : b.cors(request.headers, config);
  const headers: Record<string, string> = {
    ...b.always,
    ...cors,
    ...refusal.headers,
    "content-type": type,
  };
  if (b.wiring.forgetsVary === "own") delete headers["vary"];
  response.writeHead(refusal.status, { ...headers, "content-length": Buffer.byteLength(text) });
  response.end(request.method === "HEAD" ? undefined : text);
}

/** The whole body, or undefined when it broke off. */
async function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return request.complete ? Buffer.concat(chunks) : undefined;
}
