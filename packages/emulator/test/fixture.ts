// An emulator with a few models of the test's own, raw calls to it, and fal's client pointed at it.
import { createFalClient, type FalClient } from "@fal-ai/client";
import { onTestFinished } from "vitest";
import { createEmulator, type Emulator, type EmulatorOptions, type Model } from "../src/index.ts";

/** Holds a call of `test/gate` until it is opened: order by events, not by clocks. */
export interface Gate {
  readonly name: string;
  open(): void;
}

const gates = new Map<string, Promise<void>>();

export function closedGate(): Gate {
  const name = crypto.randomUUID();
  let open!: () => void;
  gates.set(name, new Promise((resolve) => (open = resolve)));
  return { name, open };
}

/** Passes when the gate is open; rejects when the caller is gone, unless `deaf`. */
function pass(input: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const passed = gates.get(String(input.gate)) ?? Promise.resolve();
  if (input.deaf === true) return passed;
  const left = new Promise<never>((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error)),
  );
  return Promise.race([passed, left]);
}

export const models: readonly Model[] = [
  {
    id: "test/gate",
    run: async (input, context) => {
      context.log("at the gate");
      await pass(input, context.signal);
      context.log("through", "DEBUG");
      return { body: { passed: true } };
    },
    stream: (input, context) => ({
      contentType: "text/event-stream",
      chunks: (async function* () {
        yield { at: "gate" };
        await pass(input, context.signal);
        yield { passed: true };
      })(),
    }),
  },
  {
    id: "test/slow",
    run: async (input, context) => {
      context.log("loading");
      await context.wait(Number(input.ms ?? 300));
      context.log("done", "DEBUG");
      return { body: { ok: true }, billableUnits: "1.0000" };
    },
  },
  { id: "test/slow/sub/path", run: async () => ({ body: { sub: true } }) },
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
    id: "test/refuses-streams",
    run: async () => ({ body: {} }),
    stream: () => ({
      status: 422,
      headers: { "x-fal-billable-units": "0" },
      contentType: "application/json",
      chunks: (async function* () {
        yield Buffer.from('{"detail":"no"}');
      })(),
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

/** Polls until the job has left the queue. */
export async function begun(emulator: Emulator, job: { status_url: string }): Promise<void> {
  for (;;) {
    const response = await call(emulator, job.status_url);
    const { status } = (await response.json()) as { status: string };
    if (status !== "IN_QUEUE") return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A running job that keeps the only slot of an emulator with `concurrency: 1` until its gate opens. */
export async function block(emulator: Emulator): Promise<Gate & { job: Submitted }> {
  const gate = closedGate();
  const job = await submit(emulator, "test/gate", { gate: gate.name });
  await begun(emulator, job);
  return { ...gate, job };
}

/** Calls `attempt` until it is true. */
export async function until(attempt: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await attempt())) await new Promise((resolve) => setTimeout(resolve, 10));
}
