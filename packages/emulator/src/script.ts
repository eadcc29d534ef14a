/** Faults and fixed answers that a test asks for: which request they strike, and how they bend its answer. */
import { pipeline, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  deflateSync,
  gzipSync,
} from "node:zlib";
import { type Answer, type Body, type HeaderList, toBytes } from "./answer.ts";

/**
 * What to do to which requests. Without `status`, `body`, `hugeBytes`, `redirect` or `raw` the emulator's genuine
 * answer goes out, changed by the other fields; with one of them the rule answers by itself and no key is asked for.
 * Rules are tried in the order in which they were added; the first that matches and is not used up strikes.
 */
export interface ScriptRule {
  /** Upper-case method. @default any but OPTIONS: a browser's preflights must not use a rule up */
  method?: string;
  /** A fal host, e.g. `queue.fal.run`. @default any */
  host?: string;
  /** A string equals the path, with or without its query; a pattern is tried on path and query. @default any */
  path?: string | RegExp;
  /** How often the rule strikes. @default every time */
  times?: number;
  /** Real milliseconds before the answer, not scaled by the latency factor. */
  delayMs?: number;
  /** @default 200, or 302 with `redirect` */
  status?: number;
  /** Names given here replace the same names of the answer; repeated names are sent as repeated lines. */
  headers?: Array<[string, string]>;
  body?: string | Uint8Array;
  /** Resets the connection after this many bytes of body as sent. `0`: before anything is sent, even headers. */
  resetAtByte?: number;
  /** Ends the connection after this many bytes of body, while `content-length` announces all of them. */
  truncateAtByte?: number;
  /** Compresses the body, chunk by chunk when it streams. Byte counts then mean compressed bytes. */
  encoding?: "gzip" | "br" | "deflate";
  /** Sends the body in pieces of `size` bytes, `everyMs` milliseconds apart, without a content length. */
  chunks?: { size: number; everyMs: number };
  /** A generated body of this many bytes, never held in memory. */
  hugeBytes?: number;
  /** A `location`. */
  redirect?: string;
  /**
   * The whole answer as it stands on the wire, head and body, after which the connection is closed: for what no server
   * of its own accord would write, such as the status 099 or a 204 with a body. Nothing else bends it.
   */
  raw?: string | Uint8Array;
  /** Answers without waiting for the end of the request's body. @default false */
  early?: boolean;
}

export interface Script {
  add(rule: ScriptRule): { remove(): void };
  /** The rule that strikes this request, if any; counts it. */
  take(method: string, host: string, path: string): ScriptRule | undefined;
  clear(): void;
}

export function createScript(): Script {
  let rules: Array<{ rule: ScriptRule; left: number }> = [];
  return {
    add: (rule) => {
      const entry = { rule, left: rule.times ?? Infinity };
      rules.push(entry);
      return { remove: () => void (rules = rules.filter((other) => other !== entry)) };
    },
    take: (method, host, path) => {
      if (rules.length === 0) return undefined;
      const entry = rules.find((one) => one.left > 0 && matches(one.rule, method, host, path));
      if (entry) entry.left--;
      return entry?.rule;
    },
    clear: () => void (rules = []),
  };
}

function matches(rule: ScriptRule, method: string, host: string, path: string): boolean {
  if (rule.method === undefined ? method === "OPTIONS" : rule.method !== method) return false;
  if (rule.host !== undefined && rule.host !== host) return false;
  if (rule.path === undefined) return true;
  if (typeof rule.path === "string") return rule.path === path || rule.path === path.split("?")[0];
  // A pattern with the g or y flag would remember where it stopped.
  rule.path.lastIndex = 0;
  return rule.path.test(path);
}

/** The answer that the rule gives by itself, or undefined when it only bends the genuine one. */
export function scriptedAnswer(rule: ScriptRule): Answer | undefined {
  const { status, body, hugeBytes, redirect } = rule;
  if (hugeBytes !== undefined) {
    return {
      status: status ?? 200,
      headers: [
        ["content-type", "application/octet-stream"],
        ["content-length", String(hugeBytes)],
      ],
      body: generate(hugeBytes),
    };
  }
  if (status === undefined && body === undefined && redirect === undefined) return undefined;
  const headers: HeaderList = [];
  if (redirect !== undefined) headers.push(["location", redirect]);
  if (typeof body === "string") headers.push(["content-type", guessType(body)]);
  return { status: status ?? (redirect === undefined ? 200 : 302), headers, body: body ?? "" };
}

function guessType(body: string): string {
  return /^\s*[[{"]/.test(body) ? "application/json" : "text/plain; charset=utf-8";
}

/** The answer with the rule's headers, encoding and pacing applied. Cutting is the writer's business. */
export function bend(answer: Answer, rule: ScriptRule): Answer {
  let body = answer.body ?? "";
  let headers = answer.headers ?? [];
  const without = (name: string): HeaderList => headers.filter(([n]) => n.toLowerCase() !== name);
  if (rule.encoding !== undefined) {
    headers = [...without("content-length"), ["content-encoding", rule.encoding]];
    body = compress(body, rule.encoding);
  }
  if (rule.chunks !== undefined) {
    headers = without("content-length");
    body = pace(body, rule.chunks.size, rule.chunks.everyMs);
  }
  if (rule.headers !== undefined) {
    const named = new Set(rule.headers.map(([name]) => name.toLowerCase()));
    headers = [...headers.filter(([name]) => !named.has(name.toLowerCase())), ...rule.headers];
  }
  return { ...answer, headers, body };
}

/** One block that differs from byte to byte, so that a lost or doubled piece shows in a hash. */
const block = Uint8Array.from({ length: 64 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

async function* generate(total: number): AsyncGenerator<Uint8Array> {
  for (let left = total; left > 0; left -= block.length) {
    yield left >= block.length ? block : block.subarray(0, left);
  }
}

async function* chunksOf(body: Body): AsyncGenerator<Uint8Array> {
  if (typeof body === "string" || body instanceof Uint8Array) yield toBytes(body);
  else for await (const chunk of body) yield toBytes(chunk);
}

async function* pace(body: Body, size: number, everyMs: number): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of chunksOf(body)) {
    for (let at = 0; at < chunk.length; at += size) {
      if (!first) await sleep(everyMs);
      first = false;
      yield chunk.subarray(at, at + size);
    }
  }
}

type Encoding = NonNullable<ScriptRule["encoding"]>;

const compressWhole = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

/** Streams are flushed after each chunk, as a server must do that compresses events. */
const compressor = {
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
  deflate: () => createDeflate({ flush: constants.Z_SYNC_FLUSH }),
};

function compress(body: Body, encoding: Encoding): Body {
  if (typeof body === "string" || body instanceof Uint8Array) return compressWhole[encoding](body);
  // pipeline() ends the source when the reader goes away, and hands its error on.
  return pipeline(Readable.from(chunksOf(body)), compressor[encoding](), () => {});
}
