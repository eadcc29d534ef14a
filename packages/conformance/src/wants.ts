/** What cases want of an exchange, in the words of PROTOCOL.md. */
import type { RecordedRequest } from "fal-emulator";
import type { Case, Topic } from "./case.ts";
import type { Exchange } from "./rig.ts";
import { headerList, headerValues } from "./wire/reply.ts";

/** Cases as they are written down: the topic is given once per file. */
export function inTopic(topic: Topic, cases: ReadonlyArray<Omit<Case, "topic">>): Case[] {
  return cases.map((one) => ({ ...one, topic }));
}

/** Time for a request that should not be on its way to arrive nevertheless. */
const graceMs = 25;

export const soon = (ms: number = graceMs): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is seen, at most `patienceMs`. @returns whether it was */
export async function eventually(seen: () => boolean, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (!seen()) {
    if (Date.now() > deadline) return false;
    await soon(5);
  }
  return true;
}

/** One request reached fal and its answer the caller. @returns what fal received */
export function relayed(exchange: Exchange, status = 200): RecordedRequest {
  const { fal, reply } = exchange;
  exchange.want(fal.length > 0, "the call reaches fal");
  exchange.want(fal.length === 1, "the call reaches fal once");
  exchange.want(reply.status === status, `the caller receives fal's status ${status}`);
  return fal[0] as RecordedRequest;
}

/** Nothing reached fal. */
export async function unsent(exchange: Exchange, why: string): Promise<void> {
  await soon();
  exchange.want(exchange.fal.length === 0, `nothing is sent to fal: ${why}`);
}

/** Nothing reached fal, and the caller was told so in one of these statuses. */
export async function refused(
  exchange: Exchange,
  why: string,
  statuses: readonly number[] = [400, 403, 404],
): Promise<void> {
  await unsent(exchange, why);
  const { status } = exchange.reply;
  exchange.want(statuses.includes(status), `the caller is told ${statuses.join(" or ")}: ${why}`);
}

/** The JSON object of an error that the proxy made. */
export interface ErrorObject {
  message?: unknown;
  detail?: unknown;
  code?: unknown;
}

/** The body as an object, or a failure. */
export function errorObject(exchange: Exchange): ErrorObject {
  const text = exchange.reply.body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  exchange.want(isObject, "the body of the error is a JSON object");
  return value as ErrorObject;
}

/** The one value of a header, or undefined; more than one line is a failure. */
export function singleHeader(exchange: Exchange, name: string): string | undefined {
  const values = headerValues(exchange.reply, name);
  exchange.want(values.length <= 1, `the reply has ${name} once`);
  return values[0];
}

/** Fails when the reply carries any of these. */
export function withoutHeaders(exchange: Exchange, names: readonly string[]): void {
  const found = names.filter((name) => headerValues(exchange.reply, name).length > 0);
  exchange.want(found.length === 0, `the reply carries no ${found.join(", ")} of fal's`);
}

/** Whether the list-valued field names this item. */
export function lists(exchange: Exchange, name: string, item: string): boolean {
  return headerList(exchange.reply, name).some((one) => one === item || one.startsWith(`${item}=`));
}

export { headerList, headerValues };
