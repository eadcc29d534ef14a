/** Delivers the outcome of queued requests to `fal_webhook` URLs, signed as fal signs them. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** The JSON that a webhook receives. */
export interface WebhookEvent {
  request_id: string;
  /** Equals `request_id` on the first attempt; differs once the queue has tried the app again. */
  gateway_request_id: string;
  status: "OK" | "ERROR";
  /** The model's answer; the error body when `status` is `"ERROR"`. */
  payload: unknown;
  /** E.g. `"Invalid status code: 422"`. */
  error?: string;
  payload_error?: string;
}

export interface WebhookOptions {
  /** Attempts per event, the first included. fal tries for about two hours; an emulator that retries as long only hides bugs. @default 3 */
  attempts?: number;
  /** Milliseconds before the second attempt, doubled for each further one. @default 500 */
  retryDelayMs?: number;
  /** Milliseconds after which an unanswered attempt has failed. @default 15000, as fal's */
  attemptTimeoutMs?: number;
  /** `X-Fal-Webhook-User-Id`. @default "fal-emulator" */
  userId?: string;
  /** The clock behind `X-Fal-Webhook-Timestamp`, in ms. @default Date.now */
  now?: () => number;
}

export interface Webhooks {
  /** The document at `rest.fal.ai/.well-known/jwks.json`. */
  jwks(): { keys: object[] };
  /** Posts `event` to `url`. Resolves when it was taken (2xx) or given up; never rejects. */
  deliver(url: string, event: WebhookEvent): Promise<void>;
  /** Ends deliveries under way. */
  close(): void;
}

const publicJwk = (key: KeyObject): object => {
  const { kty, crv, x } = key.export({ format: "jwk" });
  return { kty, crv, x, use: "sig", alg: "EdDSA" };
};

/**
 * Webhooks with a signing key of their own. Where they depart from fal: loopback and `http:` targets are allowed,
 * since the receiver under test runs on this machine, and retries are few.
 *
 * The signed bytes are request id, user id, timestamp and the hex SHA-256 of the raw body, joined by line feeds.
 * The key set also lists a retired key, and lists it first: a receiver has to try them all.
 */
export function createWebhooks(options: WebhookOptions = {}): Webhooks {
  const { attempts = 3, retryDelayMs = 500, attemptTimeoutMs = 15_000 } = options;
  const { userId = "fal-emulator", now = Date.now } = options;
  const retired = generateKeyPairSync("ed25519");
  const current = generateKeyPairSync("ed25519");
  const closing = new AbortController();

  const signedHeaders = (requestId: string, body: string): Record<string, string> => {
    const timestamp = String(Math.floor(now() / 1000));
    const digest = createHash("sha256").update(body).digest("hex");
    const message = [requestId, userId, timestamp, digest].join("\n");
    return {
      "content-type": "application/json",
      "x-fal-webhook-request-id": requestId,
      "x-fal-webhook-user-id": userId,
      "x-fal-webhook-timestamp": timestamp,
      "x-fal-webhook-signature": sign(null, Buffer.from(message), current.privateKey).toString(
        "hex",
      ),
    };
  };

  /** One attempt. A redirect is final: fal does not follow it and does not come back either. */
  const attempt = async (
    url: string,
    requestId: string,
    body: string,
  ): Promise<"done" | "retry"> => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: signedHeaders(requestId, body),
        body,
        redirect: "manual",
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(attemptTimeoutMs)]),
      });
      await response.body?.cancel();
      return response.status >= 200 && response.status < 400 ? "done" : "retry";
    } catch {
      return "retry";
    }
  };

  return {
    jwks: () => ({ keys: [publicJwk(retired.publicKey), publicJwk(current.publicKey)] }),

    async deliver(url, event) {
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return;
      const body = JSON.stringify(event);
      for (let tried = 0; tried < attempts && !closing.signal.aborted; tried += 1) {
        if (tried > 0) {
          const pause = sleep(retryDelayMs * 2 ** (tried - 1), undefined, {
            signal: closing.signal,
          });
          await pause.catch(() => undefined);
        }
        if (closing.signal.aborted) return;
        if ((await attempt(url, event.request_id, body)) === "done") return;
      }
    },

    close: () => closing.abort(),
  };
}
