/** `fal-ai/echo`: gives back what it received. Not a model of fal, but the one to test a transport with. */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { EmulatorContext } from "./execute.ts";
import type { Exchange } from "./exchange.ts";
import type { Model } from "./model.ts";

/** The request behind an input. */
export interface ReceivedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
}

export function received(exchange: Exchange, bytes: Uint8Array): ReceivedRequest {
  return { method: exchange.method, headers: exchange.headers, bytes };
}

/** Headers that hold secrets: an answer never repeats them. */
const secret = new Set(["authorization", "cookie", "proxy-authorization"]);

export const echo: Model = {
  id: "fal-ai/echo",
  title: "Echo",
  price: { unitPrice: 0.001, unit: "requests" },
  run: async (input, context) => ({ body: describe(input, context), billableUnits: "1" }),
  stream: (input, context) => ({
    contentType: "text/event-stream",
    chunks: (async function* () {
      for (const index of [0, 1, 2]) {
        yield { index, input };
        await context.wait(50);
      }
      yield describe(input, context);
    })(),
  }),
  async *realtime(input) {
    yield { input };
  },
};

function describe(input: Record<string, unknown>, context: EmulatorContext): object {
  const { method, headers, bytes } = context.request ?? { headers: {}, bytes: new Uint8Array(0) };
  return {
    input,
    method,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.has(name))),
    body_length: bytes.length,
    body_sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
