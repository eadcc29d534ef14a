/** Reads a request for a guard as fal will read it; what could be read in two ways is refused. */
import type { IncomingBody } from "./body.ts";
import { hasRepeatedKeys, parseJson } from "./json.ts";
import type { OpenCall } from "./open-call.ts";
import { refuse, Refused } from "./refusal.ts";

// Names the apps of a token or session and nothing else.
const TOKEN_BYTES = 65_536;

// A type by which the same bytes are something else than the JSON that a guard sees: a form, or
// another charset than JSON's (RFC 8259 §8.1).
const OTHERWISE = /\bform-(?:data|urlencoded)\b|charset\s*=\s*(?!"?utf-8"?\s*(?:[;,]|$))/i;

/** @see Call.json */
export async function inspectJson(call: OpenCall): Promise<unknown> {
  const { body, config, target } = call;
  if (body === undefined) return undefined;
  if (OTHERWISE.test(call.header("content-type") ?? "")) throw unreadable("is not sent as JSON");
  const small = target.operation === "token" || target.operation === "signal";
  const limit = small ? Math.min(TOKEN_BYTES, config.inspectBytes) : config.inspectBytes;
  const text = await readText(body, limit);
  if (text === "") return undefined;
  const value = parseJson(text);
  if (value === undefined) throw unreadable("is not valid JSON");
  if (hasRepeatedKeys(text)) throw unreadable("has the same key twice in one object");
  return value;
}

/** @see Call.inputs */
export async function inspectInputs(call: OpenCall): Promise<Record<string, unknown>> {
  // No body is no input; a body that says null is something else.
  const { body = {} } = { body: await call.json() };
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw unreadable("is not a JSON object");
  // No member of Object.prototype may look like an input.
  const inputs: Record<string, unknown> = Object.assign(Object.create(null), body);
  const { search, paid } = call.target;
  if (search.includes(";")) throw unreadable("has a semicolon, for some an ampersand", "query");
  for (const [name, value] of new URLSearchParams(search)) {
    // `fal_webhook` and its like are for the queue, not for the model.
    if (name.startsWith("fal_")) continue;
    // Whether a model takes it from there nobody knows, and a guard must not be told what is not run.
    if (paid && call.method !== "GET") throw unreadable("names an input of a POST", "query");
    if (name in inputs) throw unreadable(`names an input twice`, "query");
    inputs[name] = value;
  }
  return inputs;
}

async function readText(body: IncomingBody, limit: number): Promise<string> {
  const bytes = await body.bytes(limit);
  if (body.coding !== undefined) throw unreadable("is compressed");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable("is not valid UTF-8");
  }
}

function unreadable(why: string, where: "body" | "query" = "body"): Refused {
  const msg = `The request ${where} ${why}, so it cannot be checked.`;
  return new Refused(
    refuse("input_not_allowed", msg, { detail: [{ loc: [where], msg, type: "unreadable" }] }),
  );
}
