/**
 * Whether a webhook is fal's: Ed25519 over request id, user id, timestamp and the body's SHA-256, by one of the keys
 * that fal publishes. Any customer of fal can have such a webhook signed: it is a hint, and never a truth.
 *
 * @see https://docs.fal.ai/model-apis/model-endpoints/webhooks
 */
import { digestOf } from "../digest.ts";
import { placeOf } from "../plan.ts";

/** What is wrong with it, or nothing. */
export type Unsigned = "headers" | "timestamp" | "signature" | "keys";

export interface SignatureCheck {
  /** @param now in ms since 1970. @returns undefined for one of fal's */
  (headers: Headers, body: Uint8Array<ArrayBuffer>, now: number): Promise<Unsigned | undefined>;
}

const DAY = 86_400_000;
/** How far its time may be from ours, in seconds. */
const SKEW = 300;
/** Keys are not asked for again sooner, in ms, whatever is sent to us. */
const COOL_DOWN = 60_000;

/**
 * @param send how the keys are fetched; none of ours goes along
 * @param upstream where fal is really asked, in development
 */
export function createSignatureCheck(
  send: typeof fetch = fetch,
  upstream?: string,
): SignatureCheck {
  let keys: readonly CryptoKey[] = [];
  let read = -Infinity;
  let reading: Promise<void> | undefined;

  async function readKeys(): Promise<void> {
    const { origin, prefix } = await placeOf("rest.fal.ai", upstream);
    const reply = await send(`${origin}${prefix}/.well-known/jwks.json`, {
      redirect: "manual",
      signal: AbortSignal.timeout(10_000),
    });
    const { keys: listed } = (await reply.json()) as { keys: JsonWebKey[] };
    const imported = await Promise.all(
      listed.filter(({ crv }) => crv === "Ed25519").map(importKey),
    );
    if (imported.length > 0) keys = imported;
  }

  /** The last good ones are kept where there are no others. */
  async function refresh(now: number): Promise<void> {
    if (now - read < COOL_DOWN) return reading;
    read = now;
    reading = readKeys().catch(() => {});
    return reading;
  }

  return async (headers, body, now) => {
    const [id, user, timestamp, signature] = NAMES.map((name) => headers.get(name) ?? "") as [
      string,
      string,
      string,
      string,
    ];
    if (
      id === "" ||
      user === "" ||
      !/^\d{1,12}$/.test(timestamp) ||
      !/^[0-9a-f]{128}$/i.test(signature)
    )
      return "headers";
    if (Math.abs(now / 1000 - Number(timestamp)) > SKEW) return "timestamp";
    const digest = await digestOf("SHA-256", body);
    const message = new TextEncoder().encode([id, user, timestamp, digest].join("\n"));
    const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) =>
      Number.parseInt(pair, 16),
    );
    const verifies = async (): Promise<boolean> => {
      const results = await Promise.all(
        keys.map((key) => crypto.subtle.verify("Ed25519", key, bytes, message)),
      );
      return results.includes(true);
    };
    if (now - read > DAY) await refresh(now);
    if (await verifies()) return undefined;
    // Perhaps by a key that is new.
    await refresh(now);
    if (await verifies()) return undefined;
    return keys.length === 0 ? "keys" : "signature";
  };
}

/** In the order in which they are signed, but the last. */
const NAMES = [
  "x-fal-webhook-request-id",
  "x-fal-webhook-user-id",
  "x-fal-webhook-timestamp",
  "x-fal-webhook-signature",
] as const;

const importKey = ({ kty, crv, x }: JsonWebKey): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", { kty, crv, x } as JsonWebKey, "Ed25519", false, ["verify"]);
