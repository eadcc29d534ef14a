/** Keeps what callers sent: one record per request, cheap enough to stay on under load. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** One request as it arrived, before fal's answer to it mattered. */
export interface RecordedRequest {
  method: string;
  /** The fal host that was addressed, e.g. `queue.fal.run`. */
  host: string;
  /** Path and query exactly as received, without the emulator's `/<fal-host>` prefix. */
  path: string;
  /** `https://host/path`, as the caller meant it. */
  url: string;
  /** Lower-case names; repeated lines joined as Node joins them. */
  headers: Record<string, string>;
  /** Names and values as received, alternating. */
  rawHeaders: string[];
  /** SHA-256 of the raw body received so far, lower-case hex. */
  bodyHash: string;
  /** Bytes of body received so far. */
  bodyLength: number;
  /** Whether the body came to its end. */
  bodyComplete: boolean;
  /** The first 64 KiB of the body. */
  body: Uint8Array;
  /** Arrival, milliseconds since the epoch. */
  at: number;
  /** Whether the caller went away before the answer ended. */
  aborted: boolean;
  /** When it went away, milliseconds since the epoch. */
  abortedAt?: number;
  /** Settles when the exchange is over, however it ended. */
  closed: Promise<void>;
}

/** The writing half of a record. */
export interface Tape {
  chunk(bytes: Uint8Array): void;
  complete(): void;
  /** The emulator itself is about to break the connection: that is no abort by the caller. */
  broken(): void;
}

export interface Recorder {
  readonly requests: RecordedRequest[];
  open(
    request: IncomingMessage,
    response: ServerResponse | undefined,
    host: string,
    path: string,
  ): Tape;
  clear(): void;
}

const keptBytes = 64 * 1024;
/** All kept bodies together; beyond it the oldest tenth of the records goes. */
const keptBytesTogether = 64 * 1024 * 1024;
const emptyHash = createHash("sha256").digest("hex");
const empty = new Uint8Array(0);

/** @param limit how many requests are kept; older ones are dropped in batches of a tenth */
export function createRecorder(limit: number): Recorder {
  const requests: RecordedRequest[] = [];
  let kept = 0;
  const drop = (count: number): void => {
    for (const { bodyLength } of requests.splice(0, count)) kept -= Math.min(bodyLength, keptBytes);
  };
  return {
    requests,
    clear: () => {
      requests.length = 0;
      kept = 0;
    },
    open: (request, response, host, path) => {
      const { record, tape } = startRecord(request, response, host, path, (bytes) => {
        kept += bytes;
      });
      requests.push(record);
      if (requests.length > limit || kept > keptBytesTogether)
        drop(Math.ceil(requests.length / 10));
      return tape;
    },
  };
}

/** A tape that keeps nothing, for `record: false`. */
export const blankTape: Tape = { chunk: () => {}, complete: () => {}, broken: () => {} };

function startRecord(
  request: IncomingMessage,
  response: ServerResponse | undefined,
  host: string,
  path: string,
  onKept: (bytes: number) => void,
): { record: RecordedRequest; tape: Tape } {
  let hash: ReturnType<typeof createHash> | undefined;
  let digest: string | undefined;
  let head: Uint8Array[] = [];
  let headLength = 0;
  let brokenByUs = false;
  let joined: Uint8Array | undefined;

  const record: RecordedRequest = {
    method: request.method ?? "GET",
    host,
    path,
    url: `https://${host}${path}`,
    // Node builds the joined form on first access: leave that to those who look.
    get headers() {
      return flatten(request.headers);
    },
    rawHeaders: request.rawHeaders,
    get bodyHash() {
      return digest ?? hash?.copy().digest("hex") ?? emptyHash;
    },
    bodyLength: 0,
    bodyComplete: false,
    get body() {
      return (joined ??= headLength === 0 ? empty : Buffer.concat(head, headLength));
    },
    at: Date.now(),
    aborted: false,
    closed: new Promise((resolve) => {
      if (!response) return resolve();
      response.once("close", () => {
        if (!response.writableFinished && !brokenByUs) {
          record.aborted = true;
          record.abortedAt = Date.now();
        }
        resolve();
      });
    }),
  };

  const tape: Tape = {
    chunk: (bytes) => {
      (hash ??= createHash("sha256")).update(bytes);
      record.bodyLength += bytes.length;
      if (headLength >= keptBytes) return;
      // A copy: a view would keep the whole network buffer alive.
      const kept = Uint8Array.prototype.slice.call(bytes, 0, keptBytes - headLength);
      head.push(kept);
      headLength += kept.length;
      joined = undefined;
      onKept(kept.length);
    },
    complete: () => {
      record.bodyComplete = true;
      digest = hash?.digest("hex") ?? emptyHash;
      hash = undefined;
      if (head.length > 1) head = [record.body];
    },
    broken: () => {
      brokenByUs = true;
    },
  };
  return { record, tape };
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ");
  }
  return flat;
}
