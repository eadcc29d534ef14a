/** The engines that several processes can share: how each is started, reached, and told that time has passed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import Database from "libsql";
import { Pool } from "pg";
import { postgresStore } from "../../src/stores/postgres.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { startPostgres, startRedis, type DatabaseServer } from "../support/database-servers.ts";

export type EngineName = "postgres" | "redis" | "sqlite";

/** A store of this process. */
export interface OpenStore {
  readonly store: Store;
  /** Makes every job due that is to be looked at some day. */
  passTime(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** @param address a port, or of SQLite the file */
export function openStore(engine: EngineName, address: string): OpenStore {
  if (engine === "sqlite") {
    const database = new Database(address);
    const store = sqliteStore(database);
    return {
      store,
      passTime: async () =>
        database.exec("UPDATE fal_jobs SET check_at = 0 WHERE check_at IS NOT NULL"),
      close: () => store.close().then(() => database.close()),
    };
  }
  if (engine === "postgres") {
    const pool = new Pool({
      host: "127.0.0.1",
      port: Number(address),
      user: "postgres",
      database: "postgres",
      max: 8,
    });
    pool.on("error", () => {});
    return {
      store: postgresStore(pool),
      passTime: () =>
        pool.query(
          "UPDATE fal_proxy.jobs SET check_at = to_timestamp(0) WHERE check_at IS NOT NULL",
        ),
      close: () => pool.end(),
    };
  }
  const client = new Redis(Number(address), "127.0.0.1", { maxRetriesPerRequest: 0 });
  client.on("error", () => {});
  return {
    store: redisStore(client),
    passTime: async () => {
      const key = "fal:{main}:due";
      for (const id of await client.zrange(key, "0", "-1")) await client.zadd(key, 0, id);
    },
    close: async () => client.disconnect(),
  };
}

export interface StartedEngine {
  readonly address: string;
  /** Undefined where there is no server. */
  readonly server: DatabaseServer | undefined;
  remove(): Promise<void>;
}

export async function startEngine(engine: EngineName): Promise<StartedEngine> {
  if (engine === "sqlite") {
    const folder = mkdtempSync(join(tmpdir(), "fal-proxy-processes-"));
    return {
      address: join(folder, "fal.db"),
      server: undefined,
      remove: async () => rmSync(folder, { recursive: true }),
    };
  }
  // So that what was acknowledged outlives the server.
  const server =
    engine === "redis"
      ? await startRedis(["--appendonly", "yes", "--appendfsync", "always"])
      : await startPostgres();
  return { address: String(server.port), server, remove: server.remove };
}
