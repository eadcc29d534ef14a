/** The scripts of the Redis engine, by verb. */
import { ADVANCE } from "./advance.ts";
import { PRELUDE } from "./prelude.ts";
import { TAKE } from "./take.ts";

const LOOK = `
local id, request = given(q.id), given(q.requestId)
local found = false
if id then found = job(id) elseif request then found = jobOf('r:', request) end
local stands = {}
for i, c in ipairs(q.buckets) do
  local used, held = seen(c)
  stands[i] = { used = text(used), held = text(held), override = overrideOf(c) }
end
return answer({ job = found and shown(found), buckets = stands })
`;

const DUE = `
local handed = {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'due', '-inf', text(now), 'LIMIT', 0, q.max)) do
  local j = job(id)
  if j then
    j[CHECK] = now + q.leaseMs
    write(j)
    handed[#handed + 1] = shown(j)
  else
    redis.call('ZREM', prefix .. 'due', id)
  end
end
return answer(handed)
`;

const OVERRIDE = `
local key = prefix .. 'o:' .. q.subject
if given(q.limit) then
  redis.call('HSET', key, q.guard, q.limit .. ' ' .. (given(q['until']) and text(q['until']) or 'ever'))
else
  redis.call('HDEL', key, q.guard)
end
return '{}'
`;

const FORGET = `
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'w:' .. q.owner, 0, -1)) do
  local j = job(id)
  if j and j[OWNER] == q.owner then
    j[OWNER] = ''
    write(j)
  end
end
redis.call('DEL', prefix .. 'w:' .. q.owner)
for _, bucket in ipairs(redis.call('SMEMBERS', prefix .. 'n:' .. q.subject)) do
  redis.call('DEL', prefix .. 'b:' .. bucket, prefix .. 'p:' .. bucket)
end
redis.call('DEL', prefix .. 'n:' .. q.subject, prefix .. 'o:' .. q.subject)
return '{}'
`;

const PREPARE = `
redis.call('HSETNX', meta, 'epoch', q.epoch)
redis.call('HSETNX', meta, 'seq', 0)
return '{}'
`;

/** What a server does with what no longer fits, in its own words. */
const EVICTION = `
local said = redis.pcall('INFO', 'memory')
return type(said) == 'string' and string.match(said, 'maxmemory_policy:(%S+)') or ''
`;

/** In Lua, each whole. Every one runs alone on the server. */
export const SCRIPTS: Readonly<Record<Script, string>> = {
  take: PRELUDE + TAKE,
  advance: PRELUDE + ADVANCE,
  look: PRELUDE + LOOK,
  due: PRELUDE + DUE,
  override: PRELUDE + OVERRIDE,
  forget: PRELUDE + FORGET,
  prepare: PRELUDE + PREPARE,
  eviction: EVICTION,
};

export type Script =
  | "take"
  | "advance"
  | "look"
  | "due"
  | "override"
  | "forget"
  | "prepare"
  | "eviction";
