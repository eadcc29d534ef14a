/** `handleRequest`, the published package's door for frameworks of one's own. */
import type { ProxyBehavior } from "./behavior.ts";
import { bufferedBody, type IncomingBody } from "./body.ts";
import type { Incoming } from "./call.ts";
import { resolveConfig } from "./config.ts";
import type { ProxyConfig } from "./options.ts";
import { fault } from "./fault.ts";
import { answerHeaders } from "./headers.ts";
import { isRefusal, refusalBody } from "./refusal.ts";
import { serve } from "./web.ts";

/**
 * Proxies one request that a behavior describes, and answers through it: a refusal through
 * `respondWith`, fal's reply through `sendResponse`, headers of either through `sendHeader` first.
 *
 * The behavior hands over its body as text, so binary bodies do not survive it, and cannot tell
 * that the caller went away: where the host has `Request` and `Response`, or Node's pair, the
 * `fetch` and `node` entries do both.
 *
 * @param config options; pass the same object each time (or the result of `resolveProxyConfig`),
 *   so that it is compiled once
 * @throws TypeError when an option is wrong
 */
export async function handleRequest<ResponseType>(
  behavior: ProxyBehavior<ResponseType>,
  config: ProxyConfig = {},
): Promise<ResponseType> {
  const resolved = resolveConfig(config);
  const headers = headersOf(behavior);
  const incoming: Incoming = {
    adapter: behavior.id,
    method: behavior.method.toUpperCase(),
    header: (name) => headers.get(name) ?? single(behavior.getHeader(name)),
    headers: () => headers,
    body: undefined,
    ip: undefined,
    native: behavior,
    env: undefined,
    resolveApiKey: behavior.resolveApiKey,
  };
  let answer;
  try {
    const body = await bodyOf(behavior, incoming.method);
    // Such a host reads the Response as if `fetch` had made it, so its body must be plain.
    answer = await serve(resolved, { ...incoming, body }, undefined, false);
  } catch (error) {
    answer = fault(resolved, incoming, undefined, error);
  }
  if (isRefusal(answer)) {
    const own = { ...answerHeaders(resolved, incoming), ...answer.headers };
    for (const [name, value] of Object.entries(own)) behavior.sendHeader(name, value);
    return behavior.respondWith(answer.status, refusalBody(answer, resolved.development));
  }
  // A host that reads the body itself writes its own length.
  answer.headers.forEach((value, name) => {
    if (name !== "content-length") behavior.sendHeader(name, value);
  });
  return behavior.sendResponse(answer);
}

function headersOf(behavior: ProxyBehavior<unknown>): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(behavior.getHeaders())) {
    const text = single(value);
    if (text !== undefined) headers.set(name.toLowerCase(), text);
  }
  return headers;
}

function single(value: ReturnType<ProxyBehavior<unknown>["getHeader"]>): string | undefined {
  return (Array.isArray(value) ? value.join(", ") : value) ?? undefined;
}

async function bodyOf(
  behavior: ProxyBehavior<unknown>,
  method: string,
): Promise<IncomingBody | undefined> {
  const text = method === "GET" ? undefined : await behavior.getRequestBody();
  return text ? bufferedBody(new TextEncoder().encode(text)) : undefined;
}
