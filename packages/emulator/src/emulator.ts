/** `createEmulator`: the parts of a fal put together on one loopback port. */
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { createBilling, type Charge } from "./billing.ts";
import { makeCertificate } from "./certificate.ts";
import { echo } from "./echo.ts";
import { createModelTable } from "./endpoint.ts";
import { plain } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { createContext } from "./execute.ts";
import { falHosts, partOf } from "./hosts.ts";
import { createKeys } from "./keys.ts";
import type { Model } from "./model.ts";
import { genericModel } from "./models/generic.ts";
import { defaultModels } from "./models/index.ts";
import { serveOpenApi } from "./openapi.ts";
import { platform } from "./platform.ts";
import { createQueue } from "./queue.ts";
import { attachRealtime } from "./realtime.ts";
import { createRecorder, type RecordedRequest } from "./record.ts";
import { run } from "./run.ts";
import { createScript, type ScriptRule } from "./script.ts";
import { listen, unknownHost } from "./server.ts";
import { createSignalling } from "./signal.ts";
import { createSlots } from "./slots.ts";
import { createStorage } from "./storage.ts";
import { createTokens } from "./tokens.ts";
import { createWebhooks, type WebhookOptions } from "./webhooks.ts";

export interface EmulatorOptions {
  /** @default 0, any free port */
  port?: number;
  /** Address to listen on. @default "127.0.0.1" */
  host?: string;
  /** Speak TLS with a self-made certificate for the fal hosts. @default false */
  tls?: boolean;
  /** API keys that are accepted, `<id>:<secret>` each; the first is `emulator.key`. @default one well-known key */
  keys?: readonly string[];
  /** Models beside the shipped ones; an equal id replaces. */
  models?: readonly Model[];
  /**
   * What an id gets that no model has: `"generic"` an answer of the kind that its words tell (a picture for
   * anything), with one billable unit and no price; `"refuse"` fal's 404. @default "refuse"
   */
  unknownModels?: "generic" | "refuse";
  /** Factor on the time that models and queue take. 0: at once. @default 1 */
  latency?: number;
  /** Milliseconds (times `latency`) that a job waits in the queue. @default 200 */
  queueMs?: number;
  /** Milliseconds that a runner needs to start, before each run or job; not scaled. @default 0 */
  coldStartMs?: number;
  /** Calls that an account may have running at once: more are 429 on run and wait in the queue. @default Infinity */
  concurrency?: number;
  /** Milliseconds that results stay readable; a tenth of it for bodies of 10 KB or more. @default 3600000 */
  retentionMs?: number;
  /** Milliseconds between comment lines of a quiet status stream. @default 15000 */
  keepAliveMs?: number;
  /**
   * What `status_url` and its like point to: `"fal"` is `https://queue.fal.run/…` as fal sends it, right behind a
   * proxy or a rewriting fetch; `"local"` is this emulator, for clients that follow the URLs. @default "fal"
   */
  queueUrls?: "fal" | "local";
  /** Origin in upload and file URLs, when callers reach the emulator by another name. @default `emulator.url` */
  publicUrl?: string;
  /**
   * What upload and file URLs look like: `"fal"` is `https://v3.fal.media/files/…`, for clients that take no
   * other host; they have to find the emulator by that name (`tls`). @default "local"
   */
  fileUrls?: "fal" | "local";
  /** Keep `requests`. `false` saves the hashing of bodies; a number keeps that many. @default 10000 */
  record?: boolean | number;
  webhooks?: WebhookOptions;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT`. What fal serves at `https://HOST/PATH` is at `${url}/HOST/PATH`. */
  readonly url: string;
  /** A key it accepts: `<id>:<secret>`. */
  readonly key: string;
  /** PEM of the certificate to trust, with `tls`. */
  readonly certificate?: string;
  /** The models it serves. */
  readonly models: readonly Model[];
  /** What was charged, a row for each answer that named billable units; the newest 100,000. */
  readonly charges: readonly Charge[];
  /** A key that may read billing as well: `<id>:<secret>`. */
  readonly adminKey: string;
  /** In order of arrival; the newest 10,000 or so. */
  readonly requests: RecordedRequest[];
  /** Makes matching requests fail, wait or get a fixed answer. */
  script(rule: ScriptRule): { remove(): void };
  /** Forgets requests, scripts, jobs, files and charges; running jobs are stopped. */
  reset(): void;
  /** Ends every connection and deletes what was kept on disk. */
  close(): Promise<void>;
}

const defaultKey = "fa1e0000-0000-4000-8000-000000000001:fa1e5ec4e7fa1e5ec4e7fa1e5ec4e7fa";

/**
 * Starts a local fal.
 *
 * @throws when an option is wrong, or the port is taken
 * @example
 * const emulator = await createEmulator({ latency: 0 });
 * process.env.FAL_KEY = emulator.key;
 * process.env.FAL_PROXY_UPSTREAM = emulator.url;
 * // … test your app …
 * await emulator.close();
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  check(options);
  const { latency = 1, record = true, coldStartMs = 0, queueMs = 200 } = options;
  const acceptedKeys = options.keys ?? [defaultKey];
  const recorder = record === false ? undefined : createRecorder(record === true ? 10_000 : record);
  const script = createScript();
  const keys = createKeys(acceptedKeys);
  const table = createModelTable(
    [echo, ...defaultModels, ...(options.models ?? [])],
    options.unknownModels === "generic" ? genericModel : undefined,
  );
  const slots = createSlots(options.concurrency ?? Infinity);
  const tokens = createTokens();
  const webhooks = createWebhooks({
    userId: acceptedKeys[0]!.split(":")[0]!,
    ...options.webhooks,
  });
  const signalling = createSignalling();
  let url = "";
  const storage = createStorage({ base: () => fileBase(options, url), tokens, keys });
  const billing = createBilling();
  const surroundings = { latency, billing, store: storage.store, load: storage.load };
  const queue = createQueue({
    table,
    slots,
    surroundings,
    webhooks,
    queueMs: queueMs * latency + coldStartMs,
    backoffMs: 500 * latency,
    retentionMs: options.retentionMs ?? 3_600_000,
    keepAliveMs: options.keepAliveMs ?? 15_000,
    origin: () => (options.queueUrls === "local" ? `${url}/` : "https://") + "queue.fal.run",
  });

  /** fal.run takes a token in the query as well, but for streams only. */
  const hasStreamToken = ({ query, segments }: Exchange): boolean => {
    const token = query.get("fal_jwt_token");
    if (token === null || segments.at(-1) !== "stream") return false;
    return tokens.verify(token, segments.slice(0, -1).join("/"));
  };
  const handle = (exchange: Exchange): Promise<Answer> | Answer => {
    const host = partOf(exchange.host);
    if (host === undefined) return unknownHost(exchange.host);
    if (host === "fal.media") return storage.cdn(exchange);
    if (host === "fal.ai") return serveOpenApi(exchange, table);
    const isOpen =
      exchange.pathname === "/.well-known/jwks.json" || exchange.pathname === "/v1/meta";
    if (host === "rest.fal.ai" && isOpen) return json(200, webhooks.jwks());
    if (host === "api.fal.ai" && isOpen) return json(200, { webhook_ip_ranges: ["127.0.0.0/8"] });
    // The list of models is for everyone.
    if (host === "api.fal.ai" && exchange.pathname === "/v1/models") {
      return platform(exchange, { table, billing, isAdmin: false });
    }

    const { authorization } = exchange.headers;
    const account =
      keys.accountOf(authorization) ??
      (host === "fal.run" && hasStreamToken(exchange) ? { id: "token" } : undefined);
    if (!account) return keys.refuse(host, authorization);
    if (host === "fal.run")
      return run(exchange, account, { table, slots, surroundings, coldStartMs });
    if (host === "queue.fal.run") return queue.handle(exchange, account);
    if (host === "wma.fal.run") return signalling.handle(exchange);
    if (host === "api.fal.ai") {
      return exchange.segments[1] === "storage"
        ? storage.rest(exchange)
        : platform(exchange, { table, billing, isAdmin: account.isAdmin === true });
    }
    if (exchange.segments[0] === "tokens") return tokens.handle(exchange);
    if (exchange.segments[0] === "storage") return storage.rest(exchange);
    return plain(404, "Not Found");
  };

  const certificate = options.tls ? await makeCertificate(falHosts) : undefined;
  const listenOn = options.host ?? "127.0.0.1";
  const { server, port, close } = await listen({
    host: listenOn,
    port: options.port ?? 0,
    certificate,
    recorder,
    script,
    handle,
  });
  url = `${certificate ? "https" : "http"}://${nameOf(listenOn)}:${port}`;
  const realtime = attachRealtime(server, {
    find: table.find,
    tokens,
    authorize: (header) => keys.accountOf(header) !== undefined,
    context: (signal) => createContext(surroundings, crypto.randomUUID(), signal),
    onHandshake: (request, target) =>
      recorder?.open(request, undefined, target.host, target.pathname + target.search).complete(),
  });

  const reset = (): void => {
    recorder?.clear();
    script.clear();
    queue.reset();
    storage.reset();
    billing.reset();
    signalling.reset();
  };
  return {
    url,
    key: acceptedKeys[0]!,
    ...(certificate && { certificate: certificate.cert }),
    models: table.models,
    charges: billing.charges,
    adminKey: keys.adminKey,
    requests: recorder?.requests ?? [],
    script: script.add,
    reset,
    async close() {
      realtime.close();
      webhooks.close();
      await close();
      reset();
    },
  };
}

/** Where the file host is served: by its own name, or below the emulator's address. */
function fileBase({ fileUrls, publicUrl }: EmulatorOptions, url: string): string {
  if (fileUrls === "fal") return "https://v3.fal.media";
  const base = (publicUrl ?? url).replace(/\/$/, "");
  return partOf(new URL(base).hostname) === "fal.media" ? base : `${base}/v3.fal.media`;
}

/** How a caller on this machine names the address that the server listens on. */
function nameOf(address: string): string {
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}

function check(options: EmulatorOptions): void {
  for (const key of options.keys ?? []) {
    if (!/^[^\s:]+:\S+$/.test(key))
      throw new TypeError('keys: each must look like "<id>:<secret>"');
  }
  if (options.keys?.length === 0) throw new TypeError("keys: give at least one, or leave it out");
  for (const name of ["latency", "queueMs", "coldStartMs", "retentionMs", "keepAliveMs"] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 0)) {
      throw new TypeError(`${name}: must be a number of 0 or more, not ${String(value)}`);
    }
  }
  const { publicUrl, fileUrls } = options;
  if (publicUrl !== undefined && !/^https?:\/\/[^/?#]+\/?$/.test(publicUrl)) {
    throw new TypeError('publicUrl: must be an origin, such as "http://10.0.0.5:4000"');
  }
  if (fileUrls !== undefined && fileUrls !== "fal" && fileUrls !== "local") {
    throw new TypeError('fileUrls: must be "fal" or "local"');
  }
  const { unknownModels } = options;
  if (unknownModels !== undefined && unknownModels !== "generic" && unknownModels !== "refuse") {
    throw new TypeError('unknownModels: must be "generic" or "refuse"');
  }
  if (options.concurrency !== undefined && !(options.concurrency >= 1)) {
    throw new TypeError("concurrency: must be 1 or more");
  }
}
