/** `take` in Lua: all claims are judged, then all are booked; nothing comes between. */

export const TAKE: string = `
local epoch = redis.call('HGET', meta, 'epoch')
if not epoch then
  if not q.autoPrepare then return answer({ unprepared = true }) end
  epoch = q.epoch
  redis.call('HSET', meta, 'epoch', epoch, 'seq', 0)
end
local out = { epoch = epoch, seq = text(redis.call('HINCRBY', meta, 'seq', 1)) }

local id, dedupe = q.id, given(q.dedupe)
local known = job(id) or (dedupe and jobOf('d:', dedupe))
if known then
  if known[HASH] == q.hash or known[HASH] == '' then out.replay = shown(known) else out.conflict = true end
  return answer(out)
end

local isEntry = given(q.entry)
local stands, amounts, toHold, slots, rows = {}, {}, {}, {}, {}
for i, c in ipairs(q.claims) do
  if (given(c.from) and c.from - 60000 > now) or (given(c['until']) and c['until'] + 60000 <= now) then
    out.clock = true
    return answer(out)
  end
  amounts[i] = tonumber(c.amount)
  toHold[i] = (c.kind == 'spend' and not isEntry) and amounts[i] or 0
  local used, held, kept = seen(c)
  local override = overrideOf(c)
  local limit = override or given(c.limit)
  if limit and limit ~= 'none' and not isEntry and used + amounts[i] > tonumber(limit) then
    out.refused, out.used, out.held, out.limit = i - 1, text(used), text(held), limit
    out.override, out.slots, out.now = override, kept and texts(kept), now
    return answer(out)
  end
  rows[i], slots[i] = kept, false
  local holds = (c.kind == 'place' and amounts[i] or toHold[i])
  stands[i] = { used = text(used + amounts[i]), held = text(held + holds), override = override }
end

local names, kinds, booked = {}, {}, {}
for i, c in ipairs(q.claims) do
  names[i], kinds[i], booked[i] = c.bucket, c.kind, amounts[i]
  local isNothing = c.kind == 'count' and amounts[i] == 0
  local key = prefix .. (c.kind == 'place' and 'p:' or 'b:') .. c.bucket
  if not isNothing and redis.call('EXISTS', key) == 0 then
    redis.call('SADD', prefix .. 'n:' .. c.subject, c.bucket)
    redis.call('PEXPIRE', prefix .. 'n:' .. c.subject, text(400 * DAY))
  end
  if c.kind == 'place' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
    redis.call('ZADD', key, text(now + c.lease), id)
    if redis.call('PTTL', key) < c.lease then redis.call('PEXPIRE', key, text(c.lease + 60000)) end
  elseif isNothing then
    -- It was only judged.
  elseif given(c.ms) then
    local kept, slot = rows[i], slotAt(c)
    local n = #kept
    -- A clock that went back books in the newest slot.
    if n > 0 and kept[n - 2] >= slot then
      slot = kept[n - 2]
      kept[n - 1], kept[n] = kept[n - 1] + amounts[i], kept[n] + toHold[i]
    else
      kept[n + 1], kept[n + 2], kept[n + 3] = slot, amounts[i], toHold[i]
    end
    slots[i] = slot
    redis.call('HSET', key, 's', cmsgpack.pack(kept))
    redis.call('PEXPIREAT', key, text(c.keptUntil))
  else
    redis.call('HINCRBY', key, 'u', text(amounts[i]))
    redis.call('HINCRBY', key, 'h', text(toHold[i]))
    if given(c.keptUntil) then redis.call('PEXPIREAT', key, text(c.keptUntil)) end
  end
end
write({ id, q.hash, q.owner, q.account, q.endpoint, q.operation, dedupe or false, false, isEntry and 2 or 0,
  names, kinds, amounts, booked, slots, given(q.price) or false, false, false, false, now,
  given(q.checkIn) and now + q.checkIn or false, isEntry and now or false, false })
if q.owner ~= '' then
  local key = prefix .. 'w:' .. q.owner
  redis.call('ZADD', key, text(now), id)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - (q.keepDays + 2) * DAY))
  redis.call('PEXPIRE', key, text((q.keepDays + 2) * DAY))
end
out.ok, out.buckets = true, stands
return answer(out)
`;
