/** Targets that try to carry the key elsewhere, as data. `{m}` becomes the marker by which fal's side is searched. */

export const otherSchemes: readonly string[] = [
  "ws://fal.run/conformance/{m}",
  "wss://fal.run/conformance/{m}",
  "ftp://fal.run/conformance/{m}",
  "file:///etc/passwd?{m}",
  "javascript:alert('{m}')",
  "data:text/plain,{m}",
  "blob:https://fal.run/{m}",
  "https:{m}",
  "//fal.run/conformance/{m}",
  "/conformance/{m}",
  "fal.run/conformance/{m}",
];

export const userInfo: readonly string[] = [
  "https://fal.run@evil.example/conformance/{m}",
  "https://user@fal.run/conformance/{m}",
  "https://user:secret@queue.fal.run/conformance/{m}",
  "https://:@fal.run/conformance/{m}",
  "https://queue.fal.run%40evil.example/conformance/{m}",
  "https://queue.fal.run:pass@evil.example/conformance/{m}",
];

export const ports: readonly string[] = [
  "https://fal.run:80/conformance/{m}",
  "https://fal.run:8443/conformance/{m}",
  "https://queue.fal.run:1/conformance/{m}",
  "https://queue.fal.run:65535/conformance/{m}",
  "https://queue.fal.run:99999/conformance/{m}",
  "https://queue.fal.run:port/conformance/{m}",
];

export const lookalikeHosts: readonly string[] = [
  "https://notfal.run/conformance/{m}",
  "https://evilqueue.fal.run/conformance/{m}",
  "https://fal.run.evil.example/conformance/{m}",
  "https://queue.fal.run.evil.example/conformance/{m}",
  "https://evil.example/fal.run/conformance/{m}",
  "https://evil.example/?https://queue.fal.run/conformance/{m}",
  "https://evil.example/#https://fal.run/{m}",
  "https://fal.run-evil.example/conformance/{m}",
  "https://fal-run/conformance/{m}",
  "https://falxrun/conformance/{m}",
  "https://sub.fal.run/conformance/{m}",
  "https://a.queue.fal.run/conformance/{m}",
  "https://fal.ai/conformance/{m}",
  "https://fal.ai.evil.example/conformance/{m}",
  "https://fal.rest/conformance/{m}",
  "https://localhost/conformance/{m}",
];

/** Forms of a host which only look like fal's after some normalisation, and addresses. */
export const oddHosts: readonly string[] = [
  "https://fal.run./conformance/{m}",
  "https://fal%2erun/conformance/{m}",
  "https://%66al.run/conformance/{m}",
  "https://f\xe1l.run/conformance/{m}",
  "https://127.0.0.1/conformance/{m}",
  "https://2130706433/conformance/{m}",
  "https://0x7f.1/conformance/{m}",
  "https://[::1]/conformance/{m}",
  "https://[::ffff:127.0.0.1]/conformance/{m}",
  "https://169.254.169.254/latest/meta-data/{m}",
  "https:///fal.run/conformance/{m}",
  "https:fal.run/conformance/{m}",
  "https:/fal.run/conformance/{m}",
  "https://fal.run\\@evil.example/conformance/{m}",
  "https://evil.example\\.fal.run/conformance/{m}",
  "https://fal.run\\.evil.example/conformance/{m}",
  "https://fal.run evil.example/conformance/{m}",
];

export const encodedPaths: readonly string[] = [
  "https://queue.fal.run/conformance/%2e%2e/{m}",
  "https://queue.fal.run/conformance/%2E%2E/{m}",
  "https://queue.fal.run/conformance/.%2e/{m}",
  "https://queue.fal.run/conformance/..%2f{m}",
  "https://queue.fal.run/conformance%2f{m}",
  "https://queue.fal.run/conformance%2F{m}",
  "https://queue.fal.run/conformance/%5c{m}",
  "https://queue.fal.run/conformance/..%5C{m}",
  "https://queue.fal.run/conformance/%252e%252e/{m}",
  "https://queue.fal.run/conformance/%252f{m}",
  "https://queue.fal.run/conformance/%25252e/{m}",
];

export const pathParameters: readonly string[] = [
  "https://queue.fal.run/conformance/..;/{m}",
  "https://queue.fal.run/conformance/allowed;x=1/{m}",
  "https://queue.fal.run/conformance/..;a=b/{m}",
];

export const backslashes: readonly string[] = [
  "https://queue.fal.run\\conformance\\{m}",
  "https://queue.fal.run/conformance\\..\\{m}",
  "https://queue.fal.run/conformance/{m}\\x",
];

export const emptySegments: readonly string[] = [
  "https://queue.fal.run//conformance/{m}",
  "https://queue.fal.run/conformance//{m}",
  "https://queue.fal.run/conformance/{m}//requests",
];

export const controlCharacters: readonly string[] = [
  "https://queue.fal.run/conformance/%00{m}",
  "https://queue.fal.run/conformance/{m}%0d%0ax-injected:%20yes",
  "https://queue.fal.run/conformance/{m}%0a",
  "https://queue.fal.run/conformance/{m}%7f",
  "https://queue.fal.run/conformance/\t{m}",
  "https://queue.fal.run/conformance/{m}\tx",
];

export const malformed: readonly string[] = [
  "not a url {m}",
  "{m}",
  "https://",
  "https://?{m}",
  "https://[{m}",
  "https://[::1/{m}",
  "https://%/{m}",
  "https://a b/{m}",
  "http//fal.run/{m}",
  "https://queue.fal.run:abc/{m}",
  "://{m}",
  ":",
  "?{m}",
  "%",
  "https://\xff\xfe/{m}",
  "undefined",
  "null",
  "[object Object]",
];

/** Targets of `length` bytes, made to keep a backtracking pattern or a loop within a loop busy. */
export const long = (length: number): string[] =>
  ["a/", "image-edit", "a-image-a/edit", "conformance/allowed", "-", "requests/"].map((piece) => {
    const start = "https://fal.run/conformance/{m}/";
    const text = piece.repeat(Math.ceil(length / piece.length)).slice(0, length - start.length);
    return start + text.replace(/\/$/, "a");
  });
