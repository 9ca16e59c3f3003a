// Sessions in Redis, under the hash of their token, as in the table: who reads them there can speak for nobody. Each is
// believed for five seconds from the moment it was read from the table, in all memories together. When sessions or
// rights of somebody end, a mark with their id is set for as long: beside it no session of theirs is believed, not even
// one that a slower process stores after that.

import { redisCounts } from '../../platform/cache/cache-counts.ts'
import { RedisTier } from '../../platform/cache/redis-tier.ts'
import type { Clock } from '../../platform/module.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import { openTold } from '../../platform/redis/told.ts'
import { SECOND } from './limits.ts'
import type { ReadSession, SessionRung } from './session-reads.ts'

/** A mark outlives what it is about, ms: clocks differ, and a write may be late. */
const MARK_MARGIN_MS = SECOND

export interface RedisSessions extends SessionRung {
  /** Sessions or rights of a principal or channel ended. Resolves when all processes can know, or Redis is away. */
  ended(principalId: string): Promise<void>
}

export interface RedisSessionsOptions {
  readonly redis: Redis
  readonly prefix: string
  readonly clock: Clock
  load: SessionRung['load']
  /** Told by another process. */
  forget(principalId: string): void
}

export function redisRung(options: RedisSessionsOptions): RedisSessions {
  const { redis, prefix, clock } = options
  const family = families.session
  const markOf = (principalId: string) => keyOf(prefix, family, principalId, 'ended')
  const tier = new RedisTier<ReadSession>({
    ...{ redis, prefix, family, clock },
    believedFor: family.ttl,
    load: options.load,
    asOf: session => session.asOf,
    encode: ({ token_hash, asOf, ...session }) => JSON.stringify(session),
    decode(hash, text, asOf) {
      const session = JSON.parse(text) as Omit<ReadSession, 'token_hash' | 'asOf'>
      const whole = typeof session.session_id === 'string' && Array.isArray(session.roles)
      return whole ? { ...session, token_hash: hash, asOf } : undefined
    },
    async doubt(sessions) {
      const principals = [...new Set([...sessions.values()].flatMap(principalsOf))]
      const marks = await redis.command<readonly (string | null)[]>('MGET', ...principals.map(markOf))
      const ended = new Set(principals.filter((_, i) => marks[i] !== null))
      return [...sessions]
        .filter(([, session]) => principalsOf(session).some(id => ended.has(id)))
        .map(([hash]) => hash)
    },
  })
  const tell = openTold(redis, prefix, family, principals => {
    for (const principalId of principals) options.forget(principalId)
  })
  return {
    load: hashes => tier.load(hashes),
    async ended(principalId) {
      const marked = redis.command('SET', markOf(principalId), 1, 'PX', family.ttl + MARK_MARGIN_MS)
      // After it on the same connection: who hears of it finds the mark.
      await Promise.all([marked.catch(() => undefined), tell([principalId])])
    },
    counts: [redisCounts('session', tier)],
  }
}

/** Whose end is its end. */
function principalsOf({ member_id, guest_id, channel_id }: ReadSession): string[] {
  return [member_id, guest_id, channel_id].filter(id => id !== null)
}
