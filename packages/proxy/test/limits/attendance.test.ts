/** An app that forgot to look after its jobs is told. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFetchHandler } from "../../src/adapters/fetch.ts";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import type { DefineOptions } from "../../src/limits/options.ts";
import { createSweepHandler, settleDue } from "../../src/limits/sweep.ts";
import { createWebhookHandler } from "../../src/limits/webhook.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubEnv("NODE_ENV", "development");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const shared = { ...memoryStore(), engine: "postgres", durable: true };
const define = (more: Partial<DefineOptions> = {}): FalProxy =>
  defineProxy({
    isAuthenticated: () => ({ id: "42" }),
    resolveFalAuth: () => "a:b",
    fetch: async () => Response.json({ request_id: crypto.randomUUID() }),
    store: memoryStore(),
    ...more,
  });

/** @returns how often it was told within ten minutes of two submits */
async function told(fal: FalProxy, then: () => unknown = () => {}): Promise<number> {
  warn.mockClear();
  const handle = createFetchHandler(fal);
  for (let submits = 0; submits < 2; submits++) {
    const reply = await handle(
      new Request("https://app.example/api/fal/proxy", {
        method: "POST",
        body: "{}",
        headers: {
          "x-fal-target-url": "https://queue.fal.run/fal-ai/any/model",
          "content-type": "application/json",
        },
      }),
    );
    expect(reply.status).toBe(200);
  }
  await then();
  await vi.advanceTimersByTimeAsync(600_000);
  return warn.mock.calls.filter(([text]) => String(text).includes("nothing looks after jobs"))
    .length;
}

test("once, where nothing does", async () => {
  expect(await told(define())).toBe(1);
  expect(await told(define({ store: shared }))).toBe(1);
});

test.each<[string, (fal: FalProxy) => unknown]>([
  ["a timer that sweeps", (fal) => settleDue(fal)],
  ["a route that sweeps", (fal) => createSweepHandler(fal, { secret: "a-secret-of-the-cron-job" })],
  ["a route for webhooks", (fal) => createWebhookHandler(fal)],
])("not with %s", async (_what, attend) => {
  const fal = define();
  expect(await told(fal, () => attend(fal))).toBe(0);
});

test("not where fal is told whom to call", async () => {
  expect(await told(define({ webhookUrl: "https://app.example/hook" }))).toBe(0);
});

test("in production only where no other process could", async () => {
  vi.stubEnv("NODE_ENV", "production");
  expect(await told(define({ store: shared }))).toBe(0);
  expect(await told(define())).toBe(1);
});
