// The ranking in Redis, put together: who publishes, fills, compares, and the rung that reads it.

import type { Redis } from '../../platform/redis/redis.ts'
import { LiveComparer } from './compare-live.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import { RankingFiller } from './fill-ranking.ts'
import { type LiveCounts, newCounts } from './live-counts.ts'
import { LiveRanking } from './live-ranking.ts'
import { RankingPublisher } from './publish-ranking.ts'
import { redisRung } from './rung-redis.ts'

export interface Live {
  readonly rung: RankingRung
  readonly counts: LiveCounts
  readonly publisher: RankingPublisher
  readonly filler: RankingFiller
  readonly comparer: LiveComparer
  /** Brings Redis up to date after it was away, and compares what it holds. True: it tells what the ledger tells. */
  makeReady(): Promise<boolean>
}

/** Scopes compared before Redis answers again: those that pages show; the others are compared as they come round. */
const COMPARED_FIRST = 8

/** `below` answers where Redis cannot; `changed` is called when Redis has something new, perhaps. */
export function createLive(
  deps: BestsellerDeps,
  redis: Redis,
  below: RankingRung,
  changed: () => void,
): Live {
  const { staleness, timeZone } = deps.settings
  const live = new LiveRanking(redis, deps.prefixes.redisPrefix)
  const counts = newCounts()
  const parts = { ledger: deps.ledger, clock: deps.clock, log: deps.log, live, counts }
  const publisher = new RankingPublisher({ ...parts, staleness, changed })
  const filler = new RankingFiller({ ...parts, publisher, timeZone })
  const comparer = new LiveComparer({ ...parts, filler })
  // A hint: whoever misses it keeps to the declared staleness.
  live.listen(changed).catch(error => deps.log.warn({ err: error }, 'changes of the ranking are not heard'))
  return {
    counts,
    publisher,
    filler,
    comparer,
    async makeReady() {
      await publisher.publish()
      const head = await live.head()
      if (head === null) return false
      const before = counts.differences
      for (let i = 0; i < Math.min(head.scopes.length, COMPARED_FIRST); i++) await comparer.run()
      return counts.differences === before
    },
    rung: redisRung({ ...parts, publisher, filler, staleness, below }),
  }
}
