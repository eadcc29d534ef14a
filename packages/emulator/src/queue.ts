/** `queue.fal.run`: submit, status, status stream, result and cancel. */
import { type Answer, json } from "./answer.ts";
import { echo, received } from "./echo.ts";
import { appLength, appOf, type ModelTable } from "./endpoint.ts";
import { appNotFound, methodNotAllowed, pathNotFound, plain } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { createContext, execute, readInput, type Surroundings } from "./execute.ts";
import { type Job, startJob } from "./job.ts";
import type { Account } from "./keys.ts";
import type { Slots } from "./slots.ts";
import { startLimit } from "./start-timeout.ts";
import { statusStream } from "./status-stream.ts";
import type { Webhooks } from "./webhooks.ts";

export interface QueueOptions {
  table: ModelTable;
  slots: Slots;
  surroundings: Surroundings;
  webhooks: Webhooks;
  /** Milliseconds (already scaled) that a job waits before a runner takes it. */
  queueMs: number;
  /** Milliseconds (already scaled) before the platform's second attempt. */
  backoffMs: number;
  /** Milliseconds that an outcome stays readable. */
  retentionMs: number;
  /** Milliseconds between comment lines of a quiet status stream. */
  keepAliveMs: number;
  /** Origin of the URLs in answers, `https://queue.fal.run` on fal. */
  origin(): string;
}

export interface Queue {
  handle(exchange: Exchange, account: Account): Promise<Answer>;
  /** Forgets all jobs and stops those that run. */
  reset(): void;
}

/** Finished jobs beyond this many are forgotten, oldest first, before their retention ends. */
const keptJobs = 10_000;
/** Bodies of this many bytes or more are kept for a tenth of the retention. */
const largeBody = 10_000;

export function createQueue(options: QueueOptions): Queue {
  const { table, slots, surroundings } = options;
  const jobs = new Map<string, Job>();
  /** In the order in which they will run. */
  const waiting = new Set<Job>();
  const watchers = new Set<() => void>();
  const onChange = (job: Job): void => {
    if (job.state === "IN_QUEUE") waiting.add(job);
    else waiting.delete(job);
    for (const watcher of watchers) watcher();
  };

  const waitingAhead = (app: string, before?: Job): number => {
    let count = 0;
    for (const job of waiting) {
      if (job === before) break;
      if (job.app === app) count++;
    }
    return count;
  };

  const urls = ({ app, id }: Job): object => {
    const base = `${options.origin()}/${app}/requests/${id}`;
    return { response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` };
  };

  /** A status as fal words it. `logs` null: not asked for; the key is there all the same. */
  const describe = (job: Job, logs: Job["logs"] | null): object => {
    const common = { status: job.state, request_id: job.id, ...urls(job) };
    if (job.state === "IN_QUEUE") return { ...common, queue_position: waitingAhead(job.app, job) };
    if (job.state === "IN_PROGRESS") return { ...common, logs };
    return { ...common, logs, metrics: { inference_time: job.inferenceTime }, ...failure(job) };
  };

  const submit = async (exchange: Exchange, account: Account): Promise<Answer> => {
    const app = appOf(exchange.segments);
    if (app === undefined || !table.hasApp(app)) {
      return appNotFound(app ?? exchange.segments.join("/"));
    }
    if (exchange.method !== "POST") return methodNotAllowed("POST");
    const most = Number(exchange.query.get("fal_max_queue_length") ?? Infinity);
    if (waitingAhead(app) > most) return plain(429, "Queue length limit reached");

    // The queue takes anything; whether the app likes it shows in the result.
    const id = exchange.segments.join("/");
    const model = table.find(id);
    const read = await readInput(exchange, model === echo || model === undefined);
    const request = read.input && received(exchange, read.bytes);
    const noRetry = /^(1|true|yes)$/i.test(String(exchange.headers["x-fal-no-retry"]));
    const webhook = exchange.query.get("fal_webhook");
    const job = startJob({
      app,
      account: account.id,
      slots,
      queueMs: options.queueMs,
      startLimitMs: startLimit(exchange.headers),
      attempts: noRetry ? 1 : 10,
      backoffMs: options.backoffMs,
      onChange,
      execute: async (running, signal, log) => {
        if (!read.input) return read.refusal;
        if (!model) return pathNotFound(id.slice(app.length));
        const context = createContext(surroundings, running.id, signal, log, request);
        const bill = (units?: string): void =>
          surroundings.billing.charge(model, account.id, running.id, units);
        return execute(model, read.input, context, bill);
      },
    });
    jobs.set(job.id, job);
    onChange(job);
    forgetOld(jobs, options.retentionMs);
    if (webhook) void job.done.then(() => deliver(options.webhooks, webhook, job));
    const body = {
      status: "IN_QUEUE",
      request_id: job.id,
      gateway_request_id: job.gatewayId,
      ...urls(job),
      queue_position: waitingAhead(app, job),
    };
    return withId(json(200, body), job);
  };

  const find = (id: string, app: string | undefined, account: Account): Job | undefined => {
    const job = jobs.get(id);
    if (!job || job.app !== app || job.account !== account.id) return undefined;
    if (!expired(job, options.retentionMs)) return job;
    jobs.delete(id);
    return undefined;
  };

  const act = (exchange: Exchange, job: Job, action: string): Answer => {
    const { method, query } = exchange;
    const wantsLogs = /^(1|true)$/i.test(query.get("logs") ?? "");
    if (action === "cancel") return method === "PUT" ? cancel(job) : methodNotAllowed("PUT");
    if (method !== "GET") return methodNotAllowed("GET");
    if (action === "" || action === "response") return result(job);
    if (action === "status") {
      const status = job.state === "COMPLETED" ? 200 : 202;
      return json(status, describe(job, wantsLogs ? job.logs : null));
    }
    if (action === "status/stream") {
      return statusStream({
        job,
        wantsLogs,
        describe,
        watchers,
        keepAliveMs: options.keepAliveMs,
        signal: exchange.signal,
      });
    }
    return notFound();
  };

  return {
    async handle(exchange, account) {
      const { segments } = exchange;
      const at = segments.lastIndexOf("requests");
      // Status URLs name the app only; the full id in front of `/requests` is understood as well.
      if (at < appLength(segments) || at === segments.length - 1) return submit(exchange, account);
      const job = find(segments[at + 1]!, appOf(segments), account);
      if (!job) return notFound();
      return withId(act(exchange, job, segments.slice(at + 2).join("/")), job);
    },
    reset() {
      const all = [...jobs.values()];
      jobs.clear();
      for (const job of all) job.cancel();
    },
  };
}

function cancel(job: Job): Answer {
  if (job.state === "COMPLETED") return json(400, { status: "ALREADY_COMPLETED" });
  const waiting = job.state === "IN_QUEUE";
  job.cancel();
  return waiting ? json(200, { status: "OK" }) : json(202, { status: "CANCELLATION_REQUESTED" });
}

/** The model's own answer, replayed whole: status, headers, body. */
function result(job: Job): Answer {
  return job.outcome ?? plain(400, "Request is still in progress");
}

function notFound(): Answer {
  return json(404, { status: "NOT_FOUND" });
}

function withId(answer: Answer, job: Job): Answer {
  return { ...answer, headers: [...(answer.headers ?? []), ["x-fal-request-id", job.id]] };
}

/** `error` and `error_type`, which only a failed job carries. */
function failure({ outcome }: Job): object {
  if (!outcome || outcome.status < 400) return {};
  const type = outcome.headers?.find(([name]) => name.toLowerCase() === "x-fal-error-type")?.[1];
  return { error: errorOf(outcome), ...(type !== undefined && { error_type: type }) };
}

function errorOf(outcome: Answer): string {
  return `Invalid status code: ${outcome.status}`;
}

async function deliver(webhooks: Webhooks, url: string, job: Job): Promise<void> {
  const outcome = job.outcome!;
  const failed = outcome.status >= 400;
  await webhooks.deliver(url, {
    request_id: job.id,
    gateway_request_id: job.gatewayId,
    status: failed ? "ERROR" : "OK",
    payload: JSON.parse(String(outcome.body)) as unknown,
    ...(failed && { error: errorOf(outcome) }),
  });
}

function expired(job: Job, retentionMs: number): boolean {
  if (job.completedAt === undefined) return false;
  const large = String(job.outcome?.body).length >= largeBody;
  return Date.now() - job.completedAt > (large ? retentionMs / 10 : retentionMs);
}

/** Looks at the oldest jobs only, so that a submit costs the same however many are kept. */
function forgetOld(jobs: Map<string, Job>, retentionMs: number): void {
  let looked = 0;
  for (const [id, job] of jobs) {
    if (expired(job, retentionMs)) jobs.delete(id);
    else if (jobs.size > keptJobs && job.state === "COMPLETED") jobs.delete(id);
    else if (++looked >= 10) return;
  }
}
