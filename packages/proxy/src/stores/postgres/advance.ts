/** `advance` in Postgres: a state rises once, and each change books the difference to what stands. */

/** The body of a plpgsql function of `p jsonb`. */
export const ADVANCE: string = `
DECLARE
  now_at timestamptz := clock_timestamp();
  s text := p->>'scope';
  j jobs;
  to_state smallint := (p->>'state')::smallint;
  rises boolean;
  was_final boolean;
  binds boolean;
  tells boolean := false;
  frees boolean;
  amount bigint;
  won boolean;
  i int;
  -- open 0 < estimated 1 < charged 2 = void 3
  rank constant int[] := '{0, 1, 2, 2}';
BEGIN
  SELECT * INTO j FROM jobs WHERE scope = s AND id = p->>'id' FOR UPDATE;
  IF NOT FOUND THEN
    IF to_state IS DISTINCT FROM 3 THEN
      RETURN '{"won": false}';
    END IF;
    INSERT INTO jobs VALUES (s, p->>'id', '', '', '', '', '', NULL, NULL, 3, '{}', '{}', '{}', '{}', '{}', '{}',
      NULL, NULL, NULL, NULL, now_at, NULL, now_at, NULL) ON CONFLICT DO NOTHING RETURNING * INTO j;
    IF FOUND THEN
      RETURN jsonb_build_object('won', true, 'job', job_v1(j));
    END IF;
    -- It came in this moment.
    SELECT * INTO STRICT j FROM jobs WHERE scope = s AND id = p->>'id' FOR UPDATE;
  END IF;

  rises := to_state IS NOT NULL AND rank[to_state + 1] > rank[j.state + 1];
  was_final := rank[j.state + 1] = 2;
  binds := p->>'requestId' IS NOT NULL AND j.request_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE scope = s AND request_id = p->>'requestId');
  IF p->>'tell' IS NOT NULL THEN
    tells := p->>'tell' = 'done' OR j.told IS NULL OR j.told <= now_at;
  END IF;
  frees := coalesce((p->>'free')::boolean, rises);

  FOREACH i IN ARRAY j.locking LOOP
    IF j.kinds[i] = 'place' THEN
      CONTINUE WHEN j.booked[i] = 0;
      IF frees THEN
        DELETE FROM places x WHERE x.scope = s AND x.bucket = j.buckets[i] AND x.job = j.id;
        j.booked[i] := 0;
      ELSIF p->>'lease' IS NOT NULL THEN
        INSERT INTO places VALUES (s, j.buckets[i], j.id, now_at + (p->>'lease')::numeric * interval '1 millisecond')
          ON CONFLICT (scope, bucket, job) DO UPDATE SET until = excluded.until;
      END IF;
    ELSIF rises THEN
      amount := coalesce((p->'amounts'->>(i - 1))::bigint, CASE WHEN to_state = 3 THEN 0 ELSE j.booked[i] END);
      PERFORM move_v1(s, j.buckets[i], j.slots[i], amount - j.booked[i],
        CASE WHEN j.kinds[i] = 'spend' AND j.state = 0 THEN -j.booked[i] ELSE 0 END);
      j.booked[i] := amount;
    END IF;
  END LOOP;

  IF rises THEN
    j.state := to_state;
    j.ended := coalesce(j.ended, now_at);
  END IF;
  IF tells THEN
    j.told := CASE WHEN p->>'tell' = 'done' THEN 'infinity'
      ELSE now_at + (p->>'tell')::numeric * interval '1 millisecond' END;
  END IF;
  IF NOT was_final THEN
    j.units := coalesce(p->>'units', j.units);
    j.outcome := coalesce(p->>'outcome', j.outcome);
    j.status := coalesce((p->>'status')::int, j.status);
  END IF;
  -- null is never, left out is as it was, and what is over is not looked at again.
  IF p ? 'checkIn' AND (NOT was_final OR p->>'checkIn' IS NULL) THEN
    j.check_at := now_at + (p->>'checkIn')::numeric * interval '1 millisecond';
  ELSIF rises AND to_state <> 1 THEN
    j.check_at := NULL;
  END IF;
  IF binds THEN
    j.request_id := p->>'requestId';
  END IF;
  UPDATE jobs x SET state = j.state, booked = j.booked, ended = j.ended, told = j.told, units = j.units,
    outcome = j.outcome, status = j.status, check_at = j.check_at, request_id = j.request_id
    WHERE x.scope = s AND x.id = j.id;
  won := CASE WHEN to_state IS NOT NULL THEN rises WHEN p->>'tell' IS NOT NULL THEN tells
    ELSE p->>'requestId' IS NULL OR j.request_id IS NOT DISTINCT FROM p->>'requestId' END;
  RETURN jsonb_build_object('won', won, 'job', job_v1(j));
END`;
