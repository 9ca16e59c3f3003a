// The scripts of the ranking in Redis. One hash, the head, says which state of the projection is here:
//
//   era         made with the head; what was written in another era does not count
//   stamp       grows with each change of what is here: who writes must have seen the last one
//   generation, version   every figure here is at least as new as this state of the projection
//   asOf, checked         the sales before `asOf` are counted, as a process found at `checked` (epoch ms)
//   s:<scope>   `<token> <end>`: this scope is here, until `end` (epoch ms)
//
// A scope is three keys: the figures of each product (under the empty name: the token, so that none is taken for
// another's), and who is where by revenue and by units. What the head does not name is unknown. Figures are always
// written in whole, never added to: written twice or late they are what they were.

import { script } from '../../platform/redis/redis.ts'

/** KEYS head. ARGV expected era (empty: none), life, then fields and values. */
export const BEGIN = script(`
if (redis.call('HGET', KEYS[1], 'era') or '') ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`)

/** What was found is that nothing changed. KEYS head. ARGV era, life, version, asOf, checked. */
export const CONFIRM = script(`
local head = redis.call('HMGET', KEYS[1], 'era', 'version', 'checked')
if head[1] ~= ARGV[1] or tonumber(head[2]) < tonumber(ARGV[3]) then return 0 end
if tonumber(ARGV[5]) >= tonumber(head[3]) then
  redis.call('HSET', KEYS[1], 'asOf', ARGV[4], 'checked', ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`)

/**
 * KEYS head, then of each scope figures, revenue, units. ARGV era, stamp, then by scope: name, token, count, and by
 * product: id, score by revenue, score by units, figures. At the end, if this is the last part: life, version, asOf,
 * checked, channel.
 */
export const APPLY = script(`
local head = redis.call('HMGET', KEYS[1], 'era', 'stamp', 'checked')
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return 0 end
local at = 3
for k = 2, #KEYS, 3 do
  local name, token, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  if redis.call('HGET', KEYS[k], '') == token and redis.call('EXISTS', KEYS[k + 1], KEYS[k + 2]) == 2 then
    local figures, revenue, units = {}, {}, {}
    for i = 0, count - 1 do
      local product = ARGV[at + 4 * i]
      figures[2 * i + 1], figures[2 * i + 2] = product, ARGV[at + 4 * i + 3]
      revenue[2 * i + 1], revenue[2 * i + 2] = ARGV[at + 4 * i + 1], product
      units[2 * i + 1], units[2 * i + 2] = ARGV[at + 4 * i + 2], product
    end
    redis.call('HSET', KEYS[k], unpack(figures))
    redis.call('ZADD', KEYS[k + 1], unpack(revenue))
    redis.call('ZADD', KEYS[k + 2], unpack(units))
  else
    redis.call('UNLINK', KEYS[k], KEYS[k + 1], KEYS[k + 2])
    redis.call('HDEL', KEYS[1], 's:' .. name)
  end
  at = at + 4 * count
end
if ARGV[at] then
  redis.call('HSET', KEYS[1], 'version', ARGV[at + 1])
  redis.call('HINCRBY', KEYS[1], 'stamp', 1)
  if tonumber(ARGV[at + 3]) >= tonumber(head[3]) then
    redis.call('HSET', KEYS[1], 'asOf', ARGV[at + 2], 'checked', ARGV[at + 3])
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[at])
  redis.call('PUBLISH', ARGV[at + 4], ARGV[at + 1])
end
return 1`)

/** A part of a scope, beside. KEYS figures, revenue, units. ARGV life, token, then by product as in APPLY. */
export const STAGE = script(`
local figures, revenue, units = { '', ARGV[2] }, {}, {}
for at = 3, #ARGV, 4 do
  figures[#figures + 1], figures[#figures + 2] = ARGV[at], ARGV[at + 3]
  revenue[#revenue + 1], revenue[#revenue + 2] = ARGV[at + 1], ARGV[at]
  units[#units + 1], units[#units + 2] = ARGV[at + 2], ARGV[at]
end
redis.call('HSET', KEYS[1], unpack(figures))
redis.call('ZADD', KEYS[2], unpack(revenue))
redis.call('ZADD', KEYS[3], unpack(units))
for k = 1, 3 do redis.call('PEXPIRE', KEYS[k], ARGV[1]) end
return 1`)

/**
 * What was made beside takes its place, if it is no older than what is here.
 * KEYS head, the three beside, the three in place. ARGV era, version, scope, token, end, life, most scopes.
 */
export const SETTLE = script(`
local head = redis.call('HMGET', KEYS[1], 'era', 'version', 's:' .. ARGV[3])
if head[1] ~= ARGV[1] then return 'gone' end
if tonumber(ARGV[2]) < tonumber(head[2]) then return 'behind' end
if redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[4]) < 3 then return 'gone' end
if not head[3] and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[7]) + 6 then return 'full' end
for k = 2, 4 do
  redis.call('UNLINK', KEYS[k + 3])
  redis.call('RENAME', KEYS[k], KEYS[k + 3])
  redis.call('PEXPIRE', KEYS[k + 3], ARGV[6])
end
redis.call('HSET', KEYS[1], 's:' .. ARGV[3], ARGV[4] .. ' ' .. ARGV[5])
redis.call('HINCRBY', KEYS[1], 'stamp', 1)
return 'settled'`)

/** KEYS head, then of each scope its three. ARGV of each scope: name, what the head says of it. */
export const DROP = script(`
local dropped = 0
for k = 2, #KEYS, 3 do
  local at = (k - 2) / 3 * 2 + 1
  if redis.call('HGET', KEYS[1], 's:' .. ARGV[at]) == ARGV[at + 1] then
    redis.call('HDEL', KEYS[1], 's:' .. ARGV[at])
    redis.call('UNLINK', KEYS[k], KEYS[k + 1], KEYS[k + 2])
    dropped = dropped + 1
  end
end
return dropped`)

/** KEYS head, figures, order. ARGV scope, count. Answers asOf, checked, ids, figures; or nil: unknown. */
export const READ = script(`
local head = redis.call('HMGET', KEYS[1], 'asOf', 'checked', 's:' .. ARGV[1])
local token = redis.call('HGET', KEYS[2], '')
if not head[3] or not token or string.sub(head[3], 1, #token + 1) ~= token .. ' ' then return nil end
if redis.call('ZCARD', KEYS[3]) ~= redis.call('HLEN', KEYS[2]) - 1 then return nil end
local ids = redis.call('ZRANGE', KEYS[3], 0, ARGV[2] - 1)
if #ids == 0 then return nil end
return { head[1], head[2], ids, redis.call('HMGET', KEYS[2], unpack(ids)) }`)

/**
 * A piece of a scope, for comparing. KEYS head, figures, revenue, units. ARGV scope, cursor, about how many.
 * Answers what the head says of it, version, next cursor, names and figures, scores by revenue, by units, sizes.
 */
export const PIECE = script(`
local head = redis.call('HMGET', KEYS[1], 's:' .. ARGV[1], 'version')
local scan = redis.call('HSCAN', KEYS[2], ARGV[2], 'COUNT', ARGV[3])
local ids = {}
for i = 1, #scan[2], 2 do ids[#ids + 1] = scan[2][i] end
local revenue, units = {}, {}
if #ids > 0 then
  revenue = redis.call('ZMSCORE', KEYS[3], unpack(ids))
  units = redis.call('ZMSCORE', KEYS[4], unpack(ids))
end
local sizes = { redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4]) }
return { head[1], head[2], scan[1], scan[2], revenue, units, sizes }`)
