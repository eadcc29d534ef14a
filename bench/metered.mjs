// This library with everything that counts: the endpoint list, ownership, places in flight, two rates and two budgets, none of
// which refuses. What differs is where the state is.
import { createServer } from "node:http";
import { defineProxy } from "@fal-ai/server-proxy/limits";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { falPrices } from "@fal-ai/server-proxy/prices";

/** @param {import("@fal-ai/server-proxy/limits").Store} store */
export function serve(store) {
  const fal = defineProxy({
    isAuthenticated: () => ({ id: "42" }),
    allowedEndpoints: ["fal-ai/flux/**", "fal-ai/any-llm/**", "fal-ai/huge/**"],
    store,
    prices: falPrices(
      {
        "fal-ai/any-llm/**": { flat: 1, usd: "0.001", max: "0.001" },
        "fal-ai/huge/**": { flat: 1, usd: "0.001", max: "0.001" },
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
