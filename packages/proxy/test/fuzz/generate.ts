/** Hostile requests from a seed: targets, header sets and bodies that sit on the borders of the rules. */

export interface Generated {
  readonly method: string;
  /** Printable or latin1 text: what HTTP can carry in a header value. Undefined for none. */
  readonly target: string | undefined;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

export type Random = () => number;

/** Mulberry32: small, and the same everywhere. @returns numbers in [0, 1) */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const METHODS = [
  "GET",
  "POST",
  "POST",
  "POST",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "HEAD",
];

const HOSTS =
  `fal.run queue.fal.run rest.fal.ai rest.alpha.fal.ai api.fal.ai wma.fal.run fal.run. FAL.RUN
  evil.example fal.run.evil.example evil.example?fal.run fal.run:443 fal.run:8443 user@fal.run fal.run@evil.example
  127.0.0.1 [::1] fal%2erun fal.run%00 xn--fal.run falrun.com queue.falrun.com v3.fal.media`.split(
    /\s+/,
  );

const SEGMENTS =
  `fal-ai flux dev schnell veo3 other-app workflows comfy requests 764cabcf status stream cancel response
  storage upload initiate initiate-multipart tokens realtime .. . ... %2e%2e %2E%2e %252e ..%2f %2f %5c \\ ; ;a=1 * ** {a,b} [a] !x
  ~ @ : & = + $ , %41 %zz % %00 %0d%0a %C3%A9 é \u00ff constructor __proto__ a.b`.split(/\s+/);

const QUERIES = `prompt=a+cat fal_webhook=https://hooks.example/x fal_webhook=https://evil.example
  fal%5Fwebhook=https://evil.example logs=1 storage_type=fal-cdn-v3 img=https://a.b/c/../d.png a=1 a=2 %61=3 ? # %00 =
  __proto__=1 ..%2f`.split(/\s+/);

const SCHEMES = [
  "https://",
  "https://",
  "https://",
  "https://",
  "HTTPS://",
  "http://",
  "https:/",
  "https:",
  "//",
  "ftp://",
  "",
  "https:\\\\",
  " https://",
  "https://https://",
];

const HEADERS =
  `accept accept-encoding accept-language authorization connection content-encoding content-type cookie
  expect forwarded idempotency-key keep-alive origin proxy-authorization referer sec-fetch-site te user-agent
  via x-app-fal-disable-fallback x-app-fal-other x-fal-cdn-token x-fal-client-proxy x-fal-invented x-fal-no-retry
  x-fal-queue-priority x-fal-request-id x-fal-request-timeout x-fal-runner-hint x-fal-store-io x-fal-tags x-fal-user-id
  x-forwarded-for x-real-ip __proto__ constructor`.split(/\s+/);

const VALUES = [
  "",
  "low",
  "1",
  "Key other:secret",
  "Bearer x",
  "application/json",
  "text/plain",
  "gzip",
  "close, x-fal-tags",
  "content-type, authorization",
  "cross-site",
  "same-origin",
  "https://evil.example",
  "a".repeat(500),
  "\u00e9\u00ff",
  "undefined",
  "0",
  "100-nope",
];

const KEYS = [
  "prompt",
  "num_images",
  "image_url",
  "seed",
  "__proto__",
  "constructor",
  "a",
  "\\u0061",
  "",
  "fal_webhook",
];

export function generate(next: Random): Generated {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(next() * items.length)] as Item;
  const times = <Item>(most: number, make: () => Item): Item[] =>
    Array.from({ length: Math.floor(next() * (most + 1)) }, make);

  const url = (): string => {
    const known = next() < 0.6;
    const host = known ? pick(HOSTS.slice(0, 3)) : pick(HOSTS);
    const path = known && next() < 0.6 ? "/fal-ai/flux" : "";
    const segments = times(
      4,
      () => `/${next() < 0.7 ? pick(SEGMENTS.slice(0, 19)) : pick(SEGMENTS)}`,
    );
    const query = next() < 0.3 ? `?${times(3, () => pick(QUERIES)).join("&")}` : "";
    return (known ? "https://" : pick(SCHEMES)) + host + path + segments.join("") + query;
  };
  const target = (): string | undefined => {
    const kind = next();
    if (kind < 0.02) return undefined;
    if (kind < 0.04) return "";
    if (kind < 0.06) return `${url()}, ${url()}`;
    if (kind < 0.08) return url() + "/a".repeat(Math.floor(next() * 6000));
    if (kind < 0.12)
      return times(30, () => String.fromCharCode(33 + Math.floor(next() * 94))).join("");
    const text = url();
    if (kind > 0.9) {
      // One character put in, out or upside down.
      const at = Math.floor(next() * text.length);
      const odd = String.fromCharCode(33 + Math.floor(next() * 222));
      return (
        text.slice(0, at) + (odd === "\u007f" ? "" : odd) + text.slice(at + Math.floor(next() * 2))
      );
    }
    return text;
  };

  const value = (): string => {
    const kind = next();
    if (kind < 0.5)
      return JSON.stringify(pick(["a cat", 1, -1.5, true, null, "é", '"\\'] as const));
    if (kind < 0.7) return `[${times(3, value).join(",")}]`;
    return `{${times(3, () => `"${pick(KEYS)}":${value()}`).join(",")}}`;
  };
  const body = (): Uint8Array<ArrayBuffer> => {
    const kind = next();
    const text = `{${times(4, () => `"${pick(KEYS)}" : ${value()}`).join(", ")}}`;
    if (kind < 0.75) return new TextEncoder().encode(text);
    if (kind < 0.85)
      return new TextEncoder().encode(text.slice(0, Math.floor(next() * text.length)));
    if (kind < 0.9) return new TextEncoder().encode(value());
    if (kind < 0.99) return Uint8Array.from(times(200, () => Math.floor(next() * 256)));
    return new Uint8Array(70_000 + Math.floor(next() * 20_000)).fill(0x20);
  };

  const method = pick(METHODS);
  const bodied = method !== "GET" && method !== "HEAD" && next() < 0.9;
  return {
    method,
    target: target(),
    headers: times(5, () => [pick(HEADERS), pick(VALUES)] as const),
    body: bodied ? body() : undefined,
  };
}
