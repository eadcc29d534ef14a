/** State in Postgres: for any number of processes and machines, with the ledger as a table of its own. */
import { isDevelopment } from "../environment.ts";
import { Continuity } from "./continuity.ts";
import { Lanes } from "./lanes.ts";
import { prepareStatement } from "./postgres/schema.ts";
import { StoreUnavailable, type NewJob, type Store, type Taken } from "./store.ts";
import { serverStore, type AskServer, type ServerStoreOptions } from "./server-store.ts";
import { takenOf, writtenJob, type TakeAnswer } from "./wire.ts";
import { within } from "./within.ts";

/** What is asked of a client: the pools and clients of pg, Neon, Vercel and PGlite have it. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface PostgresStoreOptions extends ServerStoreOptions {
  /** Where its tables are: a plain lower-case name. @default "fal_proxy" */
  schema?: string;
  /**
   * How many statements this process has under way; others wait here, where it costs least.
   *
   * @default 4
   */
  concurrency?: number;
}

/**
 * A store in Postgres 13 or later. Each verb is one statement.
 *
 * @param client a pool, or within the app's own transaction its client: then an entry stands and falls with it
 * @throws TypeError for an option that is wrong
 *
 * @example
 * ```ts
 * import { Pool } from "pg";
 * const store = postgresStore(new Pool({ connectionString: process.env.DATABASE_URL }));
 * ```
 */
export function postgresStore(
  client: PostgresClient,
  {
    scope = "main",
    schema = "fal_proxy",
    timeout = 1000,
    concurrency = 4,
    keepDays = 90,
    autoPrepare = isDevelopment(),
  }: PostgresStoreOptions = {},
): Store & { prepare(): Promise<void> } {
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema))
    throw new TypeError("fal proxy: postgresStore's schema must be a plain lower-case name.");
  const lanes = new Lanes(concurrency);
  const continuity = new Continuity();
  let preparing: Promise<void> | undefined;

  const prepare = async (): Promise<void> => void (await client.query(prepareStatement(schema)));

  async function ask(verb: string, what: object): Promise<unknown> {
    const text = `SELECT ${schema}.${verb}_v1($1::jsonb) AS answer`;
    const { rows } = await client.query(text, [JSON.stringify({ scope, keepDays, ...what })]);
    const { answer } = rows[0] as { answer: unknown };
    // Some clients leave JSON as it came.
    return typeof answer === "string" ? JSON.parse(answer) : answer;
  }

  /** Asks again where Postgres says that another one was in the way, and makes the tables where it may. */
  async function persist(verb: string, what: object): Promise<unknown> {
    const deadline = Date.now() + timeout;
    for (let mayPrepare = autoPrepare; ;) {
      try {
        return await ask(verb, what);
      } catch (error) {
        const code = codeOf(error);
        if (UNPREPARED.has(code) && mayPrepare) {
          mayPrepare = false;
          await (preparing ??= prepare().finally(() => (preparing = undefined)));
        } else if (!TRANSIENT.has(code) || Date.now() >= deadline) throw troubleOf(error);
      }
    }
  }

  const verb: AskServer = (name, what) =>
    within(
      timeout,
      "Postgres",
      lanes.run(timeout, () => persist(name, what)),
    );

  async function take(job: NewJob): Promise<Taken> {
    const before = continuity.begin();
    for (;;) {
      const { epoch, seq, ...answer } = (await verb("take", writtenJob(job))) as Numbered;
      continuity.check(before, epoch, BigInt(seq));
      // Somebody was faster with the id or the key, and is there to be read now.
      if (!("again" in answer)) return takenOf(job, answer);
    }
  }

  return { ...serverStore("postgres", scope, verb, take), prepare };
}

type Numbered = { readonly epoch: string; readonly seq: string } & (
  | TakeAnswer
  | { readonly again: true }
);

const codeOf = (error: unknown): string =>
  String((error as { code?: unknown } | null | undefined)?.code ?? "");

/** No such schema, table or function. */
const UNPREPARED = new Set(["3F000", "42P01", "42883"]);
/** Another transaction was in the way, above READ COMMITTED or by the order of locks. */
const TRANSIENT = new Set(["40001", "40P01"]);
/** Not had within `lock_timeout`, or called off. */
const LATE = new Set(["55P03", "57014"]);

function troubleOf(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error;
  const code = codeOf(error);
  if (UNPREPARED.has(code)) {
    return new StoreUnavailable(
      "unprepared",
      "the tables are missing from Postgres. If it is new, `npx fal-proxy migrate` makes them; if it is not, they were lost.",
      { cause: error },
    );
  }
  if (LATE.has(code) || TRANSIENT.has(code)) {
    return new StoreUnavailable("timeout", "Postgres did not answer in time.", { cause: error });
  }
  return new StoreUnavailable("unreachable", "Postgres could not be asked.", { cause: error });
}
