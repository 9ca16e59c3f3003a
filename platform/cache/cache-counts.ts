// What the caches count, as a scrape reads it.

import type { TierCounts } from './redis-tier.ts'

export interface CacheCounts {
  readonly cache: string
  readonly tier: 'local' | 'redis'
  /** Reads so far, by outcome. */
  reads(): Readonly<Record<string, number>>
}

interface LocalCounts {
  readonly hits: number
  readonly stale: number
  readonly misses: number
}

export function localCounts(cache: string, { counts }: { readonly counts: LocalCounts }): CacheCounts {
  return {
    cache,
    tier: 'local',
    reads: () => ({ hit: counts.hits, stale: counts.stale, miss: counts.misses }),
  }
}

export function redisCounts(cache: string, { counts }: { readonly counts: TierCounts }): CacheCounts {
  return {
    cache,
    tier: 'redis',
    reads: () => {
      const { hits, misses, garbage, errors } = counts
      return { hit: hits, miss: misses, garbage, error: errors }
    },
  }
}
