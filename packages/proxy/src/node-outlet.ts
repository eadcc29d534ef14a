/** The Node front's side of a relay: writes to a response object, of which it asks as little as possible. */
import { answerHeaders, mergeVary } from "./headers.ts";
import type { OpenCall } from "./open-call.ts";
import { toAnswer, type Refusal } from "./refusal.ts";
import type { Outlet } from "./relay.ts";

/** What the front uses of an `http.ServerResponse`, and of what serverless platforms put in its place. */
export interface NodeResponse {
  readonly headersSent?: boolean;
  readonly destroyed?: boolean;
  /** Null while it waits behind another answer of its connection (HTTP pipelining). */
  readonly socket?: unknown;
  getHeader?(name: string): unknown;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  flushHeaders?(): void;
  /** Only `false` means that it takes no more for now. */
  write(chunk: Uint8Array): unknown;
  end(chunk?: Uint8Array | string): unknown;
  destroy?(): unknown;
  on(event: string, listener: () => void): unknown;
  /** HTTP/2's. */
  readonly stream?: { close?(code: number): unknown } | null;
}

// RFC 9113 §7: INTERNAL_ERROR.
const HTTP2_INTERNAL_ERROR = 2;

// They describe a body, and ours is another one.
const OF_A_BODY = /^(?:content-|transfer-encoding$)/;

type Given = Readonly<Record<string, number | string | readonly string[] | undefined>>;

export class NodeOutlet implements Outlet {
  private readonly call: OpenCall;
  private readonly response: NodeResponse;
  private readonly given: Given | undefined;
  private wroteHead = false;
  private ended = false;

  /** @param given headers of the framework's own reply, to be carried over */
  constructor(call: OpenCall, response: NodeResponse, given: Given | undefined) {
    this.call = call;
    this.response = response;
    this.given = given;
  }

  get begun(): boolean {
    return this.wroteHead || this.response.headersSent === true;
  }

  head(status: number, headers: Record<string, string>): void {
    this.writeHead(status, headers);
    // A body of known length follows at once; of a stream nobody knows when its first byte comes.
    if (headers["content-length"] === undefined) this.response.flushHeaders?.();
  }

  write(chunk: Uint8Array, last: boolean): boolean {
    if (!last) return this.response.write(chunk) !== false;
    // Head, body and end in one write.
    this.ended = true;
    this.response.end(chunk);
    return true;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.response.end();
  }

  cut(): void {
    try {
      const { stream } = this.response;
      // A clean end would make half a body look whole, which HTTP/2 says of a stream that is merely destroyed.
      if (stream?.close) stream.close(HTTP2_INTERNAL_ERROR);
      else this.response.destroy?.();
    } catch {
      // A response object that takes nothing any more.
    }
  }

  refuse(refusal: Refusal): void {
    if (this.response.destroyed) return;
    const { status, headers, body } = toAnswer(refusal, this.call.config.development);
    this.json(status, headers, JSON.stringify(body));
  }

  json(status: number, headers: Record<string, string>, text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.writeHead(status, {
      "content-type": "application/json",
      ...headers,
      "content-length": String(bytes.byteLength),
    });
    this.ended = true;
    this.response.end(bytes);
  }

  /** An answer that is a status and headers alone. */
  empty(status: number): void {
    this.writeHead(status, {});
    this.response.end();
  }

  /** The last resort: refuses if that can be done, else cuts, since nobody shall wait. Never throws. */
  give(refusal: Refusal): void {
    try {
      if (!this.begun) return this.refuse(refusal);
    } catch {
      // What made the answer fail may do so again: a header that something in front has set.
    }
    this.cut();
  }

  private writeHead(status: number, relayed: Record<string, string>): void {
    const { call, response, given } = this;
    if (this.begun) throw new Error("The answer was begun by something else than the proxy.");
    const own = answerHeaders(call);
    const headers: Record<string, string | string[]> = Object.create(null);
    let vary = own["vary"] as string;
    for (const [name, value] of Object.entries(given ?? {})) {
      const key = name.toLowerCase();
      if (value === undefined || OF_A_BODY.test(key)) continue;
      if (key === "vary") vary = mergeVary(String(value), vary);
      else headers[key] = Array.isArray(value) ? value.map(String) : String(value);
    }
    Object.assign(headers, own, relayed);
    // A middleware before us may have said that its answer varies too.
    const said = response.getHeader?.("vary");
    headers["vary"] = said === undefined ? vary : mergeVary(String(said), vary);
    response.writeHead(status, headers);
    this.wroteHead = true;
  }
}
