/** What the reference proxy does, part by part: each part can be replaced by a saboteur's. Written from PROTOCOL.md. */
import type { IncomingHttpHeaders } from "node:http";

export interface Target {
  readonly host: string;
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
}

export type Pairs = ReadonlyArray<readonly [name: string, value: string]>;

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Record<string, string>;
}

export const refuse = (
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Refusal => ({ status, code, message, headers });

export interface Config {
  readonly profile: string;
  readonly upstream: string;
  readonly path: string;
  /** Empty: all. */
  readonly endpoints: readonly string[];
  readonly key: string | undefined;
  readonly locked: boolean;
  readonly check?: (headers: IncomingHttpHeaders) => boolean;
  readonly origins: readonly string[];
  readonly tokens: boolean;
  readonly webhooks: readonly string[] | undefined;
  readonly falHosts: boolean;
  readonly ownership: boolean;
  readonly maxBodyBytes: number;
  readonly headersMs: number;
  readonly idleMs: number;
}

export interface Behaviour {
  configure(config: Config): Config;
  methods: readonly string[];
  methodRefusal(method: string): Refusal;
  /** All values of the target header, in any spelling. */
  targetValues(raw: Pairs): string[];
  /** The one target, or a refusal. */
  oneTarget(values: readonly string[]): string | Refusal;
  parseTarget(text: string): Target | Refusal;
  /** Changes what is sent, after it was judged. */
  rebuild(target: Target, raw: { text: string; ownQuery: string }): Target;
  hostAllowed(target: Target, method: string, config: Config): boolean;
  endpointAllowed(
    target: Target,
    method: string,
    endpoints: readonly string[],
    text: string,
  ): boolean;
  webhookRefusal(target: Target, allowed: readonly string[] | undefined): Refusal | undefined;
  /** What is kept of a submit that fal answered. */
  jobOf(target: Target, status: number, body: Buffer, user: string): Owned | undefined;
  ownerRefusal(target: Target, user: string, jobs: ReadonlyMap<string, Owned>): Refusal | undefined;
  tokenRefusal(body: Buffer, endpoints: readonly string[]): Refusal | undefined;
  /** The value of `authorization` for fal. */
  credential(headers: IncomingHttpHeaders, config: Config): string | Refusal;
  /** The operator's key from the environment. */
  readKey(environment: Readonly<Record<string, string | undefined>>): string | undefined;
  forward(raw: Pairs): Array<[string, string]>;
  relay(raw: Pairs, call: RelayedCall): Array<[string, string]>;
  /** On every answer, relayed or own. */
  always: Record<string, string>;
  /** On every relayed answer. */
  sandbox: Record<string, string>;
  /** What the browser says of the page that calls. */
  originRefusal(headers: IncomingHttpHeaders, config: Config): Refusal | undefined;
  preflight(headers: IncomingHttpHeaders, config: Config): Record<string, string> | undefined;
  cors(headers: IncomingHttpHeaders, config: Config): Record<string, string>;
  errorBody(refusal: Refusal): { type: string; text: string };
  /** A call that was sent and whose answer did not come. */
  lost(paid: boolean, timedOut: boolean): Refusal;
  unreachable(): Refusal;
  paid(method: string, target: Target): boolean;
  /** The status that the caller receives for fal's. */
  status(status: number): number;
  /** Whether it can be written down at all. */
  fitStatus(status: number): boolean;
  /** Whether an answer of this status ends with its head. */
  bodiless(status: number): boolean;
  /** Milliseconds for which nobody is served after this target: a slow judgement of it. */
  stall(text: string): number;
  eventStream: Record<string, string>;
  /** How the two streams are joined; see server.ts. */
  wiring: Wiring;
}

/** A job, and whose it is. */
export interface Owned {
  readonly id: string;
  readonly user: string;
  readonly app: string;
}

/** What a reply belongs to. */
export interface RelayedCall {
  readonly config: Config;
  readonly target: Target;
}

export interface Wiring {
  /** Who calls is asked before the list of endpoints. */
  signInFirst: boolean;
  /** The body of such a reply, of which nothing is passed on, is read all the same. */
  readsUnused: "never" | "unfit" | "bodiless";
  /** An interim status that is taken for the answer. */
  takesInterim(status: number): boolean;
  /** The text behind the status is fal's. */
  keepsReason: boolean;
  /** How a cut shows over HTTP/2. */
  http2Cut: "error" | "no error" | "no error with length" | "no error without length";
  answersBelow: boolean;
  changeMethod(method: string, target: Target): string;
  followRedirects: boolean;
  /** Statuses of fal after which the proxy itself tries again. */
  retryOn: readonly number[];
  bufferBody: boolean;
  /** Replies of these types are collected before they are sent. */
  bufferReply(contentType: string, method: string): boolean;
  flushMs: number;
  backpressure: boolean;
  abortInStream: "at once" | "late" | "never";
  abortBeforeAnswer: boolean;
  endBrokenBody: "destroy" | "end" | "end unless length";
  changeBody(body: Buffer, headers: IncomingHttpHeaders, method: string): Buffer | undefined;
  changeReply(chunk: Buffer, index: number): Buffer;
  /** Ends the upstream request in order when the caller broke off. */
  completeBrokenBody: boolean;
  limitChunked: boolean;
  nextAfterAnswer: boolean;
  oneAtATime: boolean;
  /** What a careless JSON parser leaves of an empty body. */
  parserLeavesObject: boolean;
  fillsEmpty: boolean;
  dropsLength: boolean;
  keepsCacheControl: boolean;
  keepsFalCors: boolean;
  noCorsOnErrors: boolean;
  forgetsVary: "never" | "relayed" | "own";
  /** The request after a lost answer is not served. */
  sulksAfterBreak: boolean;
}

const namespaces = ["workflows", "comfy"];

/** `owner/app` with its namespace, the id without a trailing /stream or /realtime, and whether it is a request's URL. */
export function readEndpoint(target: Target): { id: string; app: string; ofRequest: boolean } {
  const segments = target.path.slice(1).split("/");
  const depth = namespaces.includes(segments[0] ?? "") ? 3 : 2;
  const ofRequest = target.host === "queue.fal.run" && segments[depth] === "requests";
  const app = segments.slice(0, depth).join("/");
  const last = segments.at(-1) ?? "";
  const isSuffix = segments.length > depth && (last === "stream" || last === "realtime");
  return { id: (isSuffix ? segments.slice(0, -1) : segments).join("/"), app, ofRequest };
}

export function listIncludes(endpoints: readonly string[], id: string): boolean {
  return endpoints.some((entry) =>
    entry.endsWith("/**") ? id.startsWith(entry.slice(0, -2)) : id === entry,
  );
}

export function listTouchesApp(endpoints: readonly string[], app: string): boolean {
  return endpoints.some((entry) => {
    const plain = entry.replace(/\/\*\*$/, "");
    return (
      plain === app ||
      plain.startsWith(`${app}/`) ||
      (entry !== plain && `${app}/`.startsWith(`${plain}/`))
    );
  });
}

const isFraming = (name: string, value: string): boolean =>
  name === "transfer-encoding" || (name === "content-length" && value !== "0");

const invalid = (why: string): Refusal => refuse(400, "invalid_target", why);

const forwarded = new Set(
  (
    "accept accept-encoding content-type user-agent x-fal-request-timeout x-fal-request-start-timeout " +
    "x-fal-queue-priority x-fal-runner-hint x-fal-object-lifecycle x-fal-object-lifecycle-preference x-fal-store-io " +
    "x-fal-no-retry x-fal-retry-config x-fal-disable-fallbacks x-app-fal-disable-fallback x-fal-tags " +
    "x-fal-file-name x-fal-user-agent"
  ).split(" "),
);
const relayed = new Set(
  (
    "content-type content-length content-encoding content-language content-range accept-ranges retry-after " +
    "ratelimit ratelimit-policy ratelimit-limit ratelimit-remaining ratelimit-reset location"
  ).split(" "),
);

/** The location as seen from the target, when it leads to fal. */
export function locationOnFal(location: string, { host, path }: Target): string | undefined {
  const target = `https://${host}${path}`;
  if (!URL.canParse(location, target)) return undefined;
  const url = new URL(location, target);
  const isFal = /^(.+\.)?(fal\.run|fal\.ai|fal\.media|falrun\.com)$/.test(url.host);
  return isFal && url.protocol === "https:" && !url.username && !url.password
    ? url.href
    : undefined;
}

/** A text that every URL parser reads alike. */
const plainUrl = /^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?([/?#][!-[\]-~]*)?$/i;

/** A list of names without a key that stands there twice, in any spelling. */
function readApps(text: string): unknown {
  const keys = [...text.matchAll(/("(?:[^"\\]|\\.)*")\s*:/g)].map((m) => JSON.parse(m[1] ?? '""'));
  if (new Set(keys).size < keys.length) return undefined;
  return (JSON.parse(text) as { allowed_apps?: unknown } | null)?.allowed_apps;
}

export const correct: Behaviour = {
  configure: (config) => config,
  methods: ["GET", "POST", "PUT", "DELETE"],
  methodRefusal: (method) =>
    refuse(405, "method_not_allowed", `${method} is not relayed.`, {
      allow: "GET, POST, PUT, DELETE",
    }),

  targetValues: (raw) =>
    raw.filter(([name]) => name.toLowerCase() === "x-fal-target-url").map(([, value]) => value),
  oneTarget: (values) => {
    const [text = ""] = values;
    if (text === "") return invalid("Name the fal URL in x-fal-target-url.");
    if (text.length > 8192) return invalid("The target has more than 8 KiB.");
    if (values.length > 1 || /,\s*[a-z]+:\/\//i.test(text)) return invalid("Name one target only.");
    return text;
  },
  parseTarget: (text) => {
    if (/[^\x21-\x7e]|\\/.test(text))
      return invalid("The target holds a character that no URL holds.");
    if (!/^https:\/\/[^/]/i.test(text) || !URL.canParse(text))
      return invalid("The target is no https URL.");
    const url = new URL(text);
    if (url.username || url.password || /^https:\/\/[^/?#]*@/i.test(text))
      return invalid("The target has user-info.");
    if (url.port) return invalid("The target has a port.");
    const path = text.replace(/^https:\/\/[^/?#]*/i, "").replace(/[?#].*$/, "");
    if (/%2e|%2f|%5c|%25|%[01]|%7f|;|\/\//i.test(path))
      return invalid("The target's path is ambiguous.");
    return { host: url.hostname, path: url.pathname, query: url.search };
  },
  rebuild: (target) => target,

  hostAllowed: ({ host, path }, method, config) => {
    if (host === "fal.run" || host === "queue.fal.run") return true;
    if (/^rest(\.alpha)?\.fal\.ai$/.test(host) && method === "POST") {
      if (/^\/storage\/upload\/initiate(-multipart)?$/.test(path)) return true;
      if (config.tokens && /^\/tokens\/(realtime)?$/.test(path)) return true;
    }
    return config.falHosts && host.endsWith(".fal.ai");
  },
  endpointAllowed: (target, _method, endpoints) => {
    if (endpoints.length === 0 || target.host.startsWith("rest.")) return true;
    const { id, app, ofRequest } = readEndpoint(target);
    return ofRequest ? listTouchesApp(endpoints, app) : listIncludes(endpoints, id);
  },
  webhookRefusal: ({ query }, allowed) => {
    if (!allowed) return undefined;
    const hooks = new URLSearchParams(query).getAll("fal_webhook");
    const isAllowed = (hook: string): boolean => {
      if (!plainUrl.test(hook) || !URL.canParse(hook)) return false;
      const { protocol, host, username, password } = new URL(hook);
      return protocol === "https:" && !username && !password && allowed.includes(host);
    };
    if (hooks.every(isAllowed)) return undefined;
    return refuse(422, "input_not_allowed", "This webhook is not allowed.");
  },
  jobOf: (target, status, body, user) => {
    const { app, ofRequest } = readEndpoint(target);
    if (target.host !== "queue.fal.run" || ofRequest || status >= 300) return undefined;
    const { request_id: id } = JSON.parse(body.toString()) as { request_id: string };
    return { id, user, app };
  },
  ownerRefusal: (target, user, jobs) => {
    const [, id] = /\/requests\/([^/]+)/.exec(target.path) ?? [];
    if (target.host !== "queue.fal.run" || id === undefined) return undefined;
    const job = jobs.get(id);
    const isOwn = job?.user === user && job.app === readEndpoint(target).app;
    return isOwn ? undefined : refuse(404, "not_found", "There is no such job.");
  },
  tokenRefusal: (body, endpoints) => {
    const no = refuse(400, "endpoint_not_allowed", "The token's apps are not allowed.");
    try {
      const apps = readApps(body.toString());
      if (!Array.isArray(apps) || apps.length === 0) return no;
      const good = apps.every((app: unknown) => {
        if (typeof app !== "string" || !/^(?!.*\.\.?(\/|$))\w[\w.-]*(\/\w[\w.-]*)*$/.test(app))
          return false;
        if (endpoints.length === 0) return true;
        if (!app.includes("/")) return endpoints.some((entry) => entry.endsWith(`/${app}`));
        const { id } = readEndpoint({ host: "fal.run", path: `/${app}`, query: "" });
        return listIncludes(endpoints, id);
      });
      return good ? undefined : no;
    } catch {
      return no;
    }
  },

  credential: (headers, config) => {
    const own = headers.authorization ?? "";
    if (config.check) {
      if (!config.check(headers)) return refuse(401, "unauthenticated", "Sign in first.");
    } else if (/^Key \S+:\S+$/.test(own)) {
      return own;
    } else if (config.locked) {
      return refuse(401, "unauthenticated", "Sign in first; give the proxy a check of its own.");
    }
    if (config.key) return `Key ${config.key}`;
    return refuse(500, "no_credentials", "Set FAL_KEY.");
  },
  readKey: ({ FAL_KEY, FAL_KEY_ID, FAL_KEY_SECRET }) => {
    const pair = FAL_KEY_ID && FAL_KEY_SECRET ? `${FAL_KEY_ID}:${FAL_KEY_SECRET}` : "";
    return (
      (FAL_KEY ?? pair)
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .replace(/^Key /, "")
        .trim() || undefined
    );
  },

  forward: (raw) => {
    const named = raw
      .filter(([name]) => name.toLowerCase() === "connection")
      .flatMap(([, v]) => v.toLowerCase().split(/\s*,\s*/));
    const kept = raw
      .map(([name, value]) => [name.toLowerCase(), value] as [string, string])
      .filter(([name]) => !named.includes(name) && forwarded.has(name));
    const type = kept.find(([name]) => name === "content-type")?.[1] ?? "text/plain";
    const told = kept.filter(([name]) => name !== "content-type");
    const hasBody = raw.some(([name, value]) => isFraming(name.toLowerCase(), value));
    const saysNothing = /^\s*text\/plain\s*(;|$)/i.test(type);
    if (hasBody || !saysNothing)
      told.push(["content-type", saysNothing ? "application/json" : type]);
    return told.concat([["x-fal-client-proxy", "reference"]]);
  },
  relay: (raw, { config, target }) => {
    const secret = config.key?.split(":")[1];
    const kept = new Map<string, string>();
    for (const [given, value] of raw) {
      const name = given.toLowerCase();
      const passes = relayed.has(name) || (name.startsWith("x-fal-") && name !== "x-fal-cdn-token");
      if (!passes || kept.has(name) || (secret && value.includes(secret))) continue;
      const fit = name === "location" ? locationOnFal(value, target) : value;
      if (fit !== undefined) kept.set(name, fit);
    }
    return [...kept];
  },
  sandbox: {
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  },
  originRefusal: (headers, config) => {
    if (headers["sec-fetch-site"] !== "cross-site") return undefined;
    if (config.origins.includes(headers.origin ?? "")) return undefined;
    return refuse(403, "origin_not_allowed", "Pages of another site may not call this proxy.");
  },
  always: { "cache-control": "no-store", vary: "x-fal-target-url" },

  preflight: (headers, config) => {
    if (headers["access-control-request-method"] === undefined) return undefined;
    if (!config.origins.includes(headers.origin ?? "")) return undefined;
    return {
      "access-control-allow-methods": "GET, POST, PUT, DELETE",
      "access-control-allow-headers": headers["access-control-request-headers"] ?? "",
    };
  },
  cors: ({ origin = "" }, config) => {
    if (config.origins.length === 0) return {};
    const vary = "x-fal-target-url, origin";
    if (!config.origins.includes(origin)) return { vary };
    return {
      vary,
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers":
        "x-fal-request-id, x-fal-request-timeout-type, x-fal-billable-units",
    };
  },

  errorBody: ({ code, message }) => ({
    type: "application/json",
    text: JSON.stringify({ message, detail: message, code }),
  }),
  lost: (paid, timedOut) => {
    if (paid) return refuse(500, "upstream_unknown", "The answer was lost.");
    if (timedOut) return refuse(504, "upstream_timeout", "fal did not answer in time.");
    return refuse(502, "upstream_unreachable", "The answer was lost.");
  },
  unreachable: () => refuse(502, "upstream_unreachable", "fal cannot be reached."),
  paid: (method, target) => method !== "GET" || target.host !== "queue.fal.run",
  status: (status) => status,
  fitStatus: (status) => status >= 200 && status <= 599,
  bodiless: (status) => [204, 205, 304].includes(status),
  stall: () => 0,
  eventStream: { "cache-control": "no-store, no-transform", "x-accel-buffering": "no" },
  wiring: {
    signInFirst: true,
    readsUnused: "never",
    takesInterim: () => false,
    keepsReason: false,
    http2Cut: "error",
    answersBelow: true,
    changeMethod: (method) => method,
    followRedirects: false,
    retryOn: [],
    bufferBody: false,
    bufferReply: () => false,
    flushMs: 0,
    backpressure: true,
    abortInStream: "at once",
    abortBeforeAnswer: true,
    endBrokenBody: "destroy",
    changeBody: () => undefined,
    changeReply: (chunk) => chunk,
    completeBrokenBody: false,
    limitChunked: true,
    nextAfterAnswer: false,
    oneAtATime: false,
    parserLeavesObject: false,
    fillsEmpty: false,
    dropsLength: false,
    keepsCacheControl: false,
    keepsFalCors: false,
    noCorsOnErrors: false,
    forgetsVary: "never",
    sulksAfterBreak: false,
  },
};
