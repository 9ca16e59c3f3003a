// Products in Redis: what one process read, all find. A change is taken out there and told to all, so that it is
// seen at once; told to nobody, it is seen within the declared staleness.

import { redisCounts } from '../../platform/cache/cache-counts.ts'
import { RedisTier } from '../../platform/cache/redis-tier.ts'
import { families } from '../../platform/redis/keys.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import { openTold } from '../../platform/redis/told.ts'
import type { CacheRung, ProductDeps, ProductView, Shown } from './deps.ts'
import { loadShown } from './show-products.ts'

/**
 * The part of the declared staleness for which a product is taken from Redis. Memory looks for a newer one from two fifths
 * of it on at the earliest: one that is older than that would have it look again at once.
 */
export const BELIEVED_PART = 0.4

export interface RedisCacheRung extends CacheRung {
  /** Changed in this process, or known here by their event. */
  changed(productIds: readonly string[]): void
}

/** `heard`: these changed in another process. */
export function redisRung(
  deps: ProductDeps,
  redis: Redis,
  heard: (productIds: readonly string[]) => void,
): RedisCacheRung {
  const prefix = deps.prefixes.redisPrefix
  const family = families.product
  const tier = new RedisTier<Shown>({
    ...{ redis, prefix, family, clock: deps.clock },
    believedFor: deps.settings.staleness * BELIEVED_PART,
    load: ids => loadShown(deps, ids),
    asOf: shown => shown.view.asOf,
    encode: shown => shown.json,
    decode: (productId, json, asOf) => {
      const view = JSON.parse(json) as ProductView
      return view.productId === productId && view.asOf === asOf ? { view, json } : undefined
    },
  })
  const tell = openTold(redis, prefix, family, productIds => {
    tier.noteChanged(productIds)
    heard(productIds)
  })
  return {
    load: productIds => tier.load(productIds),
    changed(productIds) {
      // In this order on one connection: who is told finds nothing there.
      void tier.remove(productIds)
      void tell(productIds)
    },
    counts: [redisCounts('product', tier)],
  }
}
