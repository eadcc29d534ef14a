/** Sends one request to one server and tells everything that the caller and fal saw of it, as named facts. */
import { request } from "node:http";
import type { Emulator } from "fal-emulator";
import type { DifferentialRequest } from "./requests.ts";

/** Fact → value, such as `reply status` → `200`. */
export type Facts = ReadonlyMap<string, string>;

// Set by the clocks and sockets of each run, not by the packages.
const unrepeatable = new Set(["date", "host"]);

export async function observe(url: URL, spec: DifferentialRequest, fal: Emulator): Promise<Facts> {
  const before = fal.requests.length;
  const facts = new Map(await replyFacts(url, spec));
  const received = fal.requests.slice(before);
  facts.set("fal requests", String(received.length));
  for (const one of received) {
    facts.set("fal request line", `${one.method} ${one.url}`);
    for (const [name, value] of Object.entries(one.headers)) {
      if (!unrepeatable.has(name)) facts.set(`fal header ${name}`, value);
    }
    facts.set("fal body", printable(one.body));
  }
  return facts;
}

function replyFacts(url: URL, spec: DifferentialRequest): Promise<Array<[string, string]>> {
  const { method = "POST", target = `https://fal.run/conformance/${spec.name}` } = spec;
  const body =
    spec.body === undefined ? (method === "POST" ? '{"prompt":"a cat"}' : null) : spec.body;
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    ...(target !== null && { "x-fal-target-url": target }),
    ...(body !== null && { "content-length": String(Buffer.byteLength(body)) }),
    ...spec.headers,
  };
  return new Promise((resolve) => {
    const none = (why: string) => resolve([["reply status", why]]);
    const call = request(url, { method, headers, agent: false, timeout: 3000 }, (reply) => {
      const facts: Array<[string, string]> = [["reply status", String(reply.statusCode)]];
      for (const [name, value] of Object.entries(reply.headers)) {
        if (!unrepeatable.has(name)) facts.push([`reply header ${name}`, String(value)]);
      }
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      // Heard only so that it does not end the tests: `complete` says the same.
      reply.on("error", () => {});
      reply.on("close", () => {
        facts.push(["reply body", printable(Buffer.concat(chunks))]);
        facts.push(["reply looks whole", String(reply.complete)]);
        resolve(facts);
      });
    });
    call.on("timeout", () => call.destroy(new Error("silence")));
    call.on("error", (error) =>
      none(error.message === "silence" ? "none in 3 s" : "broken connection"),
    );
    call.end(body ?? undefined);
  });
}

/** Text as text; anything else by its bytes. */
function printable(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `base64 ${Buffer.from(bytes).toString("base64")}`;
  }
}
