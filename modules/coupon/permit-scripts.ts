// What Redis is asked of a coupon's permits. One hash a coupon, so that all of it is there or none: `#left` permits,
// `#stamp` how new they are, `#known` whose claims are in it, and one field a member who took a permit (empty) or
// holds a claim in the ledger (1). No hash: nothing is known, and nothing is said.

import { script } from '../../platform/redis/redis.ts'

/**
 * ARGV: `1` to hand out permits, `0` to look only; then members. Answers false where nothing is known, else one
 * letter a member: `a` admitted, `m` is a member of the set, `n` no permit left; and `#known`.
 */
export const askPermits = script(`
local left = redis.call('HGET', KEYS[1], '#left')
if not left then return false end
left = tonumber(left)
local before, said, i = left, {}, 2
if ARGV[1] == '1' then
  while i <= #ARGV and left > 0 do
    if redis.call('HSETNX', KEYS[1], ARGV[i], '') == 1 then
      said[i - 1] = 'a'
      left = left - 1
    else
      said[i - 1] = 'm'
    end
    i = i + 1
  end
  if left < before then redis.call('HSET', KEYS[1], '#left', string.format('%d', left)) end
end
if i <= #ARGV then
  for j, taken in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV, i))) do
    said[i + j - 2] = taken and 'm' or 'n'
  end
end
return { table.concat(said), redis.call('HGET', KEYS[1], '#known') or '' }
`)

/**
 * ARGV: permits, stamp, life in ms. Stamps grow with every claim and every change of the coupon, so what was read
 * of the ledger earlier never takes the place of what was read later.
 */
export const fillPermits = script(`
local stamp = redis.call('HGET', KEYS[1], '#stamp')
if stamp and tonumber(stamp) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], '#left', ARGV[1], '#stamp', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`)

/** ARGV: permits that come back, then members who took one in vain. Who holds a claim stays. */
export const giveBackPermits = script(`
if redis.call('HEXISTS', KEYS[1], '#left') == 0 then return 0 end
for i = 2, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[i]) == '' then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
redis.call('HINCRBY', KEYS[1], '#left', ARGV[1])
return 1
`)

/**
 * One step of bringing the ledger's claims into the set. ARGV: what `#known` must be for it (empty: anything), what it
 * is then, members. A hash that was lost in between has another `#known`, so no step is missing where the last is done.
 */
export const learnMembers = script(`
if redis.call('HEXISTS', KEYS[1], '#left') == 0 then return 0 end
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], '#known') ~= ARGV[1] then return 0 end
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], '1') end
redis.call('HSET', KEYS[1], '#known', ARGV[2])
return 1
`)
