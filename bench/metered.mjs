// This library with everything that counts: the endpoint list, ownership, places in flight, two rates and two budgets, none of
// which refuses. What differs is where the state is.
import { createServer } from "node:http";
import { defineProxy } from "@fal-ai/server-proxy/limits";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { falPrices } from "@fal-ai/server-proxy/prices";

/**
 * @param {import("@fal-ai/server-proxy/limits").Store} store
 * @param {{ users?: number, rules?: number }} [size] how many users call, and how many more price rules there are
 */
export function serve(store, { users = 1, rules = 0 } = {}) {
  const more = Array.from({ length: rules }, (_, at) => [
    at % 10 === 0 ? `fal-ai/family-${at}/**` : `fal-ai/model-${at}`,
    { flat: 1, usd: "0.01" },
  ]);
  const fal = defineProxy({
    isAuthenticated: () => ({ id: String(Math.floor(Math.random() * users)) }),
    allowedEndpoints: ["fal-ai/flux/**", "fal-ai/any-llm/**", "fal-ai/huge/**"],
    store,
    prices: falPrices(
      {
        "fal-ai/any-llm/**": { flat: 1, usd: "0.001", max: "0.001" },
        "fal-ai/huge/**": { flat: 1, usd: "0.001", max: "0.001" },
        ...Object.fromEntries(more),
      },
      { list: false },
    ),
    limits: {
      user: { inFlight: 9_000_000, calls: { "1m": 9_000_000 }, usd: { day: 9_000_000 } },
      all: { calls: { "1m": 9_000_000 }, usd: { day: 9_000_000 } },
    },
  });
  createServer(createRequestListener(fal)).listen(Number(process.env.PORT), "127.0.0.1");
}
