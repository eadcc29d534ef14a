/** `fal.run/{id}`: the model's answer on the same connection; nothing outlives a caller who leaves. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { echo, received } from "./echo.ts";
import { appOf, type ModelTable } from "./endpoint.ts";
import { appNotFound, methodNotAllowed, pathNotFound, requestError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { createContext, execute, readInput, type Surroundings } from "./execute.ts";
import type { Account } from "./keys.ts";
import type { Slots } from "./slots.ts";
import { startLimit, startTimeout } from "./start-timeout.ts";
import { streamModel } from "./stream.ts";

export interface RunOptions {
  table: ModelTable;
  slots: Slots;
  surroundings: Surroundings;
  /** Milliseconds that a runner needs before it takes a request. */
  coldStartMs: number;
}

export async function run(
  exchange: Exchange,
  account: Account,
  options: RunOptions,
): Promise<Answer> {
  const requestId = randomUUID();
  const answer = await answerRun(exchange, account, requestId, options);
  return { ...answer, headers: [...(answer.headers ?? []), ["x-fal-request-id", requestId]] };
}

async function answerRun(
  exchange: Exchange,
  account: Account,
  requestId: string,
  options: RunOptions,
): Promise<Answer> {
  const { table, slots, surroundings } = options;
  const { segments } = exchange;
  const app = appOf(segments);
  if (app === undefined || !table.hasApp(app)) return appNotFound(app ?? segments.join("/"));
  if (exchange.method !== "POST" && exchange.method !== "GET") return methodNotAllowed("GET, POST");

  const id = segments.join("/");
  const streams = segments.at(-1) === "stream" && table.find(id) === undefined;
  const model = table.find(streams ? segments.slice(0, -1).join("/") : id);
  if (!model || (streams && !model.stream)) {
    return pathNotFound(`/${segments.slice(app.split("/").length).join("/")}`);
  }
  const release = slots.tryAcquire(account.id);
  if (!release) {
    return requestError("concurrent_requests_limit", "Concurrent requests limit reached", [
      ["x-fal-needs-retry", "1"],
    ]);
  }
  let keepSlot = false;
  try {
    const read = await readInput(exchange, model === echo);
    if (!read.input) return read.refusal;
    const limit = startLimit(exchange.headers);
    const { coldStartMs } = options;
    if (coldStartMs > 0) {
      await sleep(Math.min(coldStartMs, limit), undefined, { signal: exchange.signal });
      if (coldStartMs > limit) return startTimeout();
    }
    const context = createContext(
      surroundings,
      requestId,
      exchange.signal,
      undefined,
      received(exchange, read.bytes),
    );
    if (!streams) {
      const bill = (units?: string): void =>
        surroundings.billing.charge(model, account.id, requestId, units);
      return await execute(model, read.input, context, bill);
    }
    const answer = streamModel(model, read.input, context, release);
    keepSlot = true;
    return answer;
  } finally {
    if (!keepSlot) release();
  }
}
