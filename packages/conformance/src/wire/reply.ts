/** Reads one HTTP/1.1 reply from bytes as they come, and keeps what a well-mannered client would hide. */

export type Framing = "chunked" | "length" | "close" | "none" | "stream";

/** One piece of body as it came off the network. */
export interface Piece {
  /** Milliseconds since the request was begun. */
  readonly at: number;
  readonly bytes: number;
}

export interface Reply {
  /** 0 when no status line came. */
  status: number;
  /** What stands behind the status, for people; empty over HTTP/2. */
  reason: string;
  /** In order, names as sent. */
  headers: Array<[string, string]>;
  framing: Framing;
  /** The first {@link keptBytes} of the body, transfer coding removed. */
  body: Buffer;
  bodyLength: number;
  pieces: Piece[];
  /** The body came to its announced end. A body that ends with the connection counts when it was closed in order. */
  complete: boolean;
  /** Why it is not complete, or why nothing came. */
  trouble?: string;
  /** Bytes that came on the connection after the end of the reply. */
  surplus: number;
  /** Milliseconds since the request was begun; absent when nothing came. */
  headAt?: number;
  endedAt?: number;
}

/** Longer bodies are counted, not kept. */
export const keptBytes: number = 2 * 1024 * 1024;

/** A reply of which nothing has come yet. */
export function emptyReply(): Reply {
  return {
    status: 0,
    reason: "",
    headers: [],
    framing: "none",
    body: Buffer.alloc(0),
    bodyLength: 0,
    pieces: [],
    complete: false,
    surplus: 0,
  };
}

export function headerValues(reply: Reply, name: string): string[] {
  return reply.headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
}

/** The values of one field as one list, in lower case, as RFC 9110 section 5.3 joins them. */
export function headerList(reply: Reply, name: string): string[] {
  return headerValues(reply, name)
    .flatMap((value) => value.split(","))
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== "");
}

export interface ReplyReader {
  readonly reply: Reply;
  /** The head has been read and is not of an interim reply. */
  readonly headDone: boolean;
  readonly done: boolean;
  feed(bytes: Buffer, at: number): void;
  /** The peer closed in order. */
  end(at: number): void;
  /** Reading ends here, whatever was still to come. */
  stop(): void;
}

/** @param method the request's: a reply to HEAD has no body */
export function createReplyReader(method: string): ReplyReader {
  const reply = emptyReply();
  const kept: Buffer[] = [];
  let keptLength = 0;
  let rest: Buffer = Buffer.alloc(0);
  let state: "head" | "size" | "data" | "data-end" | "trailers" | "length" | "close" | "done" =
    "head";
  let left = 0;

  const finish = (at: number): void => {
    state = "done";
    reply.complete = true;
    reply.endedAt = at;
    reply.body = Buffer.concat(kept);
  };
  const broken = (why: string): void => {
    state = "done";
    reply.trouble = why;
    reply.body = Buffer.concat(kept);
  };
  const take = (bytes: Buffer, at: number): void => {
    if (bytes.length === 0) return;
    reply.bodyLength += bytes.length;
    reply.pieces.push({ at, bytes: bytes.length });
    if (keptLength >= keptBytes) return;
    kept.push(bytes);
    keptLength += bytes.length;
  };
  /** A line without its CRLF, or undefined when it has not come whole. */
  const line = (): string | undefined => {
    const end = rest.indexOf("\n");
    if (end === -1) return undefined;
    const text = rest.toString("latin1", 0, end).replace(/\r$/, "");
    rest = rest.subarray(end + 1);
    return text;
  };

  const readHead = (at: number): boolean => {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [first = "", ...lines] = rest.toString("latin1", 0, end).split("\r\n");
    rest = rest.subarray(end + 4);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    if (status === 0) {
      broken(`the reply began with ${JSON.stringify(first.slice(0, 60))}`);
      return false;
    }
    if (status >= 100 && status < 200 && status !== 101) return true;
    reply.status = status;
    reply.reason = first.slice("HTTP/1.1 200 ".length);
    reply.headAt = at;
    for (const text of lines) {
      const colon = text.indexOf(":");
      reply.headers.push([text.slice(0, colon), text.slice(colon + 1).trim()]);
    }
    const length = headerValues(reply, "content-length")[0];
    if (method === "HEAD" || status === 204 || status === 304 || status === 101) {
      finish(at);
    } else if (headerList(reply, "transfer-encoding").includes("chunked")) {
      reply.framing = "chunked";
      state = "size";
    } else if (length !== undefined) {
      reply.framing = "length";
      left = Number(length);
      if (left === 0) finish(at);
      else state = "length";
    } else {
      reply.framing = "close";
      state = "close";
    }
    return true;
  };

  /** One step of parsing; false when more bytes are needed. */
  const step = (at: number): boolean => {
    if (state === "head") return readHead(at);
    if (state === "done") {
      reply.surplus += rest.length;
      rest = Buffer.alloc(0);
      return false;
    }
    if (state === "close") {
      take(rest, at);
      rest = Buffer.alloc(0);
      return false;
    }
    if (state === "length" || state === "data") {
      if (rest.length === 0) return false;
      const piece = rest.subarray(0, left);
      take(piece, at);
      left -= piece.length;
      rest = rest.subarray(piece.length);
      if (left > 0) return false;
      if (state === "length") finish(at);
      else state = "data-end";
      return true;
    }
    const text = line();
    if (text === undefined) return false;
    if (state === "data-end") state = "size";
    else if (state === "size") {
      const size = Number.parseInt(text, 16);
      if (!/^[0-9a-f]+\s*(;.*)?$/i.test(text))
        broken(`a chunk began with ${JSON.stringify(text.slice(0, 40))}`);
      else if (size === 0) state = "trailers";
      else {
        left = size;
        state = "data";
      }
    } else if (text === "") finish(at);
    return true;
  };

  return {
    reply,
    get headDone() {
      return reply.status !== 0;
    },
    get done() {
      return state === "done";
    },
    feed: (bytes, at) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      while (step(at));
    },
    stop: () => {
      if (state !== "done") reply.body = Buffer.concat(kept);
    },
    end: (at) => {
      if (state === "close") finish(at);
      else if (state !== "done") {
        const what = state === "head" ? "before any reply" : "in the middle of the body";
        broken(`the connection ended ${what}`);
      }
    },
  };
}
