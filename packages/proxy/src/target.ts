/** Turns a method and the `x-fal-target-url` header into one of fal's operations, or a refusal. */
import { isRefusal, refuse, type Refusal } from "./refusal.ts";
import { PLAIN_HOST, readPlainUrl } from "./url.ts";

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

const PAID: boolean = true;
const FREE: boolean = false;

/**
 * Whether each operation can cost money or grants spending, and what its `METHOD host/path` looks
 * like: the first that fits. Every form takes time in proportion to the length.
 *
 * @see PROTOCOL.md, "Operations"
 */
const OPERATIONS = Object.entries({
  stream: [PAID, `${RUN}/stream`],
  // An endpoint's own signalling, where `wma` is not used.
  signal: [PAID, `POST wma[.]fal[.]run/(?:ice|session(?:/heartbeat)?)|${RUN}/ice`],
  run: [PAID, RUN],
  submit: [PAID, `POST queue[.]${FAL}/(?<endpoint>${QUEUED})`],
  status: [FREE, `GET ${REQUEST}/status`],
  statusStream: [FREE, `GET ${REQUEST}/status/stream`],
  // fal's own pages show `/response`; its clients leave it out.
  result: [FREE, `GET ${REQUEST}(?:/response)?`],
  cancel: [FREE, `PUT ${REQUEST}/cancel`],
  upload: [FREE, `.+ ${REST}/storage/upload/initiate(?:-multipart)?`],
  token: [PAID, `POST ${REST}/tokens(?:/realtime)?`],
  other: [PAID, `[^/]+/(?<endpoint>${APP}?.*)`],
} satisfies Record<Operation, [paid: boolean, form: string]>).map(
  ([operation, [paid, form]]) =>
    [operation as Operation, paid, new RegExp(`^(?:${form})$`)] as const,
);

const invalid = (why: string): Refusal =>
  refuse("invalid_target", `The ${TARGET_URL_HEADER} header ${why}.`);

function methodRefusal(method: string, allowed: readonly string[]): Refusal {
  const allow = allowed.join(", ");
  return refuse("method_not_allowed", `The method must be ${allow}, not ${method}.`, {
    headers: { allow },
  });
}

/** The longest target that is looked at, in characters. */
const MAX_LENGTH = 8192;

// An app calls few endpoints, and a job's status is asked for again and again: parsing costs more
// than the rest of the decision, and depends on nothing else. The keys take 256 KiB at most.
const recent = new Map<string, Target>();
const RECENT = 256;
const RECENT_LENGTH = 1024;

/**
 * Parses and classifies the target of one request.
 *
 * @param method HTTP method, upper case
 * @param raw the `x-fal-target-url` header as received; repeated headers joined by `, `
 * @returns the target, or `invalid_target`, or `method_not_allowed`: also where an operation has one
 *   method only, since the allowed patterns know no methods. Never throws. Says nothing about what is allowed.
 * @see PROTOCOL.md, "Target"
 */
export function parseTarget(method: string, raw = ""): Target | Refusal {
  const asked = `${method} ${raw}`;
  const known = recent.get(asked);
  if (known) return known;
  const target = parse(method, raw);
  if (isRefusal(target) || asked.length > RECENT_LENGTH) return target;
  if (recent.size === RECENT) recent.clear();
  recent.set(asked, target);
  return target;
}

function parse(method: string, raw: string): Target | Refusal {
  if (!METHODS.includes(method)) return methodRefusal(method, METHODS);
  if (raw === "") {
    return invalid("is missing: it must hold the fal URL to call, as fal's client sends it");
  }
  if (raw.length > MAX_LENGTH) return invalid(`is longer than ${MAX_LENGTH} characters`);
  const url = readPlainUrl(raw);
  if (typeof url === "string") return invalid(url);
  return url.port === "" ? classify(method, url) : invalid(PLAIN_HOST);
}

function classify(method: string, url: URL): Target | Refusal {
  const { hostname: host, pathname: path, search } = url;
  // fal itself accepts one trailing slash on every path.
  const call = `${method} ${host}${path.replace(/(.)\/$/, "$1")}`;
  let operation: Operation = "other";
  let paid = PAID;
  let found: RegExpExecArray | null = null;
  for (const [name, costs, form] of OPERATIONS) {
    operation = name;
    paid = costs;
    if ((found = form.exec(call))) break;
  }
  if (operation === "upload" && method !== "POST") return methodRefusal(method, ["POST"]);
  const { endpoint, app, requestId } = found?.groups ?? {};
  // Later requests may share it, so no hook may change it.
  return Object.freeze({
    url: url.origin + path + search,
    host,
    path,
    search,
    operation,
    endpoint,
    app,
    requestId,
    paid,
  });
}
