// An emulator with a few models of the test's own, raw calls to it, and fal's client pointed at it.
import { createFalClient, type FalClient } from "@fal-ai/client";
import { onTestFinished } from "vitest";
import { createEmulator, type Emulator, type EmulatorOptions, type Model } from "../src/index.ts";

export const models: readonly Model[] = [
  {
    id: "test/slow",
    run: async (input, context) => {
      context.log("loading");
      await context.wait(Number(input.ms ?? 300));
      context.log("done", "DEBUG");
      return { body: { ok: true }, billableUnits: "1.0000" };
    },
    stream: (_input, context) => ({
      contentType: "text/event-stream",
      chunks: (async function* () {
        for (let index = 0; ; index++) {
          yield { index };
          await context.wait(50);
        }
      })(),
    }),
  },
  { id: "test/slow/sub/path", run: async () => ({ body: { sub: true } }) },
  {
    id: "test/deaf",
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { body: { finished: "anyway" } };
    },
  },
  {
    id: "test/invalid",
    run: async () => ({
      status: 422,
      body: { detail: [{ loc: ["body", "prompt"], msg: "Field required", type: "missing" }] },
      headers: { "x-fal-error-type": "missing", "x-custom": "kept" },
      billableUnits: "0",
    }),
  },
  {
    id: "test/throws",
    run: async () => {
      throw new Error("a secret of the model");
    },
  },
  {
    id: "test/large",
    run: async () => ({ body: { text: "x".repeat(20_000) } }),
  },
  {
    id: "test/voice",
    run: async () => ({ body: {} }),
    stream: () => ({
      contentType: "audio/mpeg",
      chunks: (async function* () {
        yield new Uint8Array([1, 2, 3]);
        yield new Uint8Array([4, 5]);
      })(),
    }),
  },
  {
    id: "test/picture",
    price: { unitPrice: 0.025, unit: "megapixels" },
    run: async (_input, context) => ({
      body: { image: { url: context.store(new Uint8Array([9, 8, 7]), "image/png", "p.png") } },
    }),
  },
  { id: "workflows/test/chain", run: async () => ({ body: { chained: true } }) },
];

export async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await createEmulator({
    latency: 0,
    ...options,
    models: [...models, ...(options.models ?? [])],
  });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** `https://HOST/…` as `${url}/HOST/…`, with the key. */
export function call(emulator: Emulator, url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Key ${emulator.key}`);
  return fetch(local(emulator, url), { redirect: "manual", ...init, headers });
}

export function post(
  emulator: Emulator,
  url: string,
  input: unknown = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return call(emulator, url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(input),
  });
}

export function local(emulator: Emulator, url: string): string {
  return url.startsWith("https://") ? `${emulator.url}/${url.slice("https://".length)}` : url;
}

/** fal's own client. It retries at its own pace; `retry` makes that pace bearable for a test. */
export function client(emulator: Emulator): FalClient {
  return createFalClient({
    credentials: emulator.key,
    fetch: (input, init) => fetch(local(emulator, String(input)), init),
    retry: { baseDelay: 5, maxDelay: 20 },
  });
}

export interface Submitted {
  status: string;
  request_id: string;
  gateway_request_id: string;
  response_url: string;
  status_url: string;
  cancel_url: string;
  queue_position: number;
}

export async function submit(
  emulator: Emulator,
  id: string,
  input: unknown = {},
  headers: Record<string, string> = {},
): Promise<Submitted> {
  const response = await post(emulator, `https://queue.fal.run/${id}`, input, headers);
  return (await response.json()) as Submitted;
}

/** Polls until the job has ended; its last status. */
export async function ended(
  emulator: Emulator,
  job: { status_url: string },
): Promise<Record<string, unknown>> {
  for (;;) {
    const response = await call(emulator, `${job.status_url}?logs=1`);
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status !== 202) return body;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
