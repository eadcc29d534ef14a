/** `advance` in Lua: a state rises once, and each change books the difference to what stands. */

export const ADVANCE: string = `
local j = job(q.id)
local state = given(q.state)
if not j then
  if state ~= 3 then return answer({ won = false }) end
  j = { q.id, '', '', '', '', '', false, false, 3, {}, {}, {}, {}, {}, false, false, false, false, now, false, now, false }
  write(j)
  return answer({ won = true, job = shown(j) })
end

local rises = state ~= nil and RANK[state] > RANK[j[STATE]]
local wasFinal = RANK[j[STATE]] == 2
local request, tell, lease = given(q.requestId), given(q.tell), given(q.lease)
local binds = request ~= nil and not j[REQUEST] and redis.call('EXISTS', prefix .. 'r:' .. request) == 0
local tells = tell == 'done' or (tell ~= nil and j[TOLD] ~= 'done' and (j[TOLD] or 0) <= now)
local frees = rises
if given(q.free) ~= nil then frees = q.free end
local amounts = given(q.amounts) or {}

-- A bucket that is gone, or a slot, is not made anew.
local function move(bucket, slot, more, moreHeld)
  local key = prefix .. 'b:' .. bucket
  if (more == 0 and moreHeld == 0) or redis.call('EXISTS', key) == 0 then return end
  if not slot then
    redis.call('HINCRBY', key, 'u', text(more))
    redis.call('HINCRBY', key, 'h', text(moreHeld))
    return
  end
  local kept = cmsgpack.unpack(redis.call('HGET', key, 's'))
  for i = 1, #kept, 3 do
    if kept[i] == slot then
      kept[i + 1], kept[i + 2] = kept[i + 1] + more, kept[i + 2] + moreHeld
      redis.call('HSET', key, 's', cmsgpack.pack(kept))
    end
  end
end

for i, bucket in ipairs(j[BUCKETS]) do
  local booked = j[BOOKED][i]
  if j[KINDS][i] == 'place' then
    local key = prefix .. 'p:' .. bucket
    if booked ~= 0 and frees then
      redis.call('ZREM', key, j[ID])
      j[BOOKED][i] = 0
    elseif booked ~= 0 and lease then
      redis.call('ZADD', key, text(now + lease), j[ID])
      if redis.call('PTTL', key) < lease then redis.call('PEXPIRE', key, text(lease + 60000)) end
    end
  elseif rises then
    local amount = amounts[i] and tonumber(amounts[i]) or (state == 3 and 0 or booked)
    move(bucket, j[SLOTS][i], amount - booked, (j[KINDS][i] == 'spend' and j[STATE] == 0) and -booked or 0)
    j[BOOKED][i] = amount
  end
end

if rises then
  j[STATE] = state
  j[ENDED] = j[ENDED] or now
  if state == 3 and j[DEDUPE] and redis.call('GET', prefix .. 'd:' .. j[DEDUPE]) == j[ID] then
    redis.call('DEL', prefix .. 'd:' .. j[DEDUPE])
  end
end
if tells then j[TOLD] = tell == 'done' and tell or now + tell end
if not wasFinal then
  j[UNITS] = given(q.units) or j[UNITS]
  j[OUTCOME] = given(q.outcome) or j[OUTCOME]
  j[STATUS] = given(q.status) or j[STATUS]
end
-- null is never, left out is as it was, and what is over is not looked at again.
if q.checkIn ~= nil and (not wasFinal or q.checkIn == cjson.null) then
  j[CHECK] = given(q.checkIn) and now + q.checkIn or false
elseif rises and state ~= 1 then
  j[CHECK] = false
end
if binds then j[REQUEST] = request end
write(j)
local won
if state ~= nil then won = rises
elseif tell ~= nil then won = tells
else won = request == nil or j[REQUEST] == request end
return answer({ won = won, job = shown(j) })
`;
