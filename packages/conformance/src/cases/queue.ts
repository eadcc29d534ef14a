/** The whole of it with the real JavaScript client: run, stream, submit, poll, cancel, and what errors look like. */
import { ApiError, ValidationError } from "@fal-ai/client";
import type { Emulator, ScriptRule } from "fal-emulator";
import type { Case } from "../case.ts";
import { createClient } from "../client.ts";
import type { Rig } from "../rig.ts";
import { eventually, inTopic } from "../wants.ts";

const json: Array<[string, string]> = [
  ["content-type", "application/json"],
  ["x-fal-request-id", "r1"],
];
const urls = {
  request_id: "r1",
  response_url: "https://queue.fal.run/x/y/requests/r1",
  status_url: "https://queue.fal.run/x/y/requests/r1/status",
  cancel_url: "https://queue.fal.run/x/y/requests/r1/cancel",
};
const inQueue = { status: "IN_QUEUE", queue_position: 3, ...urls };
const inProgress = { status: "IN_PROGRESS", logs: [{ message: "step 1", timestamp: "" }], ...urls };
const completed = { status: "COMPLETED", logs: [], metrics: { inference_time: 1 }, ...urls };
const output = { images: [{ url: "https://v3.fal.media/files/x.png" }], seed: 42 };

/** A queue that answers for one app as fal does: submitted, waiting, running, done. */
function scriptQueue(emulator: Emulator, app: string): () => void {
  const rule = (path: string, rest: Omit<ScriptRule, "path">): ScriptRule => ({
    path: new RegExp(`^/${app}${path}`),
    headers: json,
    ...rest,
  });
  const scripts = [
    rule("/requests/r1/status/stream", {
      headers: [["content-type", "text/event-stream"]],
      body: [inQueue, inProgress, completed].map((s) => `data: ${JSON.stringify(s)}\n\n`).join(""),
      chunks: { size: 400, everyMs: 20 },
    }),
    rule("/requests/r1/status", { times: 1, status: 202, body: JSON.stringify(inQueue) }),
    rule("/requests/r1/status", { times: 1, status: 202, body: JSON.stringify(inProgress) }),
    rule("/requests/r1/status", { status: 200, body: JSON.stringify(completed) }),
    rule("/requests/r1/cancel", { status: 202, body: '{"status":"CANCELLATION_REQUESTED"}' }),
    rule("/requests/r1", { status: 200, body: JSON.stringify(output) }),
    rule("", { status: 200, body: JSON.stringify(inQueue) }),
  ].map((one) => emulator.script(one));
  return () => scripts.forEach((script) => script.remove());
}

/** The work with a queue for a fresh app, and the client that talks to it. */
async function withQueue(
  rig: Rig,
  work: (client: ReturnType<typeof createClient>, id: string) => Promise<void>,
  prefix = "",
): Promise<void> {
  const client = createClient(rig);
  const id = `${prefix}conformance/${client.marker}`;
  const stop = scriptQueue(rig.emulator, id);
  try {
    await work(client, id);
  } finally {
    stop();
  }
}

export const queueCases: Case[] = inTopic("queue", [
  {
    id: "queue-run",
    title: "fal.run gets the output and the request id",
    rule: "P-02",
    level: "MUST",
    hint: "The id is read from the x-fal-request-id header of the reply.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        const result = await client.succeeds("fal.run succeeds", () =>
          client.fal.run(id, { input: { prompt: "a cat" } }),
        );
        const exchange = client.exchange();
        exchange.want(result.requestId === "r1", "requestId is that of fal");
        exchange.want(exchange.fal[0]?.host === "fal.run", "fal.run is called");
        const body = Buffer.from(exchange.fal[0]?.body ?? []).toString();
        exchange.want(body === '{"prompt":"a cat"}', "fal receives the input");
      }),
  },
  {
    id: "queue-subscribe",
    title: "fal.subscribe polls to the end and gets the result",
    rule: "P-40",
    level: "MUST",
    hint: "Submit is POST, status and result are GET; 202 means still waiting.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        const states: string[] = [];
        const result = await client.succeeds("fal.subscribe succeeds", () =>
          client.fal.subscribe(id, {
            input: { prompt: "a cat" },
            logs: true,
            pollInterval: 20,
            onQueueUpdate: (update) => void states.push(update.status),
          }),
        );
        const exchange = client.exchange();
        exchange.want(
          states.includes("IN_QUEUE") &&
            states.includes("IN_PROGRESS") &&
            states.at(-1) === "COMPLETED",
          "the client sees IN_QUEUE, IN_PROGRESS and COMPLETED",
        );
        exchange.want(
          JSON.stringify(result.data) === JSON.stringify(output),
          "the client gets the output",
        );
        exchange.want(result.requestId === "r1", "requestId is that of fal");
      }),
  },
  {
    id: "queue-subscribe-streaming",
    title: "fal.subscribe in streaming mode gets every state and the result",
    rule: "P-46",
    level: "MUST",
    hint: "The status stream is a GET with accept: application/json, text/event-stream.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        const states: string[] = [];
        const result = await client.succeeds("fal.subscribe succeeds in streaming mode", () =>
          client.fal.subscribe(id, {
            input: { prompt: "a cat" },
            mode: "streaming",
            onQueueUpdate: (update) => void states.push(update.status),
          }),
        );
        const exchange = client.exchange();
        exchange.want(
          states.join() === "IN_QUEUE,IN_PROGRESS,COMPLETED",
          "the client sees all three states",
        );
        exchange.want(
          JSON.stringify(result.data) === JSON.stringify(output),
          "the client gets the output",
        );
      }),
  },
  {
    id: "queue-stream",
    title: "fal.stream gets every event",
    rule: "P-46",
    level: "MUST",
    hint: "The client chooses its parser by the content type of the reply.",
    run: async (rig) => {
      const client = createClient(rig);
      const script = rig.emulator.script({
        path: new RegExp(`${client.marker}/stream`),
        status: 200,
        headers: [["content-type", "text/event-stream"]],
        body: [1, 2, 3].map((n) => `data: {"step":${n}}\n\n`).join(""),
        chunks: { size: 18, everyMs: 10 },
      });
      const steps: unknown[] = [];
      await client.succeeds("fal.stream succeeds", async () => {
        const stream = await client.fal.stream(`conformance/${client.marker}`, { input: { a: 1 } });
        const done = stream.done();
        // Heard at once: the loop below throws before anybody could wait for it.
        done.catch(() => undefined);
        for await (const event of stream) steps.push((event as { step: number }).step);
        await done;
      });
      script.remove();
      const exchange = client.exchange();
      exchange.want(steps.join() === "1,2,3", "the client gets the three events");
      const accept = exchange.fal[0]?.headers["accept"] ?? "";
      exchange.want(accept.includes("text/event-stream"), "fal is asked for an event stream");
    },
  },
  {
    id: "queue-submit",
    title: "fal.queue.submit passes priority, hint and webhook",
    rule: "P-29",
    level: "MUST",
    faults: ["R9"],
    hint: "The first two are x-fal-* headers, the webhook is in the query of the target.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        const webhookUrl = "https://hooks.example/fal?x=1";
        const submitted = await client.succeeds("fal.queue.submit succeeds", () =>
          client.fal.queue.submit(id, {
            input: { a: 1 },
            webhookUrl,
            priority: "low",
            hint: "h-1",
          }),
        );
        const exchange = client.exchange();
        exchange.want(submitted.request_id === "r1", "the client gets the request id");
        const [request] = exchange.fal;
        exchange.want(
          request?.headers["x-fal-queue-priority"] === "low",
          "fal receives the priority",
        );
        exchange.want(request?.headers["x-fal-runner-hint"] === "h-1", "fal receives the hint");
        const hook = new URL(request?.url ?? "").searchParams.get("fal_webhook");
        exchange.want(hook === webhookUrl, "fal receives the webhook");
      }),
  },
  {
    id: "queue-status-logs",
    title: "fal.queue.status asks for logs and gets them",
    rule: "P-12",
    level: "MUST",
    hint: "logs=1 is in the query of the target.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        const status = await client.succeeds("fal.queue.status succeeds", async () => {
          await client.fal.queue.status(id, { requestId: "r1", logs: true });
          return client.fal.queue.status(id, { requestId: "r1", logs: true });
        });
        const exchange = client.exchange();
        exchange.want("logs" in status && status.logs.length === 1, "the client gets the log line");
        exchange.want(
          exchange.fal[0]?.path.endsWith("/status?logs=1") === true,
          "fal is asked for logs",
        );
      }),
  },
  {
    id: "queue-cancel",
    title: "fal.queue.cancel succeeds",
    rule: "P-35",
    level: "MUST",
    faults: ["R9"],
    hint: "It is a PUT with a JSON content type and no body.",
    run: (rig) =>
      withQueue(rig, async (client, id) => {
        await client.succeeds("fal.queue.cancel succeeds", () =>
          client.fal.queue.cancel(id, { requestId: "r1" }),
        );
        const exchange = client.exchange();
        exchange.want(exchange.fal[0]?.method === "PUT", "fal receives PUT");
      }),
  },
  {
    id: "queue-workflow",
    title: "workflow ids keep their leading segment",
    rule: "P-12",
    level: "MUST",
    hint: "Do not take owner and app apart by position.",
    run: (rig) =>
      withQueue(
        rig,
        async (client, id) => {
          const result = await client.succeeds("fal.subscribe of a workflow succeeds", () =>
            client.fal.subscribe(id, { input: {}, pollInterval: 20 }),
          );
          client.exchange().want(result.requestId === "r1", "requestId is that of fal");
        },
        "workflows/",
      ),
  },
  {
    id: "queue-validation-error",
    title: "a 422 of fal is a ValidationError with its fields",
    rule: "P-59",
    level: "MUST",
    faults: ["R1"],
    hint: "Status and body of an error must pass unchanged.",
    run: async (rig) => {
      const client = createClient(rig);
      const detail = [{ loc: ["body", "prompt"], msg: "field required", type: "missing" }];
      const script = rig.emulator.script({
        path: new RegExp(client.marker),
        status: 422,
        headers: json,
        body: JSON.stringify({ detail }),
      });
      const error = await client.fal
        .run(`conformance/${client.marker}`, { input: {} })
        .then(() => undefined)
        .catch((reason: unknown) => reason);
      script.remove();
      const exchange = client.exchange();
      const fields = error instanceof ValidationError ? error.getFieldErrors("prompt") : undefined;
      exchange.want(fields !== undefined, "the client throws a ValidationError");
      exchange.want(fields?.length === 1, "the error names the field");
    },
  },
  {
    id: "queue-refusal",
    title: "a refusal of the proxy is an ApiError whose message can be read",
    rule: "P-54",
    level: "MUST",
    faults: ["R18"],
    profile: "endpoints",
    hint: "The client shows `message` of a JSON object.",
    run: async (rig) => {
      const client = createClient(rig);
      const error = await client.fal
        .run(`conformance/${client.marker}`, { input: {} })
        .then(() => undefined)
        .catch((reason: unknown) => reason);
      const exchange = client.exchange();
      const { status = 0, body, message } = error instanceof ApiError ? error : {};
      exchange.want(error instanceof ApiError, "the client throws an ApiError");
      exchange.want(status >= 400 && status < 500, "its status is a 4xx");
      const told = typeof body?.message === "string" && message === body.message;
      exchange.want(told, "its message is the message of the error object");
    },
  },
  {
    id: "queue-abort",
    title: "a client that aborts ends the call to fal",
    rule: "P-51",
    level: "SHOULD",
    faults: ["R12"],
    hint: "fal stops a run when its caller leaves.",
    run: async (rig) => {
      const client = createClient(rig);
      const script = rig.emulator.script({
        path: new RegExp(client.marker),
        delayMs: 4000,
        body: "{}",
      });
      const controller = new AbortController();
      const call = client.fal
        .run(`conformance/${client.marker}`, { input: {}, abortSignal: controller.signal })
        .catch(() => undefined);
      const exchange = client.exchange();
      await eventually(() => exchange.fal.length > 0, 2000);
      controller.abort();
      await call;
      await eventually(() => exchange.fal[0]?.aborted === true, 2000);
      script.remove();
      client.exchange().want(exchange.fal[0]?.aborted === true, "the call to fal is closed");
    },
  },
]);
