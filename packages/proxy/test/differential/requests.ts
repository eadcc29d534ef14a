/** What both packages are sent: a request, how fal answers it, and how the proxy is configured for it. */
import type { ScriptRule } from "fal-emulator";
import type { ProfileName } from "fal-proxy-conformance";

export interface DifferentialRequest {
  readonly name: string;
  /** @default "POST" */
  readonly method?: string;
  /** Null: no target header. @default `https://fal.run/conformance/<name>` */
  readonly target?: string | null;
  /** Added to, or in place of, `content-type: application/json` and `accept: application/json`. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** @default `{"prompt":"a cat"}` for POST, none otherwise */
  readonly body?: string | Uint8Array | null;
  /** @default 200 with a small JSON object */
  readonly answer?: Pick<
    ScriptRule,
    "status" | "headers" | "body" | "encoding" | "truncateAtByte" | "redirect"
  >;
  /** @default "default" */
  readonly profile?: ProfileName;
}

const json: [string, string] = ["content-type", "application/json"];
const queue = "https://queue.fal.run/conformance/app/requests/r-1";
const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256);

/** One request per behaviour that a user could notice. Those that end the published process have servers to themselves. */
export const requests: readonly DifferentialRequest[] = [
  // What fal's clients send.
  { name: "run" },
  { name: "run-get", method: "GET", target: "https://fal.run/conformance/run-get?prompt=a%20cat" },
  { name: "submit", target: "https://queue.fal.run/conformance/submit" },
  {
    name: "status",
    method: "GET",
    target: `${queue}/status?logs=1`,
    answer: { status: 202, headers: [json], body: '{"status":"IN_QUEUE"}' },
  },
  { name: "result", method: "GET", target: queue },
  {
    name: "cancel",
    method: "PUT",
    target: `${queue}/cancel`,
    headers: { "content-length": "0" },
    answer: { status: 202, headers: [json], body: '{"status":"CANCELLATION_REQUESTED"}' },
  },
  { name: "upload", target: "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3" },
  {
    name: "upload-multipart",
    target: "https://rest.fal.ai/storage/upload/initiate-multipart?storage_type=fal-cdn-v3",
  },
  {
    name: "upload-complete",
    target: "https://rest.fal.ai/storage/upload/complete-multipart?storage_type=fal-cdn-v3",
  },
  {
    name: "stream",
    target: "https://fal.run/conformance/stream/stream",
    headers: { accept: "text/event-stream" },
    answer: {
      headers: [["content-type", "text/event-stream"]],
      body: 'data: {"a":1}\n\ndata: {"a":2}\n\n',
    },
  },
  {
    name: "token",
    target: "https://rest.fal.ai/tokens/realtime",
    body: '{"allowed_apps":["conformance/app"]}',
  },

  // What fal answers.
  { name: "fal-202", answer: { status: 202, headers: [json], body: "{}" } },
  { name: "fal-400", answer: { status: 400, headers: [json], body: '{"detail":"no"}' } },
  { name: "fal-404", answer: { status: 404, headers: [json], body: '{"detail":"no such app"}' } },
  {
    name: "fal-422",
    answer: {
      status: 422,
      headers: [json],
      body: '{"detail":[{"loc":["body","prompt"],"msg":"too long","type":"value_error"}]}',
    },
  },
  { name: "fal-500", answer: { status: 500, headers: [json], body: '{"detail":"broken"}' } },
  {
    name: "fal-504",
    answer: {
      status: 504,
      headers: [json, ["x-fal-request-timeout-type", "user"]],
      body: '{"detail":"late"}',
    },
  },
  {
    name: "fal-text",
    answer: { headers: [["content-type", "text/plain; charset=utf-8"]], body: "grüezi" },
  },
  {
    name: "fal-binary",
    answer: {
      headers: [
        ["content-type", "image/png"],
        ["content-length", "512"],
      ],
      body: bytes,
    },
  },
  {
    name: "fal-gzip",
    headers: { "accept-encoding": "gzip" },
    answer: { headers: [json], body: `{"text":"${"a".repeat(2000)}"}`, encoding: "gzip" },
  },
  { name: "fal-empty", answer: { status: 204, headers: [] } },
  {
    name: "fal-redirect",
    method: "GET",
    answer: { redirect: "https://fal.run/conformance/elsewhere" },
  },
  {
    name: "fal-cut",
    answer: {
      headers: [["content-type", "application/octet-stream"]],
      body: "x".repeat(4000),
      truncateAtByte: 1000,
    },
  },
  {
    name: "fal-ids",
    answer: {
      headers: [json, ["x-fal-request-id", "r-1"], ["x-fal-billable-units", "2"]],
      body: "{}",
    },
  },
  {
    name: "fal-cookies",
    answer: {
      headers: [
        json,
        ["set-cookie", "fal=1"],
        ["strict-transport-security", "max-age=9"],
        ["access-control-allow-origin", "*"],
        ["alt-svc", "h3"],
        ["server", "fal"],
      ],
      body: "{}",
    },
  },
  {
    name: "fal-caching",
    answer: {
      headers: [json, ["cache-control", "public, max-age=60"], ["etag", '"1"'], ["vary", "accept"]],
      body: "{}",
    },
  },

  // What else callers send.
  { name: "exact-json", body: '{ "seed": 12345678901234567890, "seed": 1.0 }' },
  { name: "broken-json", body: "{" },
  { name: "empty-body", body: "" },
  { name: "text-body", headers: { "content-type": "text/plain" }, body: "a cat" },
  { name: "binary-body", headers: { "content-type": "application/octet-stream" }, body: bytes },
  {
    name: "form-body",
    headers: { "content-type": "multipart/form-data; boundary=b" },
    body: '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
  },
  { name: "app-session", headers: { authorization: "Bearer session", cookie: "session=1" } },
  { name: "fal-key", headers: { authorization: "Key caller-id:caller-secret" } },
  {
    name: "fal-headers",
    headers: {
      "x-fal-queue-priority": "low",
      "x-fal-store-io": "0",
      "x-app-fal-disable-fallback": "true",
      "user-agent": "app/1",
    },
  },
  {
    name: "forwarded",
    headers: {
      "x-forwarded-for": "192.0.2.1",
      origin: "https://app.example",
      referer: "https://app.example/page",
    },
  },
  { name: "delete", method: "DELETE", target: "https://queue.fal.run/conformance/app" },
  { name: "head", method: "HEAD", target: "https://fal.run/conformance/head" },

  // Targets that are no business of a proxy.
  { name: "no-target", target: null },
  { name: "empty-target", target: "" },
  { name: "http-target", target: "http://fal.run/conformance/http-target" },
  { name: "user-target", target: "https://user@fal.run/conformance/user-target" },
  { name: "other-host", target: "https://fal.run.evil.example/conformance" },
  { name: "platform-api", target: "https://api.fal.ai/v1/keys" },
  { name: "encoded-path", target: "https://fal.run/conformance/..%2fother" },
  { name: "target-no-url", target: "not a url" },

  // Options.
  { name: "locked-anonymous", profile: "locked", target: "https://fal.run/conformance/exact" },
  {
    name: "locked-session",
    profile: "locked",
    target: "https://fal.run/conformance/exact",
    headers: { authorization: "Bearer invented" },
  },
  { name: "listed", profile: "endpoints", target: "https://fal.run/conformance/exact" },
  { name: "unlisted", profile: "endpoints", target: "https://fal.run/conformance/other" },
  {
    name: "unlisted-get",
    profile: "endpoints",
    method: "GET",
    target: "https://fal.run/conformance/other",
  },
  {
    name: "listed-stream",
    profile: "endpoints",
    target: "https://fal.run/conformance/exact/stream",
  },
  { name: "signed-out", profile: "authenticated" },
  { name: "signed-in", profile: "signed-in", headers: { "x-conformance-user": "good" } },
  { name: "key-pair", profile: "key-pair" },
  { name: "no-key", profile: "no-key" },
  { name: "quoted-key", profile: "quoted-key" },
  { name: "prefixed-key", profile: "prefixed-key" },
  { name: "undefined-auth", profile: "undefined-auth" },
  { name: "env-auth", profile: "env-auth" },
];
