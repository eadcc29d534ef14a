/** The same client over HTTP/2: in clear without an upgrade ("prior knowledge"), or by TLS. */
import { connect, type IncomingHttpHeaders } from "node:http2";
import { emptyReply, keptBytes, type Reply } from "./reply.ts";

export interface Http2Request {
  readonly method: string;
  /** Names in lower case; a name may stand there twice. Those of one HTTP/1.1 connection are left out. */
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: string | Uint8Array | null;
  /** Give up after this many milliseconds without the end of the reply. */
  readonly patienceMs: number;
}

const ofConnection = new Set(["host", "connection", "keep-alive", "proxy-connection", "upgrade"]);

/**
 * Sends a request on a connection of its own and reads the reply. Never rejects: trouble is part of what was seen.
 *
 * The reply is `complete` when its stream ended in order. One that was reset with the code NO_ERROR counts as such:
 * clients cannot tell it from an end.
 */
export function sendHttp2(url: URL, request: Http2Request): Promise<Reply> {
  const reply: Reply = { ...emptyReply(), framing: "stream" };
  const begun = performance.now();
  const now = (): number => Math.round(performance.now() - begun);

  return new Promise((resolve) => {
    const session = connect(url.origin, { rejectUnauthorized: false });
    const kept: Buffer[] = [];
    let ended = false;
    const settle = (trouble?: string): void => {
      clearTimeout(timer);
      if (trouble !== undefined) reply.trouble ??= trouble;
      reply.body = Buffer.concat(kept);
      reply.endedAt ??= now();
      session.destroy();
      resolve(reply);
    };
    const timer = setTimeout(
      () => settle(`no end after ${request.patienceMs} ms`),
      request.patienceMs,
    );
    session.once("error", (error: NodeJS.ErrnoException) =>
      settle(`no HTTP/2 connection: ${error.code ?? error.message}`),
    );

    const stream = session.request({
      ":method": request.method,
      ":path": url.pathname + url.search,
      ...listed(request.headers),
    });
    // The names and values as they came; the object beside them keeps one of two content types.
    const onResponse = (_: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
      reply.headAt = now();
      for (let i = 0; i < raw.length; i += 2) {
        const [name = "", value = ""] = raw.slice(i, i + 2);
        if (name === ":status") reply.status = Number(value);
        else reply.headers.push([name, value]);
      }
    };
    stream.once("response", onResponse as (headers: IncomingHttpHeaders) => void);
    stream.on("data", (bytes: Buffer) => {
      if (reply.bodyLength < keptBytes) kept.push(bytes);
      reply.bodyLength += bytes.length;
      reply.pieces.push({ at: now(), bytes: bytes.length });
    });
    stream.once("end", () => (ended = true));
    stream.on("error", () => {});
    stream.once("close", () => {
      reply.complete = ended && stream.rstCode === 0 && reply.status !== 0;
      settle(reply.complete ? undefined : `the stream was reset with code ${stream.rstCode}`);
    });
    stream.end(request.body ?? undefined);
  });
}

/** Node takes a repeated name as a list. */
function listed(headers: Http2Request["headers"]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const had = all[name.toLowerCase()];
    if (ofConnection.has(name.toLowerCase())) continue;
    all[name.toLowerCase()] = had === undefined ? value : [had, value].flat();
  }
  return all;
}
