// fal's own client, driven through everything it can do.
import { createHash } from "node:crypto";
import { ApiError, type QueueStatus, ValidationError } from "@fal-ai/client";
import { expect, test } from "vitest";
import { block, client, closedGate, start } from "./fixture.ts";

test("run", async () => {
  const emulator = await start();
  const { data, requestId } = await client(emulator).run("fal-ai/echo", { input: { a: 1 } });
  expect(data).toMatchObject({ input: { a: 1 }, method: "POST" });
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(emulator.requests.map((r) => `${r.method} ${r.url}`)).toEqual([
    "POST https://fal.run/fal-ai/echo",
  ]);
});

test("run with GET puts the input into the query", async () => {
  const emulator = await start();
  const { data } = await client(emulator).run("fal-ai/echo", { method: "get", input: { a: "1" } });
  expect(data).toMatchObject({ input: { a: "1" }, method: "GET" });
});

test("a rejected input is a ValidationError with fields and no units", async () => {
  const emulator = await start();
  const failure = await client(emulator)
    .run("test/invalid", { input: {} })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ValidationError);
  expect((failure as ValidationError).fieldErrors).toMatchObject([{ loc: ["body", "prompt"] }]);
});

test("a wrong key is an ApiError 401", async () => {
  const emulator = await start();
  const stranger = client({ ...emulator, key: "no:body" });
  await expect(stranger.run("fal-ai/echo", { input: {} })).rejects.toMatchObject({
    status: 401,
    body: { detail: "invalid key credentials" },
  });
});

test.each(["polling", "streaming"] as const)("subscribe in %s mode", async (mode) => {
  const emulator = await start({ concurrency: 1 });
  const blocker = await block(emulator);
  const gate = closedGate();
  const seen: QueueStatus[] = [];
  const { data, requestId } = await client(emulator).subscribe("test/gate", {
    input: { gate: gate.name },
    logs: true,
    mode,
    ...(mode === "polling" && { pollInterval: 20 }),
    onQueueUpdate: (status) => {
      seen.push(status);
      // Nothing moves on before the client was told.
      if (status.status === "IN_QUEUE") blocker.open();
      if (status.status === "IN_PROGRESS") gate.open();
    },
  } as Parameters<ReturnType<typeof client>["subscribe"]>[1]);
  expect(data).toEqual({ passed: true });
  const states = [...new Set(seen.map(({ status }) => status))];
  expect(states).toEqual(["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]);
  const last = seen.at(-1) as Extract<QueueStatus, { status: "COMPLETED" }>;
  expect(last.request_id).toBe(requestId);
  expect(last.logs.map(({ message, level }) => `${level} ${message}`)).toEqual([
    "INFO at the gate",
    "DEBUG through",
  ]);
});

test("subscribe to a failing job throws the model's own error", async () => {
  const emulator = await start();
  const failure = client(emulator).subscribe("test/invalid", { input: {}, pollInterval: 10 });
  await expect(failure).rejects.toBeInstanceOf(ValidationError);
});

test("queue.submit, status, result; sub paths and namespaces", async () => {
  const emulator = await start();
  const { queue } = client(emulator);
  for (const [id, output] of [
    ["test/slow/sub/path", { sub: true }],
    ["workflows/test/chain", { chained: true }],
  ] as const) {
    const { request_id: requestId } = await queue.submit(id, { input: {} });
    let status: QueueStatus;
    do status = await queue.status(id, { requestId, logs: true });
    while (status.status !== "COMPLETED");
    expect((await queue.result(id, { requestId })).data).toEqual(output);
  }
});

test("queue.cancel stops a running job: its result is a 499", async () => {
  const emulator = await start();
  const { queue } = client(emulator);
  const { request_id: requestId } = (await block(emulator)).job;
  await queue.cancel("test/gate", { requestId });
  await queue.subscribeToStatus("test/gate", { requestId, pollInterval: 10 });
  await expect(queue.result("test/gate", { requestId })).rejects.toMatchObject({ status: 499 });
});

test("stream: events, then the final output", async () => {
  const emulator = await start();
  const stream = await client(emulator).stream("fal-ai/echo", { input: { text: "grüße 🌍" } });
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  expect(events).toHaveLength(4);
  expect(await stream.done()).toMatchObject({ input: { text: "grüße 🌍" }, method: "POST" });
});

test("stream: another content type comes as binary chunks", async () => {
  const emulator = await start();
  const stream = await client(emulator).stream("test/voice", { input: {} });
  const bytes: number[] = [];
  stream.on("data", (chunk: Uint8Array) => bytes.push(...new Uint8Array(chunk)));
  await stream.done();
  expect(bytes).toEqual([1, 2, 3, 4, 5]);
});

test("a stream that is refused before its first event has its own status", async () => {
  const emulator = await start();
  const stream = await client(emulator).stream("test/refuses-streams", { input: {} });
  await expect(stream.done()).rejects.toMatchObject({ status: 422, body: { detail: "no" } });
});

test.each([
  ["1 MB, in one piece", 1_000_000, 1],
  ["95 MB, in parts", 95 * 1024 * 1024, 10],
])("storage upload of %s", async (_name, size, puts) => {
  const emulator = await start();
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4093) bytes.writeUInt8(at % 251, at);
  const url = await client(emulator).storage.upload(new Blob([bytes], { type: "image/png" }));

  expect(url).toMatch(new RegExp(`^${emulator.url}/v3.fal.media/files/b/`));
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toBe("image/png");
  expect(response.headers.get("content-length")).toBe(String(size));
  const hash = createHash("sha256");
  for await (const chunk of response.body!) hash.update(chunk);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(emulator.requests.filter(({ method }) => method === "PUT")).toHaveLength(puts);
});

test("an uploaded Blob arrives in the input as a URL", async () => {
  const emulator = await start();
  const { data } = await client(emulator).run("fal-ai/echo", {
    input: { image: new Blob(["x"], { type: "image/png" }) },
  });
  expect(data.input.image).toMatch(/^http:.+\.png$/);
});

test("retries: two 503 are forgotten, the third answer counts", async () => {
  const emulator = await start();
  emulator.script({ host: "fal.run", status: 503, body: "{}", times: 2 });
  const { data } = await client(emulator).run("fal-ai/echo", { input: {} });
  expect(data).toMatchObject({ method: "POST" });
  expect(emulator.requests).toHaveLength(3);
});

test("a start timeout is a user timeout, which is not retried", async () => {
  const emulator = await start({ coldStartMs: 5_000 });
  const failure = await client(emulator)
    .run("fal-ai/echo", { input: {}, startTimeout: 1.1 })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ApiError);
  expect(failure).toMatchObject({ status: 504, isUserTimeout: true });
  expect(emulator.requests).toHaveLength(1);
});
