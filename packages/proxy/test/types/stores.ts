// Drivers and clients of apps, as their own types describe them.
import { Redis as Upstash } from "@upstash/redis";
import { Redis } from "ioredis";
import Database from "libsql";
import { Pool, type PoolClient } from "pg";
import { createClient } from "redis";
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";
import { createSweepHandler, credits, defineProxy } from "@fal-ai/server-proxy/limits";
import { falPrices } from "@fal-ai/server-proxy/prices";
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";
import { postgresStore } from "@fal-ai/server-proxy/stores/postgres";
import { redisStore } from "@fal-ai/server-proxy/stores/redis";
import { sqliteStore } from "@fal-ai/server-proxy/stores/sqlite";

sqliteStore(new Database(":memory:"), { synchronous: "full" });
postgresStore(new Pool(), { schema: "fal" });
export const inTransaction = (client: PoolClient): Promise<boolean> =>
  postgresStore(client).enter({
    id: "evt_1",
    purse: credits("42", { tenant: "acme" }),
    amount: 5n,
  });
redisStore(new Redis());
redisStore(createClient());
redisStore(new Upstash({ url: "https://x.upstash.io", token: "t" }), { scope: "main" });

const fal = defineProxy({
  isAuthenticated: (call) => ({ id: call.getHeader("x-user") ?? "guest", plan: "pro" }),
  store: memoryStore(),
  prices: falPrices({ "fal-ai/veo3/fast": { seconds: "duration", usd: "0.15", max: 1.2 } }),
  limits: {
    timeZone: "Europe/Berlin",
    user: { inFlight: 3, usd: { day: (call) => (call.user?.plan === "pro" ? 20 : 2) } },
    team: { by: (call) => call.user?.tenant, usd: { month: "500" } },
    all: { usd: { day: 200, "1m": 5 }, dryRun: true },
  },
  credits: { acceptLoss: true, cost: { "fal-ai/**": (quote) => Math.ceil(quote.usd * 130) } },
  share: (call, job) => job.owner.startsWith(`user/${call.user?.tenant}/`),
});
export const { GET, POST, PUT } = createRouteHandler(fal);
export const sweep: (request: Request) => Promise<Response> = createSweepHandler(fal, {
  secret: process.env["CRON_SECRET"],
});

// @ts-expect-error A period is needed.
defineProxy({ store: memoryStore(), limits: { user: { usd: 5 } } });
// @ts-expect-error A store has verbs.
defineProxy({ store: new Map() });
