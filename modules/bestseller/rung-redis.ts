// The redis rung of bestseller.read: sorted sets that are kept up to date. In any doubt the ledger answers.

import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import { RedisAway } from '../../platform/redis/redis.ts'
import type { RankingRung } from './deps.ts'
import type { RankingFiller } from './fill-ranking.ts'
import type { LiveCounts } from './live-counts.ts'
import type { LiveRanking, LiveTop } from './live-ranking.ts'
import type { RankingPublisher } from './publish-ranking.ts'
import type { TopQuery } from './store.ts'

export interface RedisRungDeps {
  readonly clock: Clock
  readonly log: Log
  readonly live: LiveRanking
  readonly counts: LiveCounts
  readonly publisher: RankingPublisher
  readonly filler: RankingFiller
  /** ms */
  readonly staleness: number
  /** Answers where Redis cannot. */
  readonly below: RankingRung
}

export function redisRung(deps: RedisRungDeps): RankingRung {
  const { clock, counts, publisher, filler, staleness, below } = deps
  return {
    async top(asked) {
      const now = clock()
      publisher.isRead(now)
      const found = await tryRead(deps, asked)
      if (found === 'away') return below.top(asked)
      // Whoever published has stopped: what is there may be right, and nobody knows. How late the sales themselves
      // come makes no difference: the ledger has them no sooner.
      if (found !== null && now - found.checked < staleness) {
        counts.hits++
        return found
      }
      if (found === null) counts.misses++
      else counts.late++
      const answer = await below.top(asked)
      if (found !== null) publisher.nudge()
      // What is not sold at all is not kept: there is no end to what can be asked for.
      else if (answer.rows.length > 0) filler.ask(asked)
      return answer
    },
  }
}

async function tryRead(
  { live, counts, log }: RedisRungDeps,
  { from, to, country, by, limit }: TopQuery,
): Promise<LiveTop | null | 'away'> {
  try {
    return await live.read({ from, to, country }, by, limit)
  } catch (error) {
    counts.away++
    if (!(error instanceof RedisAway)) log.warn({ err: error }, 'Redis cannot tell the ranking')
    return 'away'
  }
}
