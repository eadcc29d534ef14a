#!/usr/bin/env node
/** `fal-proxy`: what an operator does once, on the command line. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { defineProxy } from "./limits/define.ts";
import { reconcile } from "./limits/reconcile.ts";
import { postgresStore, type PostgresClient } from "./stores/postgres.ts";
import { redisStore, type RedisClient } from "./stores/redis.ts";
import { sqliteStore, type SqliteDatabase } from "./stores/sqlite.ts";
import type { Store } from "./stores/store.ts";

const HELP = `fal-proxy migrate: makes the tables of a store, or brings them up to date. Nothing is lost, and doing it twice does nothing.
fal-proxy doctor: asks whether a store is ready. With --reconcile, holds a day of fal's bill against what was booked,
and settles what was estimated; FAL_ADMIN_KEY must be a key that may read billing.

  fal-proxy migrate --postgres postgres://user@host/db [--schema fal_proxy] [--scope main]
  fal-proxy migrate --redis redis://host:6379 [--scope main] [--prefix fal:]
  fal-proxy migrate --sqlite fal.db [--scope main]
  fal-proxy doctor --postgres postgres://user@host/db --reconcile [--from 2026-11-26] [--to 2026-11-27]

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
  reconcile: { type: "boolean" },
  from: { type: "string" },
  to: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArgs(args);
  if (values.help || positionals[0] === "help") return void process.stdout.write(HELP);
  const [command] = positionals;
  if (positionals.length !== 1 || (command !== "migrate" && command !== "doctor"))
    throw new Wrong(`Say what to do: fal-proxy migrate, or fal-proxy doctor.\n\n${HELP}`);
  const { store, close } = await openStore(values);
  try {
    if (command === "migrate") await store.prepare();
    else await store.look({ id: "doctor" });
    process.stdout.write("fal-proxy: the store is ready.\n");
    if (command === "doctor" && values.reconcile) await report(store, values);
  } finally {
    await close();
  }
}

/** Says what does not agree, and fails then. */
async function report(store: Store, { from, to }: Values): Promise<void> {
  const { charges, billedUsd, corrected, differing, differences } = await reconcile(
    defineProxy({ store }),
    {
      adminKey: process.env["FAL_ADMIN_KEY"],
      ...(from !== undefined && { from: dateOf(from, "--from") }),
      ...(to !== undefined && { to: dateOf(to, "--to") }),
    },
  );
  const lines = [
    `fal lists ${charges} charges of ${billedUsd} USD. ${corrected} estimates are corrected by them, ${differing} differ:`,
    ...differences.map(({ requestId, endpoint, billedUsd: billed, bookedUsd: booked }) => {
      const ours = booked === undefined ? "no job is known" : `${booked} USD are booked`;
      return `  ${requestId} ${endpoint}: ${billed} USD are billed, ${ours}`;
    }),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (differing > 0) process.exitCode = 1;
}

function dateOf(text: string, option: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new Wrong(`${option} must be a date, such as 2026-11-26.`);
  return date;
}

interface Opened {
  readonly store: Store & { prepare(): Promise<void> };
  close(): unknown;
}

async function openStore(values: Values): Promise<Opened> {
  const { postgres, redis, sqlite, schema, scope, prefix } = values;
  if ([postgres, redis, sqlite].filter((one) => one !== undefined).length !== 1)
    throw new Wrong("Say where: one of --postgres, --redis and --sqlite.");
  const options = { autoPrepare: false, ...(scope !== undefined && { scope }) };
  if (postgres !== undefined) {
    const { Client } = (await load("pg", ["pg"])) as { Client: new (url: string) => PgClient };
    const client = new Client(postgres);
    await client.connect();
    const store = postgresStore(client, { ...options, ...(schema !== undefined && { schema }) });
    return { store, close: () => client.end() };
  }
  if (redis !== undefined) {
    const { Redis } = (await load("Redis", ["ioredis"])) as {
      Redis: new (url: string, options: object) => RedisClient & { disconnect(): void };
    };
    const client = new Redis(redis, { maxRetriesPerRequest: 1 });
    const store = redisStore(client, { ...options, ...(prefix !== undefined && { prefix }) });
    return { store, close: () => client.disconnect() };
  }
  return { store: sqliteStore(await openSqlite(sqlite as string), options), close: () => {} };
}

type Values = ReturnType<typeof readArgs>["values"];

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
