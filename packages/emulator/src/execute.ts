/** Runs one request on one model: what a run, a stream and a queued job have in common. */
import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, HeaderList } from "./answer.ts";
import type { Billing } from "./billing.ts";
import type { ReceivedRequest } from "./echo.ts";
import { requestError, validationError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { LogLevel, Model, ModelContext } from "./model.ts";

/** What a context takes from the emulator around it. */
export interface Surroundings {
  /** Told what each answer of a model costs. */
  readonly billing: Billing;
  /** Factor on every wait. */
  readonly latency: number;
  /** @param headers of the request, which may wish for the lifetime and the readers of what it makes */
  store(
    bytes: Uint8Array,
    contentType: string,
    fileName?: string,
    headers?: IncomingHttpHeaders,
  ): string;
  load: ModelContext["load"];
}

/** The context that models really get: the echo model also looks at the request behind its input. */
export interface EmulatorContext extends ModelContext {
  readonly request?: ReceivedRequest;
}

export function createContext(
  surroundings: Surroundings,
  requestId: string,
  signal: AbortSignal,
  log: (message: string, level?: LogLevel) => void = () => {},
  request?: ReceivedRequest,
): EmulatorContext {
  return {
    requestId,
    signal,
    log,
    ...(request && { request }),
    wait: async (ms) => {
      signal.throwIfAborted();
      const scaled = ms * surroundings.latency;
      if (scaled > 0) await sleep(scaled, undefined, { signal });
    },
    load: surroundings.load,
    store: (bytes, contentType, fileName) =>
      surroundings.store(bytes, contentType, fileName, request?.headers),
  };
}

/** The model's own answer. A model that throws has failed as an app does: 500. Rejects only when aborted. */
export async function execute(
  model: Model,
  input: Record<string, unknown>,
  context: ModelContext,
  bill: (units: string | undefined) => void,
): Promise<Answer> {
  try {
    const reply = await model.run(input, context);
    bill(reply.billableUnits);
    const headers: HeaderList = [["content-type", "application/json"]];
    for (const [name, value] of Object.entries(reply.headers ?? {})) headers.push([name, value]);
    if (reply.billableUnits !== undefined) {
      headers.push(["x-fal-billable-units", reply.billableUnits]);
    }
    return { status: reply.status ?? 200, headers, body: JSON.stringify(reply.body) };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return requestError("runner_server_error", "Internal Server Error");
  }
}

/** The input of a request: its JSON body, its query for a GET, `{}` when there is none. */
export async function readInput(
  exchange: Exchange,
  acceptsAnyBody: boolean,
): Promise<
  { input: Record<string, unknown>; bytes: Uint8Array } | { input?: never; refusal: Answer }
> {
  if (exchange.method === "GET") {
    return { input: Object.fromEntries(exchange.query), bytes: new Uint8Array(0) };
  }
  const bytes = await exchange.bytes();
  if (bytes === undefined)
    return { refusal: requestError("bad_request", "Request body too large") };
  if (bytes.length === 0) return { input: {}, bytes };
  const parsed = isJson(exchange.headers) ? parse(bytes) : undefined;
  if (parsed !== undefined && isObject(parsed.value)) return { input: parsed.value, bytes };
  if (acceptsAnyBody) return { input: {}, bytes };
  if (isJson(exchange.headers) && parsed === undefined) {
    return {
      refusal: validationError([
        { loc: ["body", 0], msg: "JSON decode error", type: "json_invalid", input: {} },
      ]),
    };
  }
  const msg = "Input should be a valid dictionary or object to extract fields from";
  return { refusal: validationError([{ loc: ["body"], msg, type: "model_attributes_type" }]) };
}

function isJson(headers: IncomingHttpHeaders): boolean {
  return /^application\/(.+\+)?json\b/i.test(headers["content-type"] ?? "");
}

function parse(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return {
      value: JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()),
    };
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
