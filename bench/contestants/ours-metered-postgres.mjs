// Metered, with the state in a Postgres of its own.
import { once } from "node:events";
import { spawn } from "node:child_process";
import { postgresStore } from "@fal-ai/server-proxy/stores/postgres";
import pg from "pg";
import { serve } from "../metered.mjs";

// Started by a process of TypeScript, as the tests start theirs; it ends with this one.
const server = spawn(
  process.execPath,
  ["--import", "tsx", `${import.meta.dirname}/../postgres.mjs`],
  {
    stdio: ["pipe", "pipe", "ignore"],
  },
);
process.on("exit", () => server.kill());
process.on("SIGTERM", () => process.exit());
const [port] = await once(server.stdout, "data");
const pool = new pg.Pool({
  host: "127.0.0.1",
  port: Number(String(port)),
  user: "postgres",
  database: "postgres",
  max: 8,
});
pool.on("error", () => {});
const store = postgresStore(pool);
await store.prepare();
serve(store);
