// Metered, with the state in a Redis of its own.
import { spawn } from "node:child_process";
import { redisStore } from "@fal-ai/server-proxy/stores/redis";
import { Redis } from "ioredis";
import { serve } from "../metered.mjs";

const port = 20_000 + (process.pid % 20_000);
const server = spawn(
  "redis-server",
  ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
  { stdio: "ignore" },
);
process.on("exit", () => server.kill("SIGKILL"));
process.on("SIGTERM", () => process.exit());
const client = new Redis(port, "127.0.0.1", { enableAutoPipelining: true });
client.on("error", () => {});
client.once("ready", async () => {
  const store = redisStore(client);
  await store.prepare();
  serve(store);
});
