/** `take` in Postgres: what cannot fit is refused by reading, the rest is booked bucket by bucket, or given back. */

/** The body of a plpgsql function of `p jsonb`. */
export const TAKE: string = `
DECLARE
  now_at timestamptz := clock_timestamp();
  now_ms bigint := floor(extract(epoch FROM now_at) * 1000); -- as slots are found: rounded up it would be in the next one
  s text := p->>'scope';
  is_entry boolean := coalesce((p->>'entry')::boolean, false);
  claims jsonb[] := ARRAY(SELECT value FROM jsonb_array_elements(p->'claims'));
  locking int[] := ARRAY(SELECT value::int FROM jsonb_array_elements_text(p->'locking'));
  names text[] := '{}';
  kinds text[] := '{}';
  amounts bigint[] := '{}';
  limits bigint[] := '{}';
  to_hold bigint[] := '{}';
  slots bigint[] := '{}';
  stands jsonb[];
  overridden text[] := '{}';
  c jsonb;
  given text;
  seen record;
  i int;
  undone int;
  done int[] := '{}';
  lost boolean;
  j jobs;
  answer jsonb := jsonb_build_object('epoch', (SELECT value FROM meta WHERE key = 'epoch'), 'seq', nextval('takes')::text);
BEGIN
  SELECT * INTO j FROM jobs WHERE scope = s AND id = p->>'id';
  IF NOT FOUND AND p->>'dedupe' IS NOT NULL THEN
    SELECT * INTO j FROM jobs WHERE scope = s AND dedupe = p->>'dedupe' AND state <> 3;
  END IF;
  IF j.id IS NOT NULL THEN
    RETURN answer || CASE WHEN j.hash IN (p->>'hash', '') THEN jsonb_build_object('replay', job_v1(j))
      ELSE '{"conflict": true}' END;
  END IF;

  -- What does not fit by what can be read locks and writes nothing.
  FOR i IN 1 .. cardinality(claims) LOOP
    c := claims[i];
    IF (c->>'from')::bigint - 60000 > now_ms OR (c->>'until')::bigint + 60000 <= now_ms THEN
      RETURN answer || '{"clock": true}';
    END IF;
    names[i] := c->>'bucket';
    kinds[i] := c->>'kind';
    amounts[i] := (c->>'amount')::bigint;
    to_hold[i] := CASE WHEN kinds[i] = 'spend' AND NOT is_entry THEN amounts[i] ELSE 0 END;
    slots[i] := CASE WHEN c->'ms' IS NOT NULL THEN slot_v1(c, now_at) END;
    given := overridden_v1(s, c, now_at);
    overridden[i] := given;
    limits[i] := CASE WHEN is_entry OR given = 'none' THEN NULL
      ELSE coalesce(given::bigint, (c->>'limit')::bigint) END;
    SELECT * INTO seen FROM seen_v1(s, c, now_at);
    IF limits[i] IS NOT NULL AND seen.used + amounts[i] > limits[i] THEN
      RETURN answer || jsonb_build_object('refused', i - 1, 'used', seen.used::text, 'held', seen.held::text,
        'limit', limits[i]::text, 'override', given, 'slots', seen.slots, 'now', now_ms);
    END IF;
  END LOOP;

  INSERT INTO jobs VALUES (s, p->>'id', p->>'hash', p->>'owner', p->>'account', p->>'endpoint', p->>'operation',
    NULL, p->>'dedupe', CASE WHEN is_entry THEN 2 ELSE 0 END, names, kinds, amounts, amounts, slots, locking,
    p->>'price', NULL, NULL, NULL, now_at, now_at + (p->>'checkIn')::numeric * interval '1 millisecond',
    CASE WHEN is_entry THEN now_at END, NULL)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    -- Somebody was faster with the id or the key.
    RETURN answer || '{"again": true}';
  END IF;

  FOREACH i IN ARRAY locking LOOP
    c := claims[i];
    lost := false;
    IF kinds[i] = 'count' AND amounts[i] = 0 THEN
      SELECT * INTO seen FROM seen_v1(s, c, now_at);
      stands[i] := jsonb_build_object('used', seen.used::text, 'held', seen.held::text);
    ELSIF kinds[i] = 'place' THEN
      INSERT INTO buckets VALUES (s, names[i], 0, 0, NULL, NULL) ON CONFLICT DO NOTHING;
      PERFORM 1 FROM buckets b WHERE b.scope = s AND b.bucket = names[i] FOR UPDATE;
      DELETE FROM places x WHERE x.scope = s AND x.bucket = names[i] AND x.until <= now_at;
      SELECT b.used, b.used AS held, NULL::bigint[] AS slots INTO seen FROM buckets b
        WHERE b.scope = s AND b.bucket = names[i];
      IF seen.used + 1 > limits[i] THEN
        lost := true;
      ELSE
        INSERT INTO places VALUES (s, names[i], p->>'id',
          now_at + (c->>'lease')::numeric * interval '1 millisecond');
        stands[i] := jsonb_build_object('used', (seen.used + 1)::text, 'held', (seen.used + 1)::text);
      END IF;
    ELSIF slots[i] IS NULL THEN
      INSERT INTO buckets AS x VALUES (s, names[i], amounts[i], to_hold[i], NULL,
        to_timestamp((c->>'keptUntil')::numeric / 1000))
        ON CONFLICT (scope, bucket) DO UPDATE SET used = x.used + amounts[i], held = x.held + to_hold[i]
        WHERE limits[i] IS NULL OR x.used + amounts[i] <= limits[i]
        RETURNING x.used, x.held INTO seen;
      IF NOT FOUND THEN
        lost := true;
        SELECT * INTO seen FROM seen_v1(s, c, now_at);
      ELSE
        stands[i] := jsonb_build_object('used', seen.used::text, 'held', seen.held::text);
      END IF;
    ELSE
      INSERT INTO buckets VALUES (s, names[i], 0, 0, '{}', to_timestamp((c->>'keptUntil')::numeric / 1000))
        ON CONFLICT DO NOTHING;
      SELECT b.slots INTO seen FROM buckets b WHERE b.scope = s AND b.bucket = names[i] FOR UPDATE;
      SELECT l.* INTO seen FROM live_v1(seen.slots, c, now_at) l;
      IF limits[i] IS NOT NULL AND seen.used + amounts[i] > limits[i] THEN
        lost := true;
      ELSE
        DECLARE
          kept bigint[] := seen.slots;
          last int := coalesce(array_length(kept, 1), 0);
        BEGIN
          IF last > 0 AND kept[last - 2] >= slots[i] THEN
            -- A clock that went back books in the newest slot.
            IF kept[last - 2] > slots[i] THEN
              slots[i] := kept[last - 2];
              UPDATE jobs x SET slots[i] = kept[last - 2] WHERE x.scope = s AND x.id = p->>'id';
            END IF;
            kept[last - 1] := kept[last - 1] + amounts[i];
            kept[last] := kept[last] + to_hold[i];
          ELSE
            kept := kept || ARRAY[slots[i], amounts[i], to_hold[i]];
          END IF;
          UPDATE buckets b SET slots = kept,
            until = greatest(b.until, to_timestamp((c->>'keptUntil')::numeric / 1000))
            WHERE b.scope = s AND b.bucket = names[i];
        END;
        stands[i] := jsonb_build_object('used', (seen.used + amounts[i])::text, 'held', (seen.held + to_hold[i])::text);
      END IF;
    END IF;
    IF lost THEN
      -- Somebody was faster: what this call has booked so far goes back.
      FOREACH undone IN ARRAY done LOOP
        IF kinds[undone] = 'place' THEN
          DELETE FROM places x WHERE x.scope = s AND x.bucket = names[undone] AND x.job = p->>'id';
        ELSE
          PERFORM move_v1(s, names[undone], slots[undone], -amounts[undone], -to_hold[undone]);
        END IF;
      END LOOP;
      DELETE FROM jobs x WHERE x.scope = s AND x.id = p->>'id';
      RETURN answer || jsonb_build_object('refused', i - 1, 'used', seen.used::text, 'held', seen.held::text,
        'limit', limits[i]::text, 'override', overridden[i], 'slots', seen.slots, 'now', now_ms);
    END IF;
    done := done || i;
    stands[i] := stands[i] || jsonb_build_object('override', overridden[i]);
  END LOOP;
  RETURN answer || jsonb_build_object('ok', true, 'buckets', to_jsonb(coalesce(stands, '{}')));
END`;
