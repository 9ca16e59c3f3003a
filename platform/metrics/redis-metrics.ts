// Redis and the caches before it. What costs Redis time is counted at most every half minute, beside a scrape and not
// in it: a scrape shows what was counted last.

import { Counter, Gauge, type Registry } from 'prom-client'
import type { CacheCounts } from '../cache/cache-counts.ts'
import { type Census, KeyCensus } from '../redis/key-census.ts'
import type { Redis } from '../redis/redis.ts'

/** Least time between two countings, ms: memory moves slowly, and several processes may be scraped. */
const EVERY_MS = 30_000
/** A counting that is older is not shown: Redis has been away, and unknown is said by saying nothing, ms. */
const SHOWN_MS = 4 * EVERY_MS

export interface RedisSource {
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly prefix: string
  readonly caches: readonly CacheCounts[]
}

export function redisMetrics(registry: Registry, { redis, prefix, caches }: RedisSource): void {
  cacheMetrics(registry, caches)
  if (redis === null) return
  const latest = lastCensus(redis, prefix)
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (gauge: Gauge) => void,
  ) =>
    new Gauge({
      ...{ name, help, labelNames: [...labelNames], registers: [registry] },
      collect() {
        this.reset()
        collect(this)
      },
    })
  gauge('levee_redis_up', '1: connected, and it answers', [], each => each.set(redis.up ? 1 : 0))
  const ofServer = (name: string, help: string, value: (census: Census) => number) =>
    gauge(name, help, [], each => {
      const census = latest()
      if (census === null) each.remove()
      else each.set(value(census))
    })
  ofServer('levee_redis_memory_used_bytes', 'Memory that Redis uses, all of it', ({ used }) => used)
  ofServer('levee_redis_memory_max_bytes', 'Most memory that Redis may use; 0: no limit', ({ max }) => max)
  gauge('levee_redis_keys', 'Keys of this shop in Redis, by family', ['family'], each => {
    for (const [family, { keys }] of latest()?.families ?? []) each.set({ family }, keys)
  })
  gauge(
    'levee_redis_keys_memory_bytes',
    'Memory of these keys, by family: the mean of a sample times their number',
    ['family'],
    each => {
      for (const [family, { bytes }] of latest()?.families ?? []) each.set({ family }, bytes)
    },
  )
}

/** What was counted last; a counting that is due begins. */
function lastCensus(redis: Redis, prefix: string): () => Census | null {
  const counting = new KeyCensus(redis, prefix)
  let census: Census | null = null
  let countedAt = Number.NEGATIVE_INFINITY
  let begunAt = Number.NEGATIVE_INFINITY
  const begin = async (): Promise<void> => {
    try {
      census = await counting.run()
      countedAt = performance.now()
    } catch {
      // Away, or not allowed: what is known grows old and is dropped.
    }
  }
  return () => {
    const now = performance.now()
    if (now - begunAt >= EVERY_MS && redis.up) {
      begunAt = now
      void begin()
    }
    return now - countedAt < SHOWN_MS ? census : null
  }
}

function cacheMetrics(registry: Registry, caches: readonly CacheCounts[]): void {
  new Counter({
    name: 'levee_cache_reads_total',
    help: 'Reads of a cache, by tier and outcome',
    labelNames: ['cache', 'tier', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { cache, tier, reads } of caches)
        for (const [outcome, count] of Object.entries(reads())) this.inc({ cache, tier, outcome }, count)
    },
  })
}
