/** One run of a model, from the click to the result: what is known of it at each moment. */
import { ApiError, createFalClient, type FalClient, type QueueStatus } from "@fal-ai/client";
import type { CallMode, Input } from "../models/model.ts";
import { findMedia, type Media } from "./media.ts";
import { explainError, type Problem } from "./problem.ts";
import { appendText, textOf } from "./text.ts";

export type Phase = "sending" | "queued" | "running" | "done" | "failed" | "cancelled";

export interface LogLine {
  message: string;
  level: string;
  timestamp: string;
}

/** A snapshot: a new object at every change. */
export interface Run {
  readonly id: string;
  readonly endpointId: string;
  readonly call: CallMode;
  readonly input: Input;
  /** Field labels by name, so that complaints can be matched to fields. */
  readonly labels: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly phase: Phase;
  /** A cancel is on its way. */
  readonly cancelling: boolean;
  readonly requestId: string;
  /** How many are ahead in the queue. */
  readonly position?: number;
  /** 0…100, when the model's log says so. */
  readonly percent?: number;
  readonly logs: readonly LogLine[];
  readonly text: string;
  readonly media: readonly Media[];
  readonly result?: unknown;
  readonly problem?: Problem;
  /** What the client is doing about a passing trouble. */
  readonly note: string;
}

/** What a run is made of. */
export type RunRequest = Pick<Run, "endpointId" | "call" | "input" | "labels">;

export const isOver = (run: Run): boolean => run.endedAt !== undefined;

/** Steers a run that is under way. */
export interface RunHandle {
  /** Asks fal to stop, then stops watching. A job that has finished meanwhile keeps its result. */
  cancel(): Promise<void>;
}

type Change = Partial<Run>;

const POLL_MS = 300;
const RETRIED = new Set([429, 502, 503, 504]);

/**
 * Starts a run, or watches again a queued one whose line broke (`resume`).
 *
 * @param onChange receives every snapshot, the first one before this function returns
 */
export function startRun(
  proxyUrl: string,
  request: RunRequest,
  onChange: (run: Run) => void,
  resume?: Run,
): RunHandle {
  const { problem: _, endedAt: __, ...before } = resume ?? {};
  const { endpointId, call, input, labels } = request;
  let run: Run = {
    id: crypto.randomUUID?.() ?? String(Math.random()),
    startedAt: Date.now(),
    cancelling: false,
    requestId: "",
    logs: [],
    text: "",
    media: [],
    ...before,
    endpointId,
    call,
    input,
    labels,
    phase: resume ? "queued" : "sending",
    note: "",
  };
  const stop = new AbortController();
  // After the end nothing changes any more, whatever a late answer brings.
  const update = (change: Change): void => {
    if (isOver(run)) return;
    run = { ...run, ...change };
    onChange(run);
  };
  const end = (change: Change): void => update({ ...change, endedAt: Date.now(), note: "" });

  const client = createFalClient({ proxyUrl, fetch: watchRetries((note) => update({ note })) });
  onChange(run);

  const work = { queue: viaQueue, stream: viaStream, direct: viaRun }[run.call];
  work({ client, run: () => run, update, signal: stop.signal })
    .then((result) => {
      const media = findMedia(result);
      const text = run.text || textOf(result);
      end({
        phase: "done",
        result,
        media: media.length > 0 ? media : run.media,
        text,
        percent: 100,
      });
    })
    .catch((error: unknown) => {
      const requestId = (error instanceof ApiError && error.requestId) || run.requestId;
      end({ phase: "failed", problem: explainError(error, run.labels), requestId });
    });

  return {
    cancel: async () => {
      if (isOver(run) || run.cancelling) return;
      update({ cancelling: true });
      if (run.call === "queue") {
        // A submit on its way may be accepted: wait for the id rather than lose a running job.
        while (run.requestId === "" && !isOver(run)) await new Promise((go) => setTimeout(go, 30));
        if (isOver(run) || !(await cancelJob(client, run))) return update({ cancelling: false });
      }
      end({ phase: "cancelled", cancelling: false });
      stop.abort();
    },
  };
}

interface Work {
  client: FalClient;
  run: () => Run;
  update: (change: Change) => void;
  signal: AbortSignal;
}

async function viaQueue({ client, run, update, signal }: Work): Promise<unknown> {
  const { endpointId, input } = run();
  if (run().requestId === "") {
    const { request_id: requestId } = await client.queue.submit(endpointId, { input });
    update({ requestId, phase: "queued" });
  }
  const { requestId } = run();
  await client.queue.subscribeToStatus(endpointId, {
    requestId,
    logs: true,
    mode: "polling",
    pollInterval: POLL_MS,
    abortSignal: signal,
    onQueueUpdate: (status) => update(fromStatus(status)),
  });
  const { data } = await client.queue.result(endpointId, { requestId, abortSignal: signal });
  return data;
}

function fromStatus(status: QueueStatus): Change {
  if (status.status === "IN_QUEUE")
    return { phase: "queued", position: status.queue_position, note: "" };
  const logs = (status.logs ?? []).map(({ message, level, timestamp }) => ({
    message,
    level,
    timestamp,
  }));
  const percent = percentOf(logs);
  return { phase: "running", logs, note: "", ...(percent === undefined ? {} : { percent }) };
}

/** Models report progress in their log: `42%`, or a step counter such as `12/28`. */
function percentOf(logs: readonly LogLine[]): number | undefined {
  for (const { message } of logs.toReversed()) {
    const percent = /(\d{1,3})(?:\.\d+)?\s?%/.exec(message);
    if (percent) return Math.min(100, Number(percent[1]));
    const step = /\b(\d+)\s*(?:\/|of)\s*(\d+)\b/.exec(message);
    if (step && Number(step[2]) > 0)
      return Math.min(100, (100 * Number(step[1])) / Number(step[2]));
  }
  return undefined;
}

async function viaStream({ client, run, update, signal }: Work): Promise<unknown> {
  const { endpointId, input } = run();
  const stream = await client.stream(endpointId, { input, signal });
  const bytes: Uint8Array<ArrayBuffer>[] = [];
  stream.on("data", (event: unknown) => {
    const requestId = stream.requestId ?? "";
    if (event instanceof Uint8Array) {
      bytes.push(event as Uint8Array<ArrayBuffer>);
      return update({ phase: "running", requestId });
    }
    const media = findMedia(event);
    const text = appendText(run().text, event);
    update({
      phase: "running",
      requestId,
      text,
      result: event,
      ...(media.length > 0 ? { media } : {}),
    });
  });
  const last = await stream.done();
  const trouble = troubleIn(last);
  if (trouble) throw trouble;
  if (bytes.length === 0) return last;
  const file = new Blob(bytes, { type: sniff(bytes[0] as Uint8Array) });
  return {
    audio: { url: URL.createObjectURL(file), content_type: file.type, file_size: file.size },
  };
}

/** A stream has answered 200 before the model fails, so its last event tells: in one of three shapes. */
function troubleIn(event: unknown): ApiError<unknown> | undefined {
  const { type, error, detail, message } = (event ?? {}) as Record<string, unknown>;
  const fail = (status: number, body: unknown): ApiError<unknown> =>
    new ApiError({ message: String(message ?? "The stream ended in an error"), status, body });
  if (Array.isArray(detail)) return fail(422, event);
  if (typeof error === "string" && error !== "") return fail(500, { detail: error });
  if (type !== "error") return undefined;
  const { status = 500, body = { detail: message } } = (error ?? {}) as Record<string, unknown>;
  return fail(Number(status), body);
}

/** The client does not tell the type of a binary stream: read it off the first bytes. */
function sniff(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 4));
  if (text === "RIFF") return "audio/wav";
  if (text === "OggS") return "audio/ogg";
  if (text.startsWith("ID3") || head[0] === 0xff) return "audio/mpeg";
  return "application/octet-stream";
}

async function viaRun({ client, run, update, signal }: Work): Promise<unknown> {
  const { endpointId, input } = run();
  update({ phase: "running" });
  const { data, requestId } = await client.run(endpointId, { input, abortSignal: signal });
  update({ requestId });
  return data;
}

/** Whether the job is gone; false when it had already finished. */
async function cancelJob(client: FalClient, run: Run): Promise<boolean> {
  try {
    await client.queue.cancel(run.endpointId, { requestId: run.requestId });
    return true;
  } catch (error) {
    return !(error instanceof ApiError && error.status === 400);
  }
}

/** The client retries some statuses without a word: say so, since it takes seconds. */
function watchRetries(tell: (note: string) => void): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (RETRIED.has(response.status))
      tell(`fal answered ${response.status}; the client tries again`);
    return response;
  };
}
