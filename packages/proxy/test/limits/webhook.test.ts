/** fal's webhook on the way to the app: signed by fal itself, settled by what fal says when it is asked, told once. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ProxyEvent } from "../../src/index.ts";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import {
  createWebhookHandler,
  type JobResult,
  type WebhookHandlerOptions,
} from "../../src/limits/webhook.ts";
import { createFetchHandler } from "../../src/adapters/fetch.ts";
import { falPrices } from "../../src/money/fal-prices.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Job, Store } from "../../src/stores/store.ts";
import { json, startWildFal, type WildFal } from "../support/wild-fal.ts";

const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";

/** An app whose webhook route is served over a real socket. */
interface Hooked {
  fal: FalProxy;
  store: Store;
  url: string;
  told: JobResult[];
  events: ProxyEvent[];
  submit(path: string, input?: object): Promise<Response>;
  close(): void;
}

const open: Hooked[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  vi.unstubAllEnvs();
});

async function start(
  upstream: string,
  key: string,
  options: WebhookHandlerOptions = {},
): Promise<Hooked> {
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const reply = await handle(
      new Request(`http://app.example${request.url}`, {
        method: request.method ?? "POST",
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(parts),
      }),
    );
    response.writeHead(reply.status).end(await reply.text());
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  vi.stubEnv("FAL_PROXY_UPSTREAM", upstream);
  vi.stubEnv("FAL_KEY", key);
  const [store, told, events]: [Store, JobResult[], ProxyEvent[]] = [memoryStore(), [], []];
  const fal = defineProxy({
    isAuthenticated: () => ({ id: "42" }),
    store,
    prices: falPrices(
      { "fal-ai/any/model": { flat: 1, usd: "0.1", ignore: ["image_size"] } },
      { list: false },
    ),
    limits: { user: { usd: { day: 10 }, inFlight: 5 } },
    webhookUrl: url,
    onEvent: (event) => events.push(event),
  });
  const handle = createWebhookHandler(fal, { onResult: (result) => told.push(result), ...options });
  const proxy = createFetchHandler(fal);
  const hooked: Hooked = {
    fal,
    store,
    url,
    told,
    events,
    submit: (path, input = { prompt: "a cat", image_size: { width: 64, height: 64 } }) =>
      proxy(
        new Request("http://app.example/api/fal/proxy", {
          method: "POST",
          body: JSON.stringify(input),
          headers: { "x-fal-target-url": `https://${path}`, "content-type": "application/json" },
        }),
      ),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  open.push(hooked);
  return hooked;
}

describe("from the emulator", () => {
  let fal: Emulator;
  beforeAll(async () => {
    fal = await createEmulator({ latency: 0, webhooks: { retryDelayMs: 50, attempts: 6 } });
  });
  beforeEach(() => fal.reset());
  afterAll(() => fal.close());

  test("a job that nobody asks for is settled by its bill, and told once with what it gave", async () => {
    const app = await start(fal.url, fal.key);
    const { request_id: requestId } = (await (
      await app.submit("queue.fal.run/fal-ai/flux/dev")
    ).json()) as { request_id: string };
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(1);
    expect(app.told[0]).toMatchObject({
      requestId,
      endpoint: "fal-ai/flux/dev",
      owner: "user/42",
      status: 200,
      output: { images: [expect.any(Object)] },
    });
    expect((await app.store.look({ requestId })).job).toMatchObject({ state: "charged" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(app.told).toHaveLength(1);
  });

  test("what the app could not take is delivered again", async () => {
    let fails = 2;
    const taken: string[] = [];
    const app = await start(fal.url, fal.key, {
      onResult: ({ jobId }) => {
        if (fails-- > 0) throw new Error("not now");
        taken.push(jobId);
      },
    });
    // The lease of the first attempt is over at once.
    const advance = app.store.advance.bind(app.store);
    app.store.advance = (id, change) =>
      advance(id, typeof change.tell === "number" ? { ...change, tell: 1 } : change);
    await app.submit("queue.fal.run/fal-ai/flux/dev");
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(1);
    expect(app.events.filter(({ type }) => type === "fault")).toHaveLength(2);
  });

  test("a caller's own webhook is refused", async () => {
    const app = await start(fal.url, fal.key);
    const refused = await app.submit(
      "queue.fal.run/fal-ai/flux/dev?fal_webhook=https://evil.example",
    );
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(fal.requests).toHaveLength(0);
  });
});

describe("as anybody may send it", () => {
  const keys = generateKeyPairSync("ed25519");
  const others = generateKeyPairSync("ed25519");
  const jwk = (pair: typeof keys): object => ({
    ...pair.publicKey.export({ format: "jwk" }),
    use: "sig",
  });
  let fal: WildFal;
  let says: { status: unknown; result: unknown; units: string };
  let jwks: () => object;
  beforeAll(async () => {
    fal = await startWildFal();
  });
  afterAll(() => fal.close());
  beforeEach(() => {
    says = { status: { status: "COMPLETED" }, result: { ok: true }, units: "2" };
    jwks = () => ({ keys: [jwk(others), jwk(keys)] });
    fal.received.length = 0;
    fal.answer = (response, request) => {
      const path = request.url ?? "";
      const answer = path.endsWith("jwks.json")
        ? json(jwks())
        : path.endsWith("/status")
          ? json(says.status)
          : path.includes("/requests/")
            ? json(says.result, 200, {
                "x-fal-request-id": "r-1",
                "x-fal-billable-units": says.units,
              })
            : json({ request_id: "r-1" });
      answer(response, request);
    };
  });

  interface Sent {
    id?: string;
    user?: string;
    at?: number;
    body?: string;
    pair?: typeof keys;
    change?: Record<string, string>;
    sent?: string;
  }
  const deliver = (
    app: Hooked,
    {
      id = "r-1",
      user = "me",
      at = Date.now(),
      body = '{"status":"OK"}',
      pair = keys,
      change = {},
      sent = body,
    }: Sent = {},
  ): Promise<Response> => {
    const timestamp = String(Math.floor(at / 1000));
    const message = [id, user, timestamp, createHash("sha256").update(body).digest("hex")].join(
      "\n",
    );
    return fetch(app.url, {
      method: "POST",
      body: sent,
      headers: {
        "x-fal-webhook-request-id": id,
        "x-fal-webhook-user-id": user,
        "x-fal-webhook-timestamp": timestamp,
        "x-fal-webhook-signature": sign(null, Buffer.from(message), pair.privateKey).toString(
          "hex",
        ),
        ...change,
      },
    });
  };
  const submitted = async (options?: WebhookHandlerOptions): Promise<Hooked> => {
    const app = await start(fal.url, KEY, options);
    expect((await app.submit("queue.fal.run/fal-ai/any/model")).status).toBe(200);
    expect(fal.received[0]?.path).toBe(
      `/queue.fal.run/fal-ai/any/model?fal_webhook=${encodeURIComponent(app.url)}`,
    );
    return app;
  };
  const job = async (app: Hooked): Promise<Job | undefined> =>
    (await app.store.look({ requestId: "r-1" })).job;

  test("one of fal's settles, by what fal says and not by what it holds", async () => {
    const app = await submitted();
    const body = JSON.stringify({ request_id: "r-1", status: "ERROR", payload: { evil: true } });
    expect((await deliver(app, { body })).status).toBe(200);
    expect(await job(app)).toMatchObject({ state: "charged", units: "2", told: "done" });
    expect(app.told).toMatchObject([{ requestId: "r-1", status: 200, output: { ok: true } }]);
    for (let round = 0; round < 3; round++) expect((await deliver(app)).status).toBe(200);
    expect(app.told).toHaveLength(1);
  });

  test.each<[string, Sent, number]>([
    ["by somebody's key", { pair: generateKeyPairSync("ed25519") }, 403],
    ["another body", { sent: '{"status":"OK" }' }, 403],
    ["another id", { change: { "x-fal-webhook-request-id": "r-2" } }, 403],
    ["another user", { change: { "x-fal-webhook-user-id": "you" } }, 403],
    [
      "another time",
      { change: { "x-fal-webhook-timestamp": String(Math.floor(Date.now() / 1000) - 1) } },
      403,
    ],
    ["of ten minutes ago", { at: Date.now() - 600_000 }, 403],
    ["of the future", { at: Date.now() + 600_000 }, 403],
    ["without a signature", { change: { "x-fal-webhook-signature": "" } }, 400],
    ["half a signature", { change: { "x-fal-webhook-signature": "ab" } }, 400],
    ["no signature at all", { change: { "x-fal-webhook-signature": "zz".repeat(64) } }, 400],
    ["no time", { change: { "x-fal-webhook-timestamp": "now" } }, 400],
    ["of a job that is not here", { id: "r-9" }, 404],
  ])("%s changes nothing", async (_what, sent, status) => {
    const app = await submitted();
    expect((await deliver(app, sent)).status).toBe(status);
    expect(await job(app)).toMatchObject({ state: "open" });
    expect(app.told).toEqual([]);
    expect(fal.received.filter(({ path }) => path.includes("/requests/"))).toEqual([]);
  });

  test("that another account had signed is refused, where ours is known", async () => {
    const app = await submitted({ userId: "me" });
    expect((await deliver(app, { user: "you" })).status).toBe(403);
    expect(await job(app)).toMatchObject({ state: "open" });
    expect((await deliver(app)).status).toBe(200);
  });

  test.each([{ status: "IN_PROGRESS" }, { status: "IN_QUEUE" }, { nothing: true }])(
    "while the job goes on (%j), releases nothing and is to come again",
    async (status) => {
      const app = await submitted();
      says.status = status;
      expect((await deliver(app, { body: '{"status":"ERROR"}' })).status).toBe(503);
      expect(await job(app)).toMatchObject({ state: "open" });
      expect(app.told).toEqual([]);
    },
  );

  test("two at once tell the app one after the other, and once", async () => {
    let atOnce = 0;
    let most = 0;
    const app = await submitted({
      onResult: async () => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 100));
        atOnce--;
        app.told.push({} as JobResult);
      },
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(app)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 503, 503, 503, 503]);
    expect([most, app.told.length]).toEqual([1, 1]);
    expect((await deliver(app)).status).toBe(200);
    expect(app.told).toHaveLength(1);
  });

  test("keys are read once a day and when one is new, but not for everything that is sent", async () => {
    const app = await submitted();
    const asked = (): number =>
      fal.received.filter(({ path }) => path.endsWith("jwks.json")).length;
    for (let round = 0; round < 5; round++)
      await deliver(app, { pair: generateKeyPairSync("ed25519") });
    expect(asked()).toBe(1);
    expect(
      fal.received.find(({ path }) => path.endsWith("jwks.json"))?.headers.authorization,
    ).toBeUndefined();
  });

  test("without keys it is to come again, and the last good ones are kept", async () => {
    const app = await submitted();
    jwks = () => ({ nothing: true });
    expect((await deliver(app)).status).toBe(503);
    expect(await job(app)).toMatchObject({ state: "open" });
  });

  test("too long, or no delivery, is refused", async () => {
    const app = await submitted({ maxBodyBytes: 100 });
    expect((await deliver(app, { body: "x".repeat(101) })).status).toBe(413);
    expect((await fetch(app.url, { method: "PUT", body: "" })).status).toBe(405);
  });

  test.each(["http://app.example.com/hook", "app.example.com/hook", "ftp://x"])(
    "a webhookUrl of %s is an error",
    (webhookUrl) => {
      expect(() => defineProxy({ store: memoryStore(), webhookUrl })).toThrow(
        "webhookUrl must be a public https URL",
      );
    },
  );
  test("so are callers' webhooks beside it", () => {
    const options = { store: memoryStore(), webhookUrl: "https://app.example.com/hook" };
    expect(() => defineProxy({ ...options, webhooks: "forward" })).toThrow("a job has one webhook");
  });
});
