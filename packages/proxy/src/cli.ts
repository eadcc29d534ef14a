#!/usr/bin/env node
/** `fal-proxy`: what an operator does once, on the command line. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { postgresStore, type PostgresClient } from "./stores/postgres.ts";
import { redisStore, type RedisClient } from "./stores/redis.ts";
import { sqliteStore, type SqliteDatabase } from "./stores/sqlite.ts";

const HELP = `fal-proxy migrate: makes the tables of a store, or brings them up to date. Nothing is lost, and doing it twice does nothing.

  fal-proxy migrate --postgres postgres://user@host/db [--schema fal_proxy]
  fal-proxy migrate --redis redis://host:6379 [--scope main] [--prefix fal:]
  fal-proxy migrate --sqlite fal.db

In production a store makes nothing by itself: then state that went away is noticed instead of being begun anew.
`;

/** Something for the person at the keyboard. */
class Wrong extends Error {}

const OPTIONS = {
  postgres: { type: "string" },
  redis: { type: "string" },
  sqlite: { type: "string" },
  schema: { type: "string" },
  scope: { type: "string" },
  prefix: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArgs(args);
  if (values.help || positionals[0] === "help") return void process.stdout.write(HELP);
  if (positionals.length !== 1 || positionals[0] !== "migrate")
    throw new Wrong(`Say what to do: fal-proxy migrate.\n\n${HELP}`);
  const { postgres, redis, sqlite, schema, scope, prefix } = values;
  if ([postgres, redis, sqlite].filter((one) => one !== undefined).length !== 1)
    throw new Wrong("Say where: one of --postgres, --redis and --sqlite.");
  if (postgres !== undefined) {
    const { Client } = (await load("pg", ["pg"])) as { Client: new (url: string) => PgClient };
    const client = new Client(postgres);
    await client.connect();
    try {
      await postgresStore(client, { ...(schema !== undefined && { schema }) }).prepare();
    } finally {
      await client.end();
    }
  } else if (redis !== undefined) {
    const { Redis } = (await load("Redis", ["ioredis"])) as {
      Redis: new (url: string, options: object) => RedisClient & { disconnect(): void };
    };
    const client = new Redis(redis, { maxRetriesPerRequest: 1 });
    try {
      await redisStore(client, {
        ...(scope !== undefined && { scope }),
        ...(prefix !== undefined && { prefix }),
      }).prepare();
    } finally {
      client.disconnect();
    }
  } else await sqliteStore(await openSqlite(sqlite as string)).prepare();
  process.stdout.write("fal-proxy: the store is ready.\n");
}

interface PgClient extends PostgresClient {
  connect(): Promise<void>;
  end(): Promise<void>;
}

function readArgs(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Wrong(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function openSqlite(file: string): Promise<SqliteDatabase> {
  const driver = await load("SQLite", ["node:sqlite", "better-sqlite3", "libsql"]);
  const { DatabaseSync, default: Database } = driver as Record<
    string,
    new (file: string) => SqliteDatabase
  >;
  const Opened = DatabaseSync ?? Database;
  return new (Opened as new (file: string) => SqliteDatabase)(file);
}

/** A driver of the app's own, from where the command was given. */
async function load(what: string, names: readonly string[]): Promise<unknown> {
  const near = createRequire(join(process.cwd(), "package.json"));
  for (const name of names) {
    try {
      const found = near.resolve(name);
      const module = (await import(
        found.startsWith("node:") ? found : pathToFileURL(found).href
      )) as { default?: unknown };
      // What a CommonJS driver exports is behind its default.
      return { ...(module.default as object), ...module };
    } catch {
      // The next one.
    }
  }
  throw new Wrong(`No driver for ${what} is installed here: npm install ${names.at(-1)}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text =
    error instanceof Wrong
      ? error.message
      : `fal-proxy: ${String((error as Error).message ?? error)}`;
  console.error(text);
  process.exitCode = 1;
});
