/**
 * What every script of the Redis engine begins with.
 * All keys of a scope carry one hash tag, so that a cluster keeps them together. KEYS[1] is the scope's `meta`; ARGV[1]
 * is what is asked, as JSON, with amounts as text. Numbers are doubles here: exact up to nine million dollars.
 *
 * meta: epoch, seq · j:<id> a job, packed · r:<request id>, d:<dedupe> its id · b:<bucket> used, held, slots ·
 * p:<bucket> leases by their end · due: ids by the time of their check · o:<subject> overrides by guard ·
 * w:<owner> ids by birth and n:<subject> buckets: what `forget` needs
 */

export const PRELUDE: string = `
local meta = KEYS[1]
local prefix = string.sub(meta, 1, -5)
local q = cjson.decode(ARGV[1])
local function given(value) if value == cjson.null then return nil end return value end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local DAY = 86400000

-- + 0, since there is a zero below zero.
local function text(n) return string.format('%.0f', n + 0) end

-- A job is a list; what it lacks is false.
local ID, HASH, OWNER, ACCOUNT, ENDPOINT, OPERATION, DEDUPE, REQUEST, STATE, BUCKETS, KINDS, AMOUNTS, BOOKED, SLOTS,
  PRICE, UNITS, OUTCOME, STATUS, BORN, CHECK, ENDED, TOLD =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22
-- open 0 < estimated 1 < charged 2 = void 3
local RANK = { [0] = 0, 1, 2, 2 }

local function job(id)
  local packed = redis.call('GET', prefix .. 'j:' .. id)
  return packed and cmsgpack.unpack(packed)
end

local function jobOf(kind, key)
  local id = redis.call('GET', prefix .. kind .. key)
  return id and job(id)
end

-- While it is open it stays; afterwards for as many days as told.
local function write(j)
  local packed = cmsgpack.pack(j)
  local names = { 'j:' .. j[ID] }
  if j[REQUEST] then names[2] = 'r:' .. j[REQUEST] end
  if j[DEDUPE] and j[STATE] ~= 3 then names[#names + 1] = 'd:' .. j[DEDUPE] end
  for at, name in ipairs(names) do
    local value = at == 1 and packed or j[ID]
    if j[ENDED] and not j[CHECK] then
      redis.call('SET', prefix .. name, value, 'PX', text(q.keepDays * DAY))
    else
      redis.call('SET', prefix .. name, value)
    end
  end
  if j[CHECK] then
    redis.call('ZADD', prefix .. 'due', text(j[CHECK]), j[ID])
  else
    redis.call('ZREM', prefix .. 'due', j[ID])
  end
end

local function texts(list)
  local all = {}
  for i, n in ipairs(list) do all[i] = text(n) end
  return all
end

local function shown(j)
  return {
    id = j[ID], hash = j[HASH], owner = j[OWNER], account = j[ACCOUNT], endpoint = j[ENDPOINT],
    operation = j[OPERATION], dedupe = j[DEDUPE], requestId = j[REQUEST], state = j[STATE], buckets = j[BUCKETS],
    kinds = j[KINDS], amounts = texts(j[AMOUNTS]), booked = texts(j[BOOKED]), slots = j[SLOTS], price = j[PRICE],
    units = j[UNITS], outcome = j[OUTCOME], status = j[STATUS], born = j[BORN], checkAt = j[CHECK],
    ended = j[ENDED], told = j[TOLD],
  }
end

local function overrideOf(c)
  local said = redis.call('HGET', prefix .. 'o:' .. c.subject, c.guard)
  if not said then return nil end
  local limit, till = string.match(said, '^(%S+) (%S+)$')
  if till ~= 'ever' and tonumber(till) <= now then return nil end
  return limit
end

local function slotAt(c) return math.floor(now / (c.ms / c.slots)) end

local function live(c, packed)
  local oldest = slotAt(c) - c.slots
  local all = packed and cmsgpack.unpack(packed) or {}
  local slots, used, held = {}, 0, 0
  for i = 1, #all, 3 do
    if all[i] >= oldest then
      local n = #slots
      slots[n + 1], slots[n + 2], slots[n + 3] = all[i], all[i + 1], all[i + 2]
      used, held = used + all[i + 1], held + all[i + 2]
    end
  end
  return slots, used, held
end

-- used, held, and the slots of a rolling window
local function seen(c)
  if c.kind == 'place' then
    local places = redis.call('ZCOUNT', prefix .. 'p:' .. c.bucket, '(' .. text(now), '+inf')
    return places, places
  end
  if given(c.ms) then
    local slots, used, held = live(c, redis.call('HGET', prefix .. 'b:' .. c.bucket, 's'))
    return used, held, slots
  end
  local row = redis.call('HMGET', prefix .. 'b:' .. c.bucket, 'u', 'h')
  return tonumber(row[1] or 0), tonumber(row[2] or 0)
end

local function answer(what) return cjson.encode(what) end
`;
