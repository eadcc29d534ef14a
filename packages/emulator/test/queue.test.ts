// The queue on the wire: states, codes, bodies and URLs, without a client in between.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Emulator } from "../src/index.ts";
import {
  begun,
  block,
  call,
  closedGate,
  ended,
  post,
  start,
  type Submitted,
  submit,
  until,
} from "./fixture.ts";

const events = (text: string): Array<Record<string, any>> =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => JSON.parse(block.slice("data: ".length)) as Record<string, any>);

const status = async (emulator: Emulator, job: Submitted): Promise<[number, any]> => {
  const response = await call(emulator, job.status_url);
  return [response.status, await response.json()];
};

test("submit names the app only, also for a sub path, and all three URLs", async () => {
  const emulator = await start();
  const job = await submit(emulator, "test/slow/sub/path");
  const base = `https://queue.fal.run/test/slow/requests/${job.request_id}`;
  expect(job).toEqual({
    status: "IN_QUEUE",
    request_id: job.request_id,
    gateway_request_id: job.request_id,
    response_url: base,
    status_url: `${base}/status`,
    cancel_url: `${base}/cancel`,
    queue_position: 0,
  });
});

test("queueUrls: local lets every URL be followed as it is", async () => {
  const emulator = await start({ queueUrls: "local" });
  const job = await submit(emulator, "test/slow");
  expect(job.status_url.startsWith(`${emulator.url}/queue.fal.run/test/slow/`)).toBe(true);
  await ended(emulator, job);
  expect(await (await call(emulator, job.response_url)).json()).toEqual({ ok: true });
});

test("202 with a position, 202 with logs, 200 with metrics; keys as clients need them", async () => {
  const emulator = await start({ concurrency: 1 });
  const blocker = await block(emulator);
  const gate = closedGate();
  const first = await submit(emulator, "test/gate", { gate: gate.name });
  const second = await submit(emulator, "test/gate");
  expect([first.queue_position, second.queue_position]).toEqual([0, 1]);
  expect(await status(emulator, second)).toEqual([
    202,
    {
      status: "IN_QUEUE",
      request_id: second.request_id,
      queue_position: 1,
      response_url: second.response_url,
      status_url: second.status_url,
      cancel_url: second.cancel_url,
    },
  ]);
  blocker.open();
  await begun(emulator, first);
  expect(await status(emulator, first)).toMatchObject([202, { status: "IN_PROGRESS", logs: null }]);
  expect(await status(emulator, second)).toMatchObject([202, { queue_position: 0 }]);
  gate.open();
  expect(await ended(emulator, first)).toMatchObject({
    status: "COMPLETED",
    metrics: { inference_time: expect.any(Number) },
    logs: [
      {
        message: "at the gate",
        level: "INFO",
        source: "USER",
        timestamp: expect.stringMatching(/^\d{4}-.+Z$/),
        labels: { level: "INFO", source: "USER" },
      },
      { message: "through", labels: { level: "DEBUG" } },
    ],
  });
  expect(await ended(emulator, second)).not.toHaveProperty("error");
});

/** Reads a stream as text; `seen` settles as soon as the text so far satisfies it. */
function follow(response: Response): { seen(is: (text: string) => boolean): Promise<string> } {
  let text = "";
  let done = false;
  void (async () => {
    for await (const chunk of response.body!) text += Buffer.from(chunk as Uint8Array).toString();
    done = true;
  })();
  return {
    seen: async (is) => {
      await until(() => is(text) || done);
      return text;
    },
  };
}

test("the status stream tells each change once, logs as increments, and ends", async () => {
  const emulator = await start({ concurrency: 1 });
  const blocker = await block(emulator);
  const gate = closedGate();
  const job = await submit(emulator, "test/gate", { gate: gate.name });
  const response = await call(emulator, `${job.status_url}/stream?logs=1`);
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const stream = follow(response);
  await stream.seen((text) => text.includes("IN_QUEUE"));
  blocker.open();
  await stream.seen((text) => text.includes("at the gate"));
  gate.open();
  const seen = events(await stream.seen(() => false));
  expect([...new Set(seen.map((event) => event["status"]))]).toEqual([
    "IN_QUEUE",
    "IN_PROGRESS",
    "COMPLETED",
  ]);
  expect(seen.filter((event) => event["status"] === "COMPLETED")).toHaveLength(1);
  expect(new Set(seen.map((event) => JSON.stringify(event))).size).toBe(seen.length);
  const told = seen.flatMap((event) => (event["logs"] ?? []) as Array<{ message: string }>);
  expect(told.map(({ message }) => message)).toEqual(["at the gate", "through"]);
});

test("a quiet status stream carries comments", async () => {
  const emulator = await start({ keepAliveMs: 30 });
  const blocker = await block(emulator);
  const stream = follow(await call(emulator, `${blocker.job.status_url}/stream`));
  await stream.seen((text) => text.split(": keep-alive\n\n").length > 3);
  blocker.open();
  const seen = events(await stream.seen(() => false));
  expect(seen.map((event) => event["status"])).toEqual(["IN_PROGRESS", "COMPLETED"]);
  expect(seen.map((event) => event["logs"])).toEqual([null, null]);
});

test("the result replays status, body and headers of the model", async () => {
  const emulator = await start();
  const job = await submit(emulator, "test/invalid");
  expect(await ended(emulator, job)).toMatchObject({
    status: "COMPLETED",
    error: "Invalid status code: 422",
    error_type: "missing",
  });
  for (const url of [job.response_url, `${job.response_url}/`, `${job.response_url}/response`]) {
    const result = await call(emulator, url);
    expect(result.status).toBe(422);
    expect(result.headers.get("x-custom")).toBe("kept");
    expect(result.headers.get("x-fal-billable-units")).toBe("0");
    expect(result.headers.get("x-fal-request-id")).toBe(job.request_id);
    expect(await result.json()).toMatchObject({ detail: [{ type: "missing" }] });
  }
});

test("full-id paths in front of /requests are understood", async () => {
  const emulator = await start();
  const { request_id: id } = await submit(emulator, "test/slow/sub/path");
  const base = `https://queue.fal.run/test/slow/sub/path/requests/${id}`;
  while ((await call(emulator, `${base}/status/`)).status === 202);
  expect(await (await call(emulator, `${base}/response`)).json()).toEqual({ sub: true });
});

test("a result before its time is 400", async () => {
  const emulator = await start();
  const { job } = await block(emulator);
  const result = await call(emulator, job.response_url);
  expect([result.status, await result.json()]).toEqual([
    400,
    { detail: "Request is still in progress" },
  ]);
});

test("cancel: waiting, too late, running, unknown", async () => {
  const emulator = await start({ concurrency: 1 });
  const cancel = async (url: string): Promise<[number, unknown]> => {
    const response = await call(emulator, url, { method: "PUT" });
    return [response.status, await response.json()];
  };
  const running = (await block(emulator)).job;
  const waiting = await submit(emulator, "test/gate");
  expect(await cancel(waiting.cancel_url)).toEqual([200, { status: "OK" }]);
  expect(await ended(emulator, waiting)).toMatchObject({ metrics: { inference_time: null } });
  expect(await cancel(waiting.cancel_url)).toEqual([400, { status: "ALREADY_COMPLETED" }]);

  expect(await cancel(running.cancel_url)).toEqual([202, { status: "CANCELLATION_REQUESTED" }]);
  expect(await ended(emulator, running)).toMatchObject({ error_type: "client_cancelled" });
  expect((await call(emulator, running.response_url)).status).toBe(499);

  const unknown = running.cancel_url.replace(running.request_id, crypto.randomUUID());
  expect(await cancel(unknown)).toEqual([404, { status: "NOT_FOUND" }]);
});

test("an app that ignores the cancel answers as if there had been none", async () => {
  const emulator = await start();
  const gate = closedGate();
  const job = await submit(emulator, "test/gate", { gate: gate.name, deaf: true });
  await begun(emulator, job);
  expect((await call(emulator, job.cancel_url, { method: "PUT" })).status).toBe(202);
  expect((await status(emulator, job))[1].status).toBe("IN_PROGRESS");
  gate.open();
  await ended(emulator, job);
  expect(await (await call(emulator, job.response_url)).json()).toEqual({ passed: true });
});

test("the account's limit: a run is 429, a job waits, a cancelled one makes room", async () => {
  const emulator = await start({ concurrency: 1 });
  const first = (await block(emulator)).job;
  const second = await submit(emulator, "test/gate");
  const run = await post(emulator, "https://fal.run/test/gate");
  expect(run.status).toBe(429);
  expect(run.headers.get("x-fal-error-type")).toBe("concurrent_requests_limit");
  expect(run.headers.get("x-fal-needs-retry")).toBe("1");
  expect((await status(emulator, second))[1].status).toBe("IN_QUEUE");
  await call(emulator, first.cancel_url, { method: "PUT" });
  expect(await ended(emulator, second)).not.toHaveProperty("error");
});

test("fal_max_queue_length refuses a submit behind more waiting jobs of the app", async () => {
  const emulator = await start({ concurrency: 1 });
  await block(emulator);
  await submit(emulator, "test/gate");
  await submit(emulator, "test/slow");
  const answer = async (most: number): Promise<number> =>
    (await post(emulator, `https://queue.fal.run/test/gate?fal_max_queue_length=${most}`)).status;
  expect(await answer(0)).toBe(429);
  expect(await answer(1)).toBe(200);
  expect(await answer(1)).toBe(429);
});

test.each([
  ["x-fal-request-timeout", "1.1"],
  ["x-fal-request-start-timeout", "0.2"],
])("%s: 504 that says whose timeout it was", async (name, value) => {
  const emulator = await start({ coldStartMs: 10_000 });
  const job = await submit(emulator, "test/slow", {}, { [name]: value });
  expect(await ended(emulator, job)).toMatchObject({ error_type: "startup_timeout" });
  const result = await call(emulator, job.response_url);
  expect(result.status).toBe(504);
  expect(result.headers.get("x-fal-request-timeout-type")).toBe("user");
});

test("the platform tries a 503 of the app again, under another gateway id", async () => {
  let tries = 0;
  const flaky = {
    id: "test/flaky",
    run: async () => (++tries < 3 ? { status: 503, body: {} } : { body: { tries } }),
  };
  const emulator = await start({ models: [flaky] });
  const job = await submit(emulator, "test/flaky");
  await ended(emulator, job);
  expect(await (await call(emulator, job.response_url)).json()).toEqual({ tries: 3 });

  tries = 0;
  const once = await submit(emulator, "test/flaky", {}, { "x-fal-no-retry": "1" });
  await ended(emulator, once);
  expect((await call(emulator, once.response_url)).status).toBe(503);
});

test("results are forgotten after their time, large ones in a tenth of it", async () => {
  const emulator = await start({ retentionMs: 4_000 });
  const small = await submit(emulator, "test/gate");
  const large = await submit(emulator, "test/large");
  await Promise.all([ended(emulator, small), ended(emulator, large)]);
  const gone = async (job: Submitted): Promise<boolean> =>
    (await call(emulator, job.response_url)).status === 404;
  await until(() => gone(large));
  expect(await gone(small)).toBe(false);
  await until(() => gone(small));
});

test("404: unknown app, unknown request, another app's or account's request; unknown path later", async () => {
  const keys = ["a:1", "b:2"];
  const emulator = await start({ keys });
  const answer = async (url: string, key = "a:1"): Promise<[number, any]> => {
    const response = await call(emulator, url, { headers: { authorization: `Key ${key}` } });
    return [response.status, await response.json()];
  };
  const nowhere = await post(emulator, "https://queue.fal.run/test/nothing");
  expect([nowhere.status, await nowhere.json()]).toEqual([
    404,
    { detail: 'Application "nothing" not found' },
  ]);
  const job = await submit(emulator, "test/slow");
  const missing = [404, { status: "NOT_FOUND" }];
  expect(await answer("https://queue.fal.run/test/slow/requests/none/status")).toEqual(missing);
  expect(await answer(job.status_url.replace("test/slow", "test/gate"))).toEqual(missing);
  expect(await answer(job.status_url, "b:2")).toEqual(missing);
  expect((await answer(job.status_url))[0]).not.toBe(404);

  const lost = await submit(emulator, "test/slow/elsewhere");
  await ended(emulator, lost);
  expect(await answer(lost.response_url)).toEqual([404, { detail: "Path /elsewhere not found" }]);
});

test("fal_webhook gets the outcome, the error body of a failed job included", async () => {
  const bodies: Array<Record<string, unknown>> = [];
  let arrived!: () => void;
  const both = new Promise<void>((resolve) => (arrived = resolve));
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
    response.end();
    if (bodies.length === 2) arrived();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void receiver.close());
  const emulator = await start();
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const query = `?fal_webhook=${encodeURIComponent(hook)}`;
  const good = await submit(emulator, `test/slow${query}`);
  const bad = await submit(emulator, `test/invalid${query}`);
  await both;
  const of = (id: string) => bodies.find((body) => body["request_id"] === id);
  expect(of(good.request_id)).toMatchObject({ status: "OK", payload: { ok: true } });
  expect(of(bad.request_id)).toMatchObject({
    status: "ERROR",
    error: "Invalid status code: 422",
    payload: { detail: [{ type: "missing" }] },
  });
});

test("reset stops running jobs and forgets them", async () => {
  const emulator = await start({ concurrency: 1 });
  const { job } = await block(emulator);
  emulator.reset();
  expect(emulator.requests).toEqual([]);
  expect((await status(emulator, job))[0]).toBe(404);
  const next = await submit(emulator, "test/gate");
  expect(await ended(emulator, next)).not.toHaveProperty("error");
});
