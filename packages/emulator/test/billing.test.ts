// F6: every charge is a row, and the rows sum to what the replies said.
import { expect, test } from "vitest";
import type { Model } from "../src/index.ts";
import { call, client, ended, post, start, submit } from "./fixture.ts";

const priced = (id: string, unitPrice: number, units: string | undefined, status = 200): Model => ({
  id,
  price: { unitPrice, unit: "images" },
  run: async () => ({ status, body: {}, billableUnits: units }),
});

const models = [
  priced("shop/thirds", 0.0398, "0.33333333"),
  priced("shop/tiny", 0.0000001, "3"),
  priced("shop/free", 0.05, "0"),
  priced("shop/untold", 0.05, undefined),
  priced("shop/failed", 0.05, "0", 422),
  { id: "shop/unpriced", run: async () => ({ body: {}, billableUnits: "2" }) },
];

test("a run and a job that named units are charged, exactly; others are not", async () => {
  const emulator = await start({ models });
  const run = await post(emulator, "https://fal.run/shop/thirds");
  const job = await submit(emulator, "shop/tiny");
  await ended(emulator, job);
  for (const id of ["free", "untold", "failed", "unpriced"]) {
    await post(emulator, `https://fal.run/shop/${id}`);
  }
  expect(emulator.charges).toMatchObject([
    {
      requestId: run.headers.get("x-fal-request-id"),
      endpointId: "shop/thirds",
      units: "0.33333333",
      unit: "images",
      unitPrice: "0.0398",
      // 0.33333333 × 0.0398 = 0.013266666534
      costNanoUsd: 13_266_667n,
    },
    {
      requestId: job.request_id,
      endpointId: "shop/tiny",
      unitPrice: "0.0000001",
      costNanoUsd: 300n,
    },
    { endpointId: "shop/unpriced", units: "2", unitPrice: "0", costNanoUsd: 0n },
  ]);
  emulator.reset();
  expect(emulator.charges).toEqual([]);
});

test("a job that was cancelled before it ended costs nothing; each of many is charged once", async () => {
  const emulator = await start({ models, latency: 1, queueMs: 10_000 });
  const waiting = await submit(emulator, "shop/thirds");
  await call(emulator, waiting.cancel_url, { method: "PUT" });
  await ended(emulator, waiting);
  expect(emulator.charges).toEqual([]);

  const busy = await start({ models });
  const fal = client(busy);
  const results = await Promise.all(
    Array.from({ length: 40 }, () => fal.subscribe("shop/thirds", { input: {} })),
  );
  const told = results.map(({ requestId }) => requestId).sort();
  expect(busy.charges.map(({ requestId }) => requestId).sort()).toEqual(told);
});

test("the Platform API tells them to an admin key, alone, in pages, by endpoint and by time", async () => {
  const emulator = await start({ models });
  const runs: string[] = [];
  for (const id of ["thirds", "tiny", "thirds"]) {
    const response = await post(emulator, `https://fal.run/shop/${id}`);
    runs.push(response.headers.get("x-fal-request-id") as string);
  }
  const ask = async (path: string, key = emulator.adminKey): Promise<any> => {
    const headers = { authorization: `Key ${key}` };
    const response = await call(emulator, `https://api.fal.ai/v1/models/${path}`, { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await ask("billing-events", emulator.key)).toMatchObject({
    status: 403,
    error: { type: "authorization_error" },
  });
  const all = await ask("billing-events");
  expect(all.billing_events).toMatchObject([
    {
      request_id: runs[2],
      endpoint_id: "shop/thirds",
      output_units: 0.33333333,
      unit_price: 0.0398,
    },
    { request_id: runs[1], cost_estimate_nano_usd: 300 },
    { request_id: runs[0], cost_estimate_nano_usd: 13_266_667, percent_discount: 0 },
  ]);
  const one = await ask(`billing-events?request_id=${runs[1]}`);
  expect(one.billing_events).toHaveLength(1);
  const page = await ask("billing-events?limit=2");
  const rest = await ask(`billing-events?limit=2&cursor=${page.next_cursor}`);
  expect([page.billing_events.length, rest.billing_events.length, rest.has_more]).toEqual([
    2,
    1,
    false,
  ]);

  const usage = await ask("usage?endpoint_id=shop/thirds");
  expect(usage.summary).toMatchObject([
    {
      endpoint_id: "shop/thirds",
      unit: "images",
      quantity: 0.66666666,
      cost: 0.026533334,
      currency: "USD",
    },
  ]);
  expect(usage.time_series).toHaveLength(1);
  expect((await ask("usage?end=2020-01-01")).summary).toEqual([]);
});

test("a picture of the table costs what its reply said, times its price", async () => {
  const emulator = await start();
  const fal = client(emulator);
  await fal.run("fal-ai/flux/dev", { input: { prompt: "a cat", image_size: "square_hd" } });
  const response = await post(emulator, "https://fal.run/fal-ai/flux/schnell", { prompt: "a dog" });
  const said = response.headers.get("x-fal-billable-units");
  expect(emulator.charges).toMatchObject([
    { endpointId: "fal-ai/flux/dev", costNanoUsd: 25_000_000n },
    { endpointId: "fal-ai/flux/schnell", units: said, costNanoUsd: 3_000_000n },
  ]);
});
