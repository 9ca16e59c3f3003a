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
}

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
    rung: redisRung({ ...parts, publisher, filler, staleness, below }),
  }
}
