/** Turns a method and the `x-fal-target-url` header into one of fal's operations, or a refusal. */
import { isRefusal, refuse, type Refusal } from "./refusal.ts";

/** The request header that names the real fal URL. */
export const TARGET_URL_HEADER = "x-fal-target-url";

/** What a request IS. Rules, guards, metrics and events speak in these, never in paths. */
export type Operation =
  | "run"
  | "stream"
  | "submit"
  | "status"
  | "statusStream"
  | "result"
  | "cancel"
  | "upload"
  | "token"
  | "signal"
  | "other";

/** A target URL, parsed once and classified. */
export interface Target {
  /** The URL to call, rebuilt from the parsed parts: `https://HOST/PATH?QUERY`. */
  readonly url: string;
  readonly host: string;
  /** Starts with `/`, exactly as it is sent. */
  readonly path: string;
  /** Empty, or starts with `?`. */
  readonly search: string;
  readonly operation: Operation;
  /**
   * The full endpoint id (`owner/app[/path…]`, `workflows/…` and `comfy/…` with one segment more)
   * where the URL carries it: run, stream (without its `/stream`), submit. For `other` the path.
   */
  readonly endpoint: string | undefined;
  /** `owner/app`, or `workflows/owner/app`: for every operation that names a model. */
  readonly app: string | undefined;
  /** fal's request id: status, statusStream, result and cancel. */
  readonly requestId: string | undefined;
  /** Whether sending it can cost money, or grants spending (token), or may do either (other). */
  readonly paid: boolean;
}

type Service = "run" | "queue" | "rest" | "signal";

// The backup names (falrun.com) and the old name of rest serve the same paths, so an operator who
// allows them gets the same rules.
const SERVICES: ReadonlyMap<string, Service> = new Map([
  ["fal.run", "run"],
  ["falrun.com", "run"],
  ["queue.fal.run", "queue"],
  ["queue.falrun.com", "queue"],
  ["rest.fal.ai", "rest"],
  ["rest.alpha.fal.ai", "rest"],
  ["wma.fal.run", "signal"],
]);

const NAMESPACES: ReadonlySet<string> = new Set(["workflows", "comfy"]);
const UPLOADS: ReadonlySet<string> = new Set([
  "/storage/upload/initiate",
  "/storage/upload/initiate-multipart",
]);
const SIGNALS: ReadonlySet<string> = new Set(["/ice", "/session", "/session/heartbeat"]);
const FREE: ReadonlySet<Operation> = new Set([
  "status",
  "statusStream",
  "result",
  "cancel",
  "upload",
]);

const SCHEME_AND_AUTHORITY = /^https:\/\/([^/?#]+)/i;
const OUTSIDE_URL = /[^\x21-\x7e]|\\/;

// What another server might read as a different path than the rules did: encoded controls, dots,
// slashes, backslashes, percent signs and semicolons, any encoded unreserved character (RFC 3986
// §2.3 says those are the same URL), a broken escape, a path parameter, an empty segment.
const AMBIGUOUS_PATH =
  /%(?:[01][0-9a-f]|2[5def]|3[0-9b]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9aef]|(?![0-9a-f]{2}))|;|\/\/|\/\.\./i;

const invalid = (why: string): Refusal =>
  refuse("invalid_target", `The ${TARGET_URL_HEADER} header ${why}.`);

/**
 * Parses and classifies the target of one request.
 *
 * @param method HTTP method, upper case
 * @param raw the `x-fal-target-url` header as received; repeated headers joined by `, `
 * @returns the target, or `invalid_target`, or `method_not_allowed` where a path has one method only:
 *   the allowed patterns know no methods. Never throws. Says nothing about what is allowed.
 * @see PROTOCOL.md, "Target"; RFC 3986 §2.3 and §6.2.2; WHATWG URL
 */
export function parseTarget(method: string, raw: string | undefined): Target | Refusal {
  if (raw === undefined || raw === "") {
    return invalid("is missing: it must hold the fal URL to call, as the fal client sends it");
  }
  const line = `${method} ${raw}`;
  let target: Target | Refusal | undefined = recent.get(line);
  if (target !== undefined) return target;
  target = parse(method, raw);
  if (isRefusal(target)) return target;
  if (recent.size === RECENT) recent.clear();
  // Later requests share it, so no hook may change it.
  recent.set(line, Object.freeze(target));
  return target;
}

// An app calls few endpoints, and a job's status is asked for again and again: parsing costs more
// than the rest of the decision, and depends on nothing else.
const recent = new Map<string, Target>();
const RECENT = 256;

function parse(method: string, raw: string): Target | Refusal {
  if (OUTSIDE_URL.test(raw)) {
    return invalid("must be one URL, with spaces, backslashes and non-ASCII percent-encoded");
  }
  const authority = SCHEME_AND_AUTHORITY.exec(raw)?.[1];
  if (authority === undefined) return invalid("must start with https:// and a host");
  if (authority.includes("@")) return invalid("must not carry a user name or password");
  if (authority.includes(":")) return invalid("must not name a port");

  let url: URL;
  try {
    url = new URL(raw);
  } catch {
    return invalid("is not a valid URL");
  }
  if (url.hostname !== authority.toLowerCase()) return invalid("must write its host plainly");

  const written = raw.slice(raw.indexOf(authority) + authority.length);
  const path = url.pathname;
  if ((/^[^?#]*/.exec(written)?.[0] || "/") !== path || AMBIGUOUS_PATH.test(path)) {
    return invalid("must have a plain path: no dot segments, no empty or needlessly encoded ones");
  }
  const { hostname: host, search } = url;
  if (method !== "POST" && SERVICES.get(host) === "rest" && UPLOADS.has(path)) {
    return refuse("method_not_allowed", "An upload starts with POST.", {
      headers: { allow: "POST" },
    });
  }
  const parts = classify(method, host, path);
  return {
    url: `https://${host}${path}${search}`,
    host,
    path,
    search,
    ...parts,
    paid: !FREE.has(parts.operation),
  };
}

type Classified = Pick<Target, "operation" | "endpoint" | "app" | "requestId">;

function classify(method: string, host: string, path: string): Classified {
  // fal itself accepts one trailing slash on every path.
  const id = path.endsWith("/") ? path.slice(1, -1) : path.slice(1);
  const segments = id.split("/");
  const depth = NAMESPACES.has(segments[0] as string) ? 3 : 2;
  const app = segments.length >= depth ? segments.slice(0, depth).join("/") : undefined;
  const other: Classified = { operation: "other", endpoint: id, app, requestId: undefined };

  switch (SERVICES.get(host)) {
    case "run": {
      if (app === undefined || (method !== "POST" && method !== "GET")) return other;
      const streams = segments.length > depth && segments.at(-1) === "stream";
      if (!streams) return { operation: "run", endpoint: id, app, requestId: undefined };
      return { operation: "stream", endpoint: id.slice(0, -7), app, requestId: undefined };
    }
    case "queue": {
      if (app === undefined) return other;
      const marker = segments.indexOf("requests", depth);
      if (marker === -1) return method === "POST" ? { ...other, operation: "submit" } : other;
      const requestId = segments[marker + 1];
      const operation = queueOperation(method, segments.slice(marker + 2).join("/"));
      if (!requestId || operation === undefined) return other;
      return { operation, endpoint: undefined, app, requestId };
    }
    case "rest": {
      const plain = `/${id}`;
      if (method === "POST" && UPLOADS.has(plain)) return named("upload");
      if (method === "POST" && (plain === "/tokens" || plain === "/tokens/realtime")) {
        return named("token");
      }
      return other;
    }
    case "signal":
      return method === "POST" && SIGNALS.has(`/${id}`) ? named("signal") : other;
    default:
      return other;
  }
}

function queueOperation(method: string, rest: string): Operation | undefined {
  if (method === "PUT") return rest === "cancel" ? "cancel" : undefined;
  if (method !== "GET") return undefined;
  if (rest === "status") return "status";
  if (rest === "status/stream") return "statusStream";
  // fal's own pages show `/response`; its clients leave it out.
  return rest === "" || rest === "response" ? "result" : undefined;
}

const named = (operation: Operation): Classified => ({
  operation,
  endpoint: undefined,
  app: undefined,
  requestId: undefined,
});
