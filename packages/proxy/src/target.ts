/** Turns a method and the `x-fal-target-url` header into one of fal's operations, or a refusal. */
import { refuse, type Refusal } from "./refusal.ts";
import { parseUrl } from "./url.ts";

/** The request header that names the real fal URL. */
export const TARGET_URL_HEADER = "x-fal-target-url";

/** The methods that are relayed. */
export const METHODS: readonly string[] = ["GET", "POST", "PUT", "DELETE"];

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

// The backup names (falrun.com) and the old name of rest serve the same paths, so an operator who
// allows them gets the same rules.
const FAL = "fal(?:[.]run|run[.]com)";
const REST = "rest(?:[.]alpha)?[.]fal[.]ai";

// `owner/app`, and one segment more in two namespaces.
const APP = "(?<app>(?:(?:workflows|comfy)/[^/]+|(?!workflows/|comfy/)[^/]+)/[^/]+)";
const QUEUED = `${APP}(?:/(?!requests(?:/|$))[^/]+)*`;
const RUN = `(?:GET|POST) ${FAL}/(?<endpoint>${APP}(?:/.+)?)`;
const REQUEST = `queue[.]${FAL}/${QUEUED}/requests/(?<requestId>[^/]+)`;

/** What `METHOD host/path` is: the first that fits. @see PROTOCOL.md, "Operations" */
const OPERATIONS = Object.entries({
  stream: `${RUN}/stream`,
  run: RUN,
  submit: `POST queue[.]${FAL}/(?<endpoint>${QUEUED})`,
  status: `GET ${REQUEST}/status`,
  statusStream: `GET ${REQUEST}/status/stream`,
  // fal's own pages show `/response`; its clients leave it out.
  result: `GET ${REQUEST}(?:/response)?`,
  cancel: `PUT ${REQUEST}/cancel`,
  upload: `.+ ${REST}/storage/upload/initiate(?:-multipart)?`,
  token: `POST ${REST}/tokens(?:/realtime)?`,
  signal: "POST wma[.]fal[.]run/(?:ice|session(?:/heartbeat)?)",
  other: `[^/]+/(?<endpoint>${APP}?.*)`,
} satisfies Record<Operation, string>).map(
  ([operation, form]) => [operation as Operation, new RegExp(`^${form}$`)] as const,
);

const FREE = /^(status|result|cancel|upload)/;

// Anything but printable ASCII, and the backslash.
const OUTSIDE_URL = /[^!-[\]-~]/;

// What another server might read as a different path than the rules did: an empty segment, a path
// parameter, dots, and every escape but those of characters that must be escaped. So no encoded
// controls, dots, slashes, backslashes, percent signs or semicolons, no encoded unreserved character
// (RFC 3986 §2.3 says those are the same URL), no broken escape.
const AMBIGUOUS_PATH =
  /%(?!2[0-46-9a-c]|3[ac-f]|40|5[bde]|60|7[b-d]|[89a-f][0-9a-f])|;|\/\/|\/\.\./i;

const invalid = (why: string): Refusal =>
  refuse("invalid_target", `The ${TARGET_URL_HEADER} header ${why}.`);

function methodRefusal(method: string, allowed: readonly string[]): Refusal {
  const allow = allowed.join(", ");
  return refuse("method_not_allowed", `The method must be ${allow}, not ${method}.`, {
    headers: { allow },
  });
}

/**
 * Parses and classifies the target of one request.
 *
 * @param method HTTP method, upper case
 * @param raw the `x-fal-target-url` header as received; repeated headers joined by `, `
 * @returns the target, or `invalid_target`, or `method_not_allowed`: also where an operation has one
 *   method only, since the allowed patterns know no methods. Never throws. Says nothing about what is allowed.
 * @see PROTOCOL.md, "Target"; RFC 3986 §2.3 and §6.2.2; WHATWG URL
 */
export function parseTarget(method: string, raw = ""): Target | Refusal {
  const asked = `${method} ${raw}`;
  let target = recent.get(asked);
  if (target === undefined) {
    if (recent.size === RECENT) recent.clear();
    // Later requests share it, so no hook may change it.
    recent.set(asked, (target = Object.freeze(parse(method, raw))));
  }
  return target;
}

// An app calls few endpoints, and a job's status is asked for again and again: parsing costs more
// than the rest of the decision, and depends on nothing else.
const recent = new Map<string, Target | Refusal>();
const RECENT = 256;

function parse(method: string, raw: string): Target | Refusal {
  if (!METHODS.includes(method)) return methodRefusal(method, METHODS);
  if (raw === "") {
    return invalid("is missing: it must hold the fal URL to call, as fal's client sends it");
  }
  const [, host, path] = /^https:\/\/([^/?#]+)([^?#]*)/i.exec(raw) ?? [];
  const url = parseUrl(raw);
  if (OUTSIDE_URL.test(raw) || host === undefined || url === undefined) {
    return invalid("must be one https:// URL; percent-encode spaces, backslashes, non-ASCII");
  }
  // What the parser made of them must be what was written.
  if (url.hostname !== host.toLowerCase()) {
    return invalid("must name its host plainly, without user, password or port");
  }
  if (url.pathname !== (path || "/") || AMBIGUOUS_PATH.test(url.pathname)) {
    return invalid("must have a plain path: no dot segments, none empty or needlessly encoded");
  }
  return classify(method, url);
}

function classify(method: string, url: URL): Target | Refusal {
  const { hostname: host, pathname: path, search } = url;
  // fal itself accepts one trailing slash on every path.
  const call = `${method} ${host}${path.replace(/(.)\/$/, "$1")}`;
  let operation: Operation = "other";
  let found: RegExpExecArray | null = null;
  for (const [name, form] of OPERATIONS) {
    operation = name;
    if ((found = form.exec(call))) break;
  }
  if (operation === "upload" && method !== "POST") return methodRefusal(method, ["POST"]);
  const { endpoint, app, requestId } = found?.groups ?? {};
  const paid = !FREE.test(operation);
  return {
    url: url.origin + path + search,
    host,
    path,
    search,
    operation,
    endpoint,
    app,
    requestId,
    paid,
  };
}
