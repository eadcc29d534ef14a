/**
 * Clients that nobody here wrote, as they are, against fal's names over TLS: directly, and through the
 * proxy. One row a client, one column an operation (D4, D5, D14, D17, F1 to F7).
 */
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { DEFAULT_ALLOWED_URL_PATTERNS } from "../src/index.ts";
import { createRequestListener } from "../src/adapters/node.ts";
import { leadNames } from "./support/fal-names.ts";

// Their folder has a lock file of its own: npm ci in tools/clients.
const require = createRequire(new URL("../../../tools/clients/package.json", import.meta.url));

let fal: Emulator;
let proxy: Server;
let proxyUrl: string;
let restore = (): void => {};

beforeAll(async () => {
  fal = await createEmulator({ tls: true, latency: 0, fileUrls: "fal" });
  const port = Number(new URL(fal.url).port);
  const names = [
    "fal.run",
    "queue.fal.run",
    "rest.fal.ai",
    "rest.alpha.fal.ai",
    "api.fal.ai",
    "v3.fal.media",
    "ws.fal.run",
  ];
  restore = leadNames(
    Object.fromEntries(names.map((name) => [name, [{ port }]])),
    fal.certificate as string,
  );
  const listener = createRequestListener({
    resolveFalAuth: () => fal.key,
    allowedUrlPatterns: [
      ...DEFAULT_ALLOWED_URL_PATTERNS,
      "rest.fal.ai/tokens/**",
      "rest.alpha.fal.ai/tokens/**",
    ],
    maxBodyBytes: 200 * 1024 * 1024,
  });
  proxy = createServer(listener).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/api/fal/proxy`;
  // Node 20 has none. A client may dial again after a test.
  Object.assign(globalThis, { WebSocket });
});
beforeEach(() => fal.reset());
afterAll(async () => {
  restore();
  vi.unstubAllGlobals();
  proxy.close();
  proxy.closeAllConnections();
  await fal.close();
});

type Way = "directly" | "through the proxy";
const ways: readonly Way[] = ["directly", "through the proxy"];

/** Before a client is asked anything: what an app configures. */
function configured(name: string, way: Way): any {
  const module = require(name);
  const client = module.fal ?? module;
  // Clients use a proxy in browsers only.
  if (way === "directly") vi.stubGlobal("window", undefined);
  else vi.stubGlobal("window", { fetch, document: {}, location: { href: "http://app.example/" } });
  client.config(
    way === "directly"
      ? { credentials: fal.key, proxyUrl: undefined }
      : { proxyUrl, credentials: () => undefined },
  );
  return client;
}

const data = (result: any): any => result.data ?? result;

interface Client {
  /** What its version cannot do, each with the reason. */
  readonly without?: Readonly<Record<string, string>>;
}

const fals: Readonly<Record<string, Client>> = {
  "fal-0.9": {
    without: {
      "subscribe, streaming": "came later",
      cancel: "came later",
      "upload in parts": "came later",
    },
  },
  "fal-0.14": { without: { cancel: "came later", "upload in parts": "came later" } },
  "fal-1.2": { without: { "upload in parts": "came later" } },
  "fal-1.5": {},
  "fal-1.9": {},
  "fal-1.10": {},
};

const operations: Readonly<Record<string, (client: any) => Promise<void>>> = {
  run: async (client) => {
    const result = data(await client.run("fal-ai/echo", { input: { text: "hello" } }));
    expect(JSON.stringify(result)).toContain("hello");
  },
  "subscribe, polling": async (client) => {
    const states: string[] = [];
    const result = await client.subscribe("fal-ai/echo", {
      input: { text: "hello" },
      pollInterval: 20,
      logs: true,
      onQueueUpdate: ({ status }: { status: string }) => states.push(status),
    });
    expect(JSON.stringify(data(result))).toContain("hello");
    expect(states.at(-1)).toBe("COMPLETED");
  },
  "subscribe, streaming": async (client) => {
    const result = await client.subscribe("fal-ai/echo", {
      input: { text: "hello" },
      mode: "streaming",
    });
    expect(JSON.stringify(data(result))).toContain("hello");
  },
  stream: async (client) => {
    const stream = await client.stream("fal-ai/echo", { input: { text: "hello" } });
    // Not by its iterator: up to 1.2 it drops what comes together with the end.
    const last = await stream.done();
    expect(JSON.stringify(last)).toContain("hello");
  },
  upload: async (client) => {
    const url = await client.storage.upload(new Blob(["hello"], { type: "text/plain" }));
    expect(url).toMatch(/^https:\/\/v3\.fal\.media\/files\//);
    expect(await (await fetch(url)).text()).toBe("hello");
  },
  "upload in parts": async (client) => {
    const bytes = new Uint8Array(95 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = at / 4096;
    const url = await client.storage.upload(new Blob([bytes], { type: "video/mp4" }));
    expect(fal.requests.filter(({ path }) => path.includes("/multipart/")).length).toBeGreaterThan(
      9,
    );
    const back = new Uint8Array(await (await fetch(url)).arrayBuffer());
    expect(Buffer.from(back).equals(Buffer.from(bytes))).toBe(true);
  },
  cancel: async (client) => {
    const submitted = await client.queue.submit("fal-ai/echo", { input: { text: "hello" } });
    const requestId: string = submitted.request_id;
    // It may be too late for it, and says so then.
    await client.queue.cancel("fal-ai/echo", { requestId }).catch(() => undefined);
    expect(fal.requests.at(-1)).toMatchObject({
      method: "PUT",
      path: expect.stringContaining(`${requestId}/cancel`),
    });
  },
  realtime: async (client) => {
    const result = await new Promise<unknown>((resolve, reject) => {
      const connection = client.realtime.connect("fal-ai/echo", {
        connectionKey: crypto.randomUUID(),
        throttleInterval: 0,
        onResult: (value: unknown) => {
          resolve(value);
          connection.close();
        },
        onError: reject,
      });
      connection.send({ text: "hello" });
    });
    expect(JSON.stringify(result)).toContain("hello");
  },
};

describe.each(ways)("%s", (way) => {
  describe.each(Object.entries(fals))("%s", (name, { without = {} }) => {
    const offered = Object.entries(operations).filter(([operation]) => !(operation in without));
    test.each(offered)("%s", async (_operation, act) => {
      await act(configured(name, way));
      if (way === "directly") return;
      const proxied = fal.requests.filter(({ headers }) => headers["x-fal-client-proxy"]);
      expect(proxied.length).toBeGreaterThan(0);
    });
  });
});

describe("clients of others", () => {
  const input = "a cat on a roof";

  test("the AI SDK's fal provider makes a picture and reads its bytes", async () => {
    vi.stubGlobal("window", undefined);
    const { createFal } = require("@ai-sdk/fal");
    const { images, response } = await createFal({ apiKey: fal.key })
      .image("fal-ai/flux/schnell")
      .doGenerate({ prompt: input, n: 1, size: "512x512", providerOptions: {} });
    // JPEG, as this model makes it.
    expect([...images[0].subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(response.modelId).toBe("fal-ai/flux/schnell");
    expect(fal.charges).toMatchObject([{ endpointId: "fal-ai/flux/schnell" }]);
  });

  test("TanStack's fal adapter makes a picture", async () => {
    vi.stubGlobal("window", undefined);
    const module = (name: string): Promise<any> =>
      import(
        new URL(
          `../../../tools/clients/node_modules/@tanstack/${name}/dist/esm/index.js`,
          import.meta.url,
        ).href
      );
    const { falImage } = await module("ai-fal");
    const { generateImage } = await module("ai");
    const adapter = falImage("fal-ai/flux/schnell", { apiKey: fal.key });
    const { images } = await generateImage({ adapter, prompt: input });
    expect(images[0].url).toMatch(/^https:\/\/v3\.fal\.media\/files\//);
    expect((await fetch(images[0].url)).headers.get("content-type")).toMatch(/^image\//);
  });
});

vi.setConfig({ testTimeout: 30_000 });
