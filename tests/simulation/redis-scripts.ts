// What the shop's Lua scripts do, by hand: each whole and alone. A script that changes has another hash and is not known
// here any more, so that nobody forgets to change this too.

import {
  APPLY,
  BEGIN,
  CONFIRM,
  DROP,
  PIECE,
  READ,
  SETTLE,
  STAGE,
} from '../../modules/bestseller/live-scripts.ts'
import {
  askPermits,
  fillPermits,
  giveBackPermits,
  learnMembers,
} from '../../modules/coupon/permit-scripts.ts'
import { SET_ALL } from '../../platform/cache/redis-tier.ts'
import { type RedisScript, type Reply, script } from '../../platform/redis/redis.ts'
import { type RedisData, ranked } from './redis-data.ts'

/** `told`: what it publishes. */
export type Model = (
  data: RedisData,
  keys: readonly string[],
  args: readonly string[],
  told: (channel: string, message: string) => void,
) => Reply

// Those that their modules keep to themselves, as they stand there.
const extendOwn = script(`
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0`)
const removeOwn = script(`
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`)

const models = new Map<string, Model>()
const model = ({ sha }: RedisScript, of: Model): void => void models.set(sha, of)

export function modelOf({ sha, lua }: RedisScript): Model {
  const found = models.get(sha)
  if (found === undefined) throw new Error(`no model of this script: ${lua}`)
  return found
}

model(extendOwn, (data, [key], [holder, life]) =>
  data.get(key!) === holder && data.expire(key!, Number(life)) ? 1 : 0,
)
model(removeOwn, (data, [key], [holder]) => (data.get(key!) === holder ? data.remove(key!) : 0))

model(SET_ALL, (data, keys, args) => {
  for (const [i, key] of keys.entries()) data.set(key, args[2 * i]!, Number(args[2 * i + 1]))
  return keys.length
})

model(askPermits, (data, [key], [admit, ...members]) => {
  const hash = data.hash(key!)
  const had = hash?.get('#left')
  if (hash === null || had === undefined) return null
  let left = Number(had)
  const said = members.map(member => {
    if (admit !== '1' || left <= 0) return hash.has(member) ? 'm' : 'n'
    if (hash.has(member)) return 'm'
    hash.set(member, '')
    left--
    return 'a'
  })
  if (left < Number(had)) hash.set('#left', String(left))
  return [said.join(''), hash.get('#known') ?? '']
})
model(fillPermits, (data, [key], [left, stamp, life]) => {
  const had = data.hash(key!)?.get('#stamp')
  if (had !== undefined && Number(had) >= Number(stamp)) return 0
  data.hset(key!, [
    ['#left', left!],
    ['#stamp', stamp!],
  ])
  data.expire(key!, Number(life))
  return 1
})
model(giveBackPermits, (data, [key], [permits, ...members]) => {
  const hash = data.hash(key!)
  const left = hash?.get('#left')
  if (hash === null || left === undefined) return 0
  for (const member of members) if (hash.get(member) === '') hash.delete(member)
  hash.set('#left', String(Number(left) + Number(permits)))
  return 1
})
model(learnMembers, (data, [key], [before, after, ...members]) => {
  const hash = data.hash(key!)
  if (hash?.get('#left') === undefined) return 0
  if (before !== '' && hash.get('#known') !== before) return 0
  for (const member of members) hash.set(member, '1')
  hash.set('#known', after!)
  return 1
})

const pairs = (flat: readonly string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!])

model(BEGIN, (data, [head], [era, life, ...fields]) => {
  if ((data.hash(head!)?.get('era') ?? '') !== era) return 0
  data.remove(head!)
  data.hset(head!, pairs(fields))
  data.expire(head!, Number(life))
  return 1
})
model(CONFIRM, (data, [head], [era, life, version, asOf, checked]) => {
  const hash = data.hash(head!)
  if (hash === null || hash.get('era') !== era || Number(hash.get('version')) < Number(version)) return 0
  if (Number(checked) >= Number(hash.get('checked'))) {
    hash.set('asOf', asOf!)
    hash.set('checked', checked!)
  }
  data.expire(head!, Number(life))
  return 1
})

/** Figures and scores of products, four arguments each. */
function write(data: RedisData, keys: readonly string[], args: readonly string[]): void {
  for (let at = 0; at < args.length; at += 4) {
    const [product, revenue, units, figures] = args.slice(at, at + 4) as [string, string, string, string]
    data.hset(keys[0]!, [[product, figures]])
    data.zadd(keys[1]!, [[product, Number(revenue)]])
    data.zadd(keys[2]!, [[product, Number(units)]])
  }
}

model(APPLY, (data, keys, args, told) => {
  const [head] = keys as [string]
  const hash = data.hash(head)
  if (hash === null || hash.get('era') !== args[0] || hash.get('stamp') !== args[1]) return 0
  let at = 2
  for (let k = 1; k < keys.length; k += 3) {
    const [name, token, count] = [args[at]!, args[at + 1]!, Number(args[at + 2])]
    at += 3
    const [figures, revenue, units] = keys.slice(k, k + 3) as [string, string, string]
    if (data.hash(figures)?.get('') === token && data.has(revenue) && data.has(units))
      write(data, [figures, revenue, units], args.slice(at, at + 4 * count))
    else {
      data.remove(figures, revenue, units)
      data.hdel(head, `s:${name}`)
    }
    at += 4 * count
  }
  const [life, version, asOf, checked, channel] = args.slice(at)
  if (life === undefined) return 1
  hash.set('version', version!)
  hash.set('stamp', String(Number(hash.get('stamp')) + 1))
  if (Number(checked) >= Number(hash.get('checked'))) {
    hash.set('asOf', asOf!)
    hash.set('checked', checked!)
  }
  data.expire(head, Number(life))
  told(channel!, version!)
  return 1
})
model(STAGE, (data, keys, [life, token, ...products]) => {
  data.hset(keys[0]!, [['', token!]])
  write(data, keys, products)
  for (const key of keys) data.expire(key, Number(life))
  return 1
})
model(SETTLE, (data, [head, ...beside], [era, version, scope, token, end, life, most]) => {
  const hash = data.hash(head!)
  if (hash === null || hash.get('era') !== era) return 'gone'
  if (Number(version) < Number(hash.get('version'))) return 'behind'
  const staged = beside.slice(0, 3)
  if (!staged.every(key => data.has(key))) return 'gone'
  if (!hash.has(`s:${scope}`) && hash.size >= Number(most) + 6) return 'full'
  for (const [i, key] of staged.entries()) {
    const place = beside[i + 3]!
    data.remove(place)
    data.rename(key, place)
    data.expire(place, Number(life))
  }
  hash.set(`s:${scope}`, `${token} ${end}`)
  hash.set('stamp', String(Number(hash.get('stamp') ?? 0) + 1))
  return 'settled'
})
model(DROP, (data, keys, args) => {
  const [head] = keys as [string]
  let dropped = 0
  for (let k = 1; k < keys.length; k += 3) {
    const [name, said] = args.slice(((k - 1) / 3) * 2)
    if (data.hash(head)?.get(`s:${name}`) !== said) continue
    data.hdel(head, `s:${name}`)
    data.remove(...keys.slice(k, k + 3))
    dropped++
  }
  return dropped
})
model(READ, (data, [head, figures, order], [scope, count]) => {
  const hash = data.hash(head!)
  const rows = data.hash(figures!)
  const said = hash?.get(`s:${scope}`)
  const token = rows?.get('')
  if (said === undefined || token === undefined || !said.startsWith(`${token} `)) return null
  const scores = data.scores(order!) ?? new Map<string, number>()
  if (scores.size !== rows!.size - 1) return null
  const ids = ranked(scores).slice(0, Number(count))
  if (ids.length === 0) return null
  return [hash!.get('asOf') ?? null, hash!.get('checked') ?? null, ids, ids.map(id => rows!.get(id) ?? null)]
})
model(PIECE, (data, [head, figures, revenue, units], [scope]) => {
  const hash = data.hash(head!)
  const rows = [...(data.hash(figures!) ?? [])]
  const scoresOf = (key: string): Reply[] => rows.map(([id]) => data.scores(key)?.get(id)?.toString() ?? null)
  const sizes = [rows.length, data.scores(revenue!)?.size ?? 0, data.scores(units!)?.size ?? 0]
  return [
    ...[hash?.get(`s:${scope}`) ?? null, hash?.get('version') ?? null, '0', rows.flat()],
    ...[scoresOf(revenue!), scoresOf(units!), sizes],
  ]
})
