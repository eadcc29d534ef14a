// Webhooks over a real socket; signatures are judged by WebCrypto, not by the code that made them.
import { createHash, webcrypto } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createWebhooks, type WebhookEvent } from "../src/webhooks.ts";

interface Delivery {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A receiver that answers with the given statuses in turn, then with the last of them. */
async function receiver(...statuses: number[]): Promise<{ url: string; deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const status = statuses[Math.min(deliveries.length, statuses.length - 1)] ?? 200;
    deliveries.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(status, { location: "/elsewhere" }).end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, deliveries };
}

const event: WebhookEvent = {
  request_id: "b1d1b6d4-6f0f-4d52-9d0e-6f6a2c1f7a10",
  gateway_request_id: "b1d1b6d4-6f0f-4d52-9d0e-6f6a2c1f7a10",
  status: "OK",
  payload: { images: [], text: "smörgås 🍣" },
};

/** What fal's documentation tells receivers to do: try every key of the set. */
async function verified(delivery: Delivery, jwks: { keys: object[] }): Promise<boolean> {
  const name = "x-fal-webhook-";
  const { headers, body } = delivery;
  const message = [
    headers[`${name}request-id`],
    headers[`${name}user-id`],
    headers[`${name}timestamp`],
    createHash("sha256").update(body).digest("hex"),
  ].join("\n");
  const signature = Buffer.from(String(headers[`${name}signature`]), "hex");
  const verdicts = jwks.keys.map(async (jwk) => {
    const algorithm = { name: "Ed25519" };
    const { kty, crv, x } = jwk as { kty: string; crv: string; x: string };
    const key = await webcrypto.subtle.importKey("jwk", { kty, crv, x }, algorithm, false, [
      "verify",
    ]);
    return webcrypto.subtle.verify(algorithm, key, signature, Buffer.from(message));
  });
  return (await Promise.all(verdicts)).includes(true);
}

test("a delivery carries the event and a signature that one of the published keys verifies", async () => {
  const { url, deliveries } = await receiver(200);
  const webhooks = createWebhooks({ now: () => 1_700_000_000_999, userId: "someone" });
  await webhooks.deliver(url, event);

  expect(deliveries).toHaveLength(1);
  const [delivery] = deliveries;
  expect(JSON.parse(delivery!.body.toString())).toEqual(event);
  expect(delivery!.headers).toMatchObject({
    "content-type": "application/json",
    "x-fal-webhook-request-id": event.request_id,
    "x-fal-webhook-user-id": "someone",
    "x-fal-webhook-timestamp": "1700000000",
    "x-fal-webhook-signature": expect.stringMatching(/^[0-9a-f]{128}$/),
  });
  expect(await verified(delivery!, webhooks.jwks())).toBe(true);
});

test("the signature fails for a changed byte, a changed header and somebody else's keys", async () => {
  const { url, deliveries } = await receiver(200);
  const webhooks = createWebhooks();
  await webhooks.deliver(url, event);
  const { headers, body } = deliveries[0]!;

  const changed = Buffer.from(body);
  changed[10]! ^= 1;
  expect(await verified({ headers, body: changed }, webhooks.jwks())).toBe(false);
  const later = { ...headers, "x-fal-webhook-timestamp": "1" };
  expect(await verified({ headers: later, body }, webhooks.jwks())).toBe(false);
  expect(await verified({ headers, body }, createWebhooks().jwks())).toBe(false);
});

test("the key set publishes no private part, and more keys than the one in use", () => {
  const { keys } = createWebhooks().jwks();
  expect(keys).toHaveLength(2);
  for (const key of keys) {
    expect(key).toMatchObject({
      kty: "OKP",
      crv: "Ed25519",
      x: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(key).not.toHaveProperty("d");
  }
});

test("a failing receiver is tried again until it accepts", async () => {
  const { url, deliveries } = await receiver(500, 404, 200);
  await createWebhooks({ attempts: 5, retryDelayMs: 1 }).deliver(url, event);
  expect(deliveries).toHaveLength(3);
});

test("attempts are bounded", async () => {
  const { url, deliveries } = await receiver(503);
  await createWebhooks({ attempts: 2, retryDelayMs: 1 }).deliver(url, event);
  expect(deliveries).toHaveLength(2);
});

test("a redirect is a permanent failure", async () => {
  const { url, deliveries } = await receiver(307, 200);
  await createWebhooks({ retryDelayMs: 1 }).deliver(url, event);
  expect(deliveries).toHaveLength(1);
});

test("an unreachable or impossible target is given up without an error", async () => {
  const webhooks = createWebhooks({ attempts: 2, retryDelayMs: 1 });
  await expect(webhooks.deliver("http://127.0.0.1:1/", event)).resolves.toBeUndefined();
  await expect(webhooks.deliver("not a url", event)).resolves.toBeUndefined();
  await expect(webhooks.deliver("file:///etc/hostname", event)).resolves.toBeUndefined();
});

test("closing ends a delivery that waits for its next attempt", async () => {
  const { url, deliveries } = await receiver(500);
  const webhooks = createWebhooks({ attempts: 2, retryDelayMs: 3_600_000 });
  const delivery = webhooks.deliver(url, event);
  await expect.poll(() => deliveries.length).toBe(1);
  webhooks.close();
  await delivery;
  expect(deliveries).toHaveLength(1);
});
