/**
 * The tables and functions of the Postgres engine: each verb is one statement, so that it needs no transaction of the
 * client's and works through a pooler. Functions carry a version in their names, so that old and new code can run side
 * by side. Rows are locked in one order everywhere: the job, then its buckets from narrow to wide.
 */
import { functionsOf } from "./functions.ts";

/** Of tables and functions together. */
const VERSION = "1";

/**
 * One statement that makes what is missing, alone even where several processes start at once.
 *
 * @param schema a plain name: it is not quoted
 */
export const prepareStatement = (schema: string): string =>
  `DO $prepare$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('fal_proxy ${schema}'));
  CREATE SCHEMA IF NOT EXISTS ${schema};
  SET LOCAL search_path = ${schema}, pg_temp;
${[TABLES, ...functionsOf(schema)].join("\n")}
END $prepare$`;

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value text NOT NULL);
  INSERT INTO meta VALUES ('schema', '${VERSION}') ON CONFLICT DO NOTHING;
  INSERT INTO meta VALUES ('epoch', gen_random_uuid()::text) ON CONFLICT DO NOTHING;
  CREATE SEQUENCE IF NOT EXISTS takes;

  -- The ledger. Amounts are billionths; the arrays stand in the order of the claims, "locking" says in which order
  -- their buckets are locked.
  CREATE TABLE IF NOT EXISTS jobs (
    scope text NOT NULL, id text NOT NULL, hash text NOT NULL, owner text NOT NULL, account text NOT NULL,
    endpoint text NOT NULL, operation text NOT NULL, request_id text, dedupe text,
    state smallint NOT NULL, -- 0 open, 1 estimated, 2 charged, 3 void
    buckets text[] NOT NULL, kinds text[] NOT NULL, amounts bigint[] NOT NULL, booked bigint[] NOT NULL,
    slots bigint[] NOT NULL, locking int[] NOT NULL,
    price text, units text, outcome text, status int,
    born timestamptz NOT NULL, check_at timestamptz, ended timestamptz, told timestamptz,
    PRIMARY KEY (scope, id)
  ) WITH (fillfactor = 70);
  CREATE UNIQUE INDEX IF NOT EXISTS jobs_request ON jobs (scope, request_id) WHERE request_id IS NOT NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS jobs_dedupe ON jobs (scope, dedupe) WHERE dedupe IS NOT NULL AND state <> 3;
  CREATE INDEX IF NOT EXISTS jobs_check ON jobs (scope, check_at) WHERE check_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS jobs_owner ON jobs (scope, owner, born DESC);
  CREATE INDEX IF NOT EXISTS jobs_born ON jobs (scope, born DESC);
  CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (scope, ended) WHERE ended IS NOT NULL;

  -- A rolling window keeps its slots flat: number, used, held, and so on.
  CREATE TABLE IF NOT EXISTS buckets (
    scope text NOT NULL, bucket text COLLATE "C" NOT NULL, used bigint NOT NULL, held bigint NOT NULL,
    slots bigint[], until timestamptz, PRIMARY KEY (scope, bucket)
  ) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  CREATE INDEX IF NOT EXISTS buckets_until ON buckets (scope, until) WHERE until IS NOT NULL;
  CREATE TABLE IF NOT EXISTS places (
    scope text NOT NULL, bucket text COLLATE "C" NOT NULL, job text NOT NULL, until timestamptz NOT NULL,
    PRIMARY KEY (scope, bucket, job)
  );
  CREATE INDEX IF NOT EXISTS places_until ON places (scope, bucket, until);
  CREATE TABLE IF NOT EXISTS overrides (
    scope text NOT NULL, subject text NOT NULL, guard text NOT NULL, "limit" bigint, until timestamptz,
    PRIMARY KEY (scope, subject, guard)
  );`;
