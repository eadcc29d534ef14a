/** One run of a model, from the click to the result. */
import { ApiError, createFalClient, type FalClient, type QueueStatus } from "@fal-ai/client";
import { findMedia } from "./media.ts";
import { explainError } from "./problem.ts";
import {
  isOver,
  type Change,
  type LogLine,
  type Run,
  type RunRequest,
  type Work,
} from "./snapshot.ts";
import { viaStream } from "./stream.ts";
import { textOf } from "./text.ts";

/** Steers a run that is under way. */
export interface RunHandle {
  /** Asks fal to stop, then stops watching. A job that has finished meanwhile keeps its result. */
  cancel(): Promise<void>;
}

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
