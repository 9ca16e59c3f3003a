// The lock in Redis: who comes second waits here and leaves the ledger alone. A key an order, with its holder as value
// and a life; only its holder renews or removes it. If Redis is away, emptied or wrong, two may be in: the slot decides.

import { families, keyOf } from '../../platform/redis/keys.ts'
import { type Redis, script } from '../../platform/redis/redis.ts'
import { HOLD_MS } from './hold.ts'
import type { LockGate } from './lock.ts'

const extendOwn = script(`
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0`)
const removeOwn = script(`
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`)

export interface RedisLocks extends LockGate {
  /** Turns that were taken while Redis was away are put there. True: each order's key names somebody again. */
  restore(turns: readonly { readonly orderId: string; readonly holder: string }[]): Promise<boolean>
}

export function redisRung(redis: Redis, prefix: string): RedisLocks {
  const key = (orderId: string) => keyOf(prefix, families.paymentLock, orderId)
  /** It ends by itself. */
  const tolerate = (work: Promise<unknown>): void => void work.catch(() => undefined)
  return {
    async enter(orderId, holder) {
      try {
        const set = await redis.command<string | null>('SET', key(orderId), holder, 'NX', 'PX', HOLD_MS)
        return set !== null
      } catch {
        return true
      }
    },
    extend: (orderId, holder) => tolerate(redis.run(extendOwn, [key(orderId)], [holder, HOLD_MS])),
    async restore(turns) {
      const set = turns.map(({ orderId, holder }) =>
        redis.command('SET', key(orderId), holder, 'NX', 'PX', HOLD_MS),
      )
      await Promise.all(set)
      const there = await Promise.all(turns.map(({ orderId }) => redis.command('EXISTS', key(orderId))))
      return there.every(each => each === 1)
    },
    leave: (orderId, holder) => tolerate(redis.run(removeOwn, [key(orderId)], [holder])),
  }
}
