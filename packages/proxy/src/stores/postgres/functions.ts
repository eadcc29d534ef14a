/** The verbs of the Postgres engine as functions, and what they call. Their names carry a version. */
import { ADVANCE } from "./advance.ts";
import { TAKE } from "./take.ts";

/** @returns CREATE FUNCTION statements */
export const functionsOf = (schema: string): readonly string[] => {
  const fn = (head: string, body: string): string =>
    `  CREATE OR REPLACE FUNCTION ${head} AS $fn$${body}$fn$;`;
  // The server stops waiting before the client does. What a verb calls runs in its settings.
  const verb = (name: string, body: string, kind = ""): string =>
    fn(
      `${name}(p jsonb) RETURNS jsonb LANGUAGE plpgsql ${kind} SET lock_timeout = '800ms' SET search_path = ${schema}, pg_temp`,
      body,
    );
  return [
    fn(
      `ms_v1(t timestamptz) RETURNS bigint LANGUAGE sql STABLE`,
      `SELECT (extract(epoch FROM t) * 1000)::bigint`,
    ),
    fn(
      `job_v1(j jobs) RETURNS jsonb LANGUAGE sql STABLE`,
      `
  SELECT jsonb_build_object('id', j.id, 'hash', j.hash, 'owner', j.owner, 'account', j.account,
    'endpoint', j.endpoint, 'operation', j.operation, 'requestId', j.request_id, 'dedupe', j.dedupe,
    'state', j.state, 'buckets', j.buckets, 'kinds', j.kinds, 'amounts', j.amounts::text[],
    'booked', j.booked::text[], 'slots', j.slots, 'price', j.price, 'units', j.units, 'outcome', j.outcome,
    'status', j.status, 'born', ms_v1(j.born), 'checkAt', ms_v1(j.check_at), 'ended', ms_v1(j.ended),
    'told', CASE WHEN j.told = 'infinity' THEN to_jsonb('done'::text) ELSE to_jsonb(ms_v1(j.told)) END)`,
    ),
    // How many there are stands in the bucket, so that nobody has to count them.
    fn(
      `count_places_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp`,
      `
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE buckets b SET used = b.used + 1, held = b.held + 1 WHERE b.scope = NEW.scope AND b.bucket = NEW.bucket;
  ELSE
    UPDATE buckets b SET used = b.used - 1, held = b.held - 1 WHERE b.scope = OLD.scope AND b.bucket = OLD.bucket;
  END IF;
  RETURN NULL;
END`,
    ),
    `  DROP TRIGGER IF EXISTS places_counted ON places;
  CREATE TRIGGER places_counted AFTER INSERT OR DELETE ON places
    FOR EACH ROW EXECUTE FUNCTION count_places_v1();`,
    // What stands in a bucket now.
    fn(
      `seen_v1(s text, c jsonb, now_at timestamptz, OUT used bigint, OUT held bigint, OUT slots bigint[]) LANGUAGE plpgsql STABLE`,
      `
DECLARE
  oldest bigint;
BEGIN
  IF c->>'kind' = 'place' THEN
    SELECT b.used INTO used FROM buckets b WHERE b.scope = s AND b.bucket = c->>'bucket';
    used := coalesce(used, 0) - (SELECT count(*) FROM places p
      WHERE p.scope = s AND p.bucket = c->>'bucket' AND p.until <= now_at);
    held := used;
    RETURN;
  END IF;
  SELECT b.used, b.held, b.slots INTO used, held, slots FROM buckets b WHERE b.scope = s AND b.bucket = c->>'bucket';
  IF c->'ms' IS NULL THEN
    used := coalesce(used, 0);
    held := coalesce(held, 0);
    RETURN;
  END IF;
  SELECT l.slots, l.used, l.held INTO slots, used, held FROM live_v1(slots, c, now_at) l;
END`,
    ),
    // The slots of a rolling window that may reach into it, and their sums.
    fn(
      `live_v1(given bigint[], c jsonb, now_at timestamptz, OUT slots bigint[], OUT used bigint, OUT held bigint) LANGUAGE plpgsql STABLE`,
      `
DECLARE
  oldest bigint := slot_v1(c, now_at) - (c->>'slots')::bigint;
BEGIN
  slots := '{}';
  used := 0;
  held := 0;
  FOR i IN 1 .. coalesce(array_length(given, 1), 0) BY 3 LOOP
    IF given[i] >= oldest THEN
      slots := slots || given[i : i + 2];
      used := used + given[i + 1];
      held := held + given[i + 2];
    END IF;
  END LOOP;
END`,
    ),
    fn(
      `slot_v1(c jsonb, now_at timestamptz) RETURNS bigint LANGUAGE sql STABLE`,
      `SELECT floor(extract(epoch FROM now_at) * 1000 / ((c->>'ms')::numeric / (c->>'slots')::numeric))::bigint`,
    ),
    // Moves what stands in a bucket. One that is gone, or a slot, is not made anew.
    fn(
      `move_v1(s text, b text, slot bigint, more bigint, more_held bigint) RETURNS void LANGUAGE plpgsql`,
      `
DECLARE
  kept bigint[];
BEGIN
  IF more = 0 AND more_held = 0 THEN
    RETURN;
  END IF;
  IF slot IS NULL THEN
    UPDATE buckets x SET used = x.used + more, held = x.held + more_held WHERE x.scope = s AND x.bucket = b;
    RETURN;
  END IF;
  SELECT x.slots INTO kept FROM buckets x WHERE x.scope = s AND x.bucket = b FOR UPDATE;
  FOR i IN 1 .. coalesce(array_length(kept, 1), 0) BY 3 LOOP
    IF kept[i] = slot THEN
      kept[i + 1] := kept[i + 1] + more;
      kept[i + 2] := kept[i + 2] + more_held;
      UPDATE buckets x SET slots = kept WHERE x.scope = s AND x.bucket = b;
    END IF;
  END LOOP;
END`,
    ),
    verb("take_v1", TAKE),
    verb("advance_v1", ADVANCE),
    verb(
      "look_v1",
      `
DECLARE
  now_at timestamptz := clock_timestamp();
  s text := p->>'scope';
  j jobs;
  c jsonb;
  seen record;
  stands jsonb := '[]';
BEGIN
  IF p->>'id' IS NOT NULL THEN
    SELECT * INTO j FROM jobs WHERE scope = s AND id = p->>'id';
  ELSIF p->>'requestId' IS NOT NULL THEN
    SELECT * INTO j FROM jobs WHERE scope = s AND request_id = p->>'requestId';
  END IF;
  FOR c IN SELECT value FROM jsonb_array_elements(coalesce(p->'buckets', '[]')) LOOP
    SELECT * INTO seen FROM seen_v1(s, c, now_at);
    stands := stands || jsonb_build_object('used', seen.used::text, 'held', seen.held::text,
      'override', overridden_v1(s, c, now_at));
  END LOOP;
  RETURN jsonb_build_object('job', CASE WHEN j.id IS NULL THEN NULL ELSE job_v1(j) END, 'buckets', stands);
END`,
      "STABLE",
    ),
    fn(
      `overridden_v1(s text, c jsonb, now_at timestamptz) RETURNS text LANGUAGE sql STABLE`,
      `
  SELECT coalesce(o."limit"::text, 'none') FROM overrides o WHERE o.scope = s AND o.subject = c->>'subject'
    AND o.guard = c->>'guard' AND (o.until IS NULL OR o.until > now_at)`,
    ),
    // Leases what is due, and drops some of what is over.
    verb(
      "due_v1",
      `
DECLARE
  now_at timestamptz := clock_timestamp();
  s text := p->>'scope';
  handed jsonb;
BEGIN
  DELETE FROM buckets WHERE ctid = ANY (ARRAY(SELECT ctid FROM buckets WHERE scope = s AND until < now_at
    LIMIT 1000 FOR UPDATE SKIP LOCKED));
  DELETE FROM jobs WHERE ctid = ANY (ARRAY(SELECT ctid FROM jobs WHERE scope = s
    AND ended < now_at - make_interval(days => (p->>'keepDays')::int) LIMIT 1000 FOR UPDATE SKIP LOCKED));
  WITH ripe AS (
    SELECT id, check_at AS was FROM jobs WHERE scope = s AND check_at <= now_at ORDER BY check_at
      LIMIT (p->>'max')::int FOR UPDATE SKIP LOCKED
  ), leased AS (
    UPDATE jobs j SET check_at = now_at + (p->>'leaseMs')::numeric * interval '1 millisecond'
      FROM ripe WHERE j.scope = s AND j.id = ripe.id RETURNING job_v1(j) AS job, ripe.was
  )
  SELECT coalesce(jsonb_agg(job ORDER BY was), '[]') INTO handed FROM leased;
  RETURN handed;
END`,
    ),
    verb(
      "forget_v1",
      `
BEGIN
  UPDATE jobs SET owner = '' WHERE scope = p->>'scope' AND owner = p->>'owner';
  DELETE FROM buckets WHERE scope = p->>'scope' AND starts_with(bucket, (p->>'subject') || '|');
  DELETE FROM places WHERE scope = p->>'scope' AND starts_with(bucket, (p->>'subject') || '|');
  DELETE FROM overrides WHERE scope = p->>'scope' AND subject = p->>'subject';
  RETURN '{}';
END`,
    ),
    verb(
      "override_v1",
      `
BEGIN
  DELETE FROM overrides WHERE scope = p->>'scope' AND subject = p->>'subject' AND guard = p->>'guard';
  IF p->>'limit' IS NOT NULL THEN
    INSERT INTO overrides VALUES (p->>'scope', p->>'subject', p->>'guard',
      CASE WHEN p->>'limit' = 'none' THEN NULL ELSE (p->>'limit')::bigint END,
      to_timestamp((p->>'until')::numeric / 1000));
  END IF;
  RETURN '{}';
END`,
    ),
  ];
};
