/** What a case works with: it sends one call through the proxy and gets the whole exchange, both sides of it. */
import type { Emulator, RecordedRequest, ScriptRule } from "fal-emulator";
import { Broken } from "./case.ts";
import { describeReceived, describeReply, describeSent } from "./describe.ts";
import { sendHttp2 } from "./wire/http2.ts";
import { requestHead, sendRaw, type Control } from "./wire/raw.ts";
import type { Reply } from "./wire/reply.ts";

export type Header = readonly [name: string, value: string];

/** How fal answers; the emulator's script, without the part that chooses the request. */
export type FalAnswer = Omit<ScriptRule, "path" | "method" | "host">;

/**
 * One call. In every text `{m}` becomes the call's marker, a word that occurs in no other call: by it fal's side is
 * found again while other cases run.
 */
export interface Call {
  /** @default "POST" */
  readonly method?: string;
  /** The target header; several for a repeated one, null for none. @default "https://queue.fal.run/conformance/{m}" */
  readonly target?: string | readonly string[] | null;
  /** Replaces the default headers of the same names; null leaves one out. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string | null]>;
  /** Sent with its `content-length`. @default `{"prompt":"{m}"}` for POST, none otherwise; null for none */
  readonly body?: string | Uint8Array | null;
  /** Instead of the body and its length: bytes written as they are after the head. */
  readonly rawBody?: ReadonlyArray<string | Uint8Array | number>;
  /** Instead of everything: the whole request. `{path}`, `{host}` and `{target}` are filled in too. */
  readonly raw?: ReadonlyArray<string | number>;
  /** Added to the path of the proxy. */
  readonly below?: string;
  /** @default 200 `{"ok":true}` with a request id; null leaves the emulator to answer by itself */
  readonly answer?: FalAnswer | null;
  /** Milliseconds. @default 5000 */
  readonly patienceMs?: number;
  /** Milliseconds for which the connection stays open after the reply. @default 0 */
  readonly lingerMs?: number;
  readonly onProgress?: (reply: Reply, control: Control) => void;
  readonly onOpen?: (control: Control, exchange: { readonly fal: RecordedRequest[] }) => void;
}

export interface Exchange {
  readonly marker: string;
  readonly reply: Reply;
  /** What reached fal because of this call, so far. */
  readonly fal: RecordedRequest[];
  /** Throws a failure with both sides of this exchange unless `kept`. */
  want(kept: boolean, wanted: string): void;
}

export interface Rig {
  /** Where the proxy answers. */
  readonly url: URL;
  /** The operator's key, which the caller must never see. */
  readonly key: string;
  readonly emulator: Emulator;
  /** Set where a case `needs: ["process"]`. */
  readonly pid: number | undefined;
  /** Everything the proxy's process has printed; empty when the kit did not start it. */
  readonly printed: () => string;
  /** Set where a case `needs: ["package"]`. */
  readonly packageFolder: string | undefined;
  /** How long the case of rule P-53 waits. */
  readonly longCallMs: number;
  /** A fresh marker, for cases that do not go through `call`. */
  mark(): string;
  /** What reached fal with this marker in its URL, headers or body. */
  received(marker: string): RecordedRequest[];
  call(call?: Call): Promise<Exchange>;
}

export interface RigOptions {
  readonly url: URL;
  readonly key: string;
  readonly emulator: Emulator;
  readonly pid?: number | undefined;
  readonly printed?: (() => string) | undefined;
  readonly packageFolder?: string | undefined;
  readonly longCallMs?: number | undefined;
  /** Calls go over HTTP/2, which has no bytes of its own to write: then `raw` and `rawBody` throw. @default false */
  readonly http2?: boolean | undefined;
}

/** The answer that fal gives when a case asks for no other. */
export const plainAnswer: FalAnswer = {
  status: 200,
  headers: [
    ["content-type", "application/json"],
    ["x-fal-request-id", "11111111-2222-4333-8444-555555555555"],
  ],
  body: '{"ok":true}',
};

let calls = 0;

export function createRig(options: RigOptions): Rig {
  const { url, key, emulator } = options;
  /** When each marker was made: nothing older can carry it. */
  const since = new Map<string, number>();
  const mark = (): string => {
    const marker = `k${(++calls).toString(36)}z`;
    since.set(marker, Date.now());
    return marker;
  };

  const received = (marker: string): RecordedRequest[] => {
    const found: RecordedRequest[] = [];
    const start = since.get(marker) ?? 0;
    for (let index = emulator.requests.length - 1; index >= 0; index--) {
      const request = emulator.requests[index] as RecordedRequest;
      if (request.at < start) break;
      if (carries(request, marker)) found.unshift(request);
    }
    return found;
  };

  const call = async (spec: Call = {}): Promise<Exchange> => {
    const marker = mark();
    const method = spec.method ?? "POST";
    if (options.http2 && (spec.raw || spec.rawBody)) throw new Error("HTTP/2 takes no raw bytes");
    const { bytes, head } = compose(spec, method, marker, url);
    const answer = spec.answer === undefined ? plainAnswer : spec.answer;
    const script = answer && emulator.script({ ...answer, path: new RegExp(marker) });
    const side = {
      get fal() {
        return received(marker);
      },
    };
    const patienceMs = spec.patienceMs ?? 5000;
    const reply = await (options.http2
      ? sendHttp2(head.url, { ...head, method, patienceMs })
      : sendRaw(url, {
          method,
          bytes,
          patienceMs,
          ...(spec.lingerMs !== undefined && { lingerMs: spec.lingerMs }),
          ...(spec.onProgress && { onProgress: spec.onProgress }),
          onOpen: (control) => spec.onOpen?.(control, side),
        }));
    script?.remove();
    return makeExchange(marker, describeSent(url, bytes), reply, () => received(marker));
  };

  return {
    url,
    key,
    emulator,
    pid: options.pid,
    printed: options.printed ?? (() => ""),
    packageFolder: options.packageFolder,
    longCallMs: options.longCallMs ?? 310_000,
    mark,
    received,
    call,
  };
}

function carries({ path, rawHeaders, body }: RecordedRequest, marker: string): boolean {
  return (
    path.includes(marker) ||
    rawHeaders.some((text) => text.includes(marker)) ||
    Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(marker)
  );
}

/** An exchange from its parts; also for cases which do not send over a raw socket. */
export function makeExchange(
  marker: string,
  sent: string,
  reply: Reply,
  received: () => RecordedRequest[],
): Exchange {
  return {
    marker,
    reply,
    get fal() {
      return received();
    },
    want: (kept, wanted) => {
      if (kept) return;
      const callerSaw = describeReply(reply);
      throw new Broken({ wanted, sent, callerSaw, falSaw: describeReceived(received()) });
    },
  };
}

interface Composed {
  /** What is written, one part after the other. */
  readonly bytes: ReadonlyArray<string | Uint8Array | number>;
  /** The same in parts, where the call is not `raw`. */
  readonly head: {
    readonly url: URL;
    readonly headers: readonly Header[];
    readonly body: string | Uint8Array | null;
  };
}

function compose(spec: Call, method: string, marker: string, url: URL): Composed {
  const fill = (text: string): string => text.replaceAll("{m}", marker);
  const path = url.pathname + (spec.below ?? "");
  const defaultTarget = "https://queue.fal.run/conformance/{m}";
  if (spec.raw) {
    const words = { path, host: url.host, target: fill(defaultTarget) };
    const bytes = spec.raw.map((part) =>
      typeof part === "number"
        ? part
        : fill(
            part.replace(/\{(path|host|target)\}/g, (_, word: keyof typeof words) => words[word]),
          ),
    );
    return { bytes, head: { url, headers: [], body: null } };
  }

  const targets = [spec.target === undefined ? defaultTarget : (spec.target ?? [])].flat();
  let body =
    spec.body === undefined && method === "POST" ? '{"prompt":"{m}"}' : (spec.body ?? null);
  if (typeof body === "string") body = fill(body);
  if (spec.rawBody) body = null;

  const defaults: Array<readonly [string, string]> = [
    ["host", url.host],
    ["connection", "close"],
    ...targets.map((target) => ["x-fal-target-url", fill(target)] as const),
    ["accept", "application/json"],
    ["content-type", "application/json"],
    ["user-agent", "fal-proxy-conformance"],
  ];
  // Fal's side must be found even when the target names no marker.
  if (!targets.some((target) => target.includes("{m}")))
    defaults.push(["x-fal-runner-hint", marker]);
  if (body !== null) defaults.push(["content-length", String(Buffer.byteLength(body))]);
  else if (!spec.rawBody && (method === "POST" || method === "PUT"))
    defaults.push(["content-length", "0"]);

  const own = spec.headers ?? [];
  const replaced = new Set(own.map(([name]) => name.toLowerCase()));
  const headers: Header[] = [
    ...defaults.filter(([name]) => !replaced.has(name)),
    ...own.flatMap(([name, value]) => (value === null ? [] : [[name, fill(value)] as const])),
  ];
  const target = new URL(url);
  target.pathname = path;
  const head = requestHead(method, target, headers);
  return {
    bytes: [head, ...(body === null ? [] : [body]), ...(spec.rawBody ?? [])],
    head: { url: target, headers, body },
  };
}
