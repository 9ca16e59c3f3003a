// Rankings as Redis tells them, compared with the projection in the ledger. Of a day on which sales go on the ledger itself
// says something else each time, and nothing follows; those days are compared by version (`compare-live.ts`).

import { ShadowReads } from '../../platform/ladders/shadow-reads.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import type { TopQuery } from './store.ts'

export function shadowRanking(
  deps: Pick<BestsellerDeps, 'clock' | 'log' | 'settings'> & {
    readonly standing: Standing<'bestseller.read'>
  },
  redis: RankingRung,
  sql: RankingRung,
): ShadowReads<'bestseller.read', TopQuery> {
  const { standing, clock, log, settings } = deps
  const said = async (by: RankingRung, asked: TopQuery): Promise<string> =>
    JSON.stringify((await by.top(asked)).rows)
  return new ShadowReads({
    ...{ standing, clock, log, ladder: 'bestseller.read', rung: 'redis' },
    staleness: settings.staleness,
    askRung: asked => said(redis, asked),
    askLedger: asked => said(sql, asked),
  })
}
