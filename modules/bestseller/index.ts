// The best-seller module: a projection of paid orders and refunds, shown from a cache, rebuildable at any time.

import { OLD } from '../../platform/cache/old.ts'
import { ReadCache } from '../../platform/cache/read-cache.ts'
import { askBy } from '../../platform/ladders/standing.ts'
import type { Module, Sweep } from '../../platform/module.ts'
import type { Rungs } from '../../resilience/ladders.ts'
import type { bestsellerContract } from './contract.ts'
import { salesConsumer } from './count-sales.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import { createLive, type Live } from './live.ts'
import { compareRanking, rebuildRanking } from './rebuild.ts'
import { sqlRung } from './rung-sql.ts'
import { shadowRanking } from './shadow-ranking.ts'
import { bestSellers, loadRankings, nameCache, type ShownRanking, salesByDay } from './show-ranking.ts'
import { deleteOldDays } from './store.ts'

export { bestsellerSchema } from './tables.ts'

/** From this part of the staleness on a page is looked after in the background. */
const FRESH_PART = 0.25
/** While sales come later than the staleness, a page is made anew so often: it says itself how old it is. */
const LATE_PART = 0.1
/** Different rankings in memory: periods × countries × sizes that people really ask for; 10 KB each at most. */
const RANKINGS_MOST = 2_000
/** Rows of an old generation removed in one run. */
const OLD_ROWS = 500

/** Pause between comparisons of what is in Redis, one scope each, ms: all that is shown comes round in a minute. */
const COMPARE_MS = 10_000

export function createBestseller(
  deps: BestsellerDeps,
): Module<typeof bestsellerContract> & { cache: ReadCache<ShownRanking>; live: Live | null } {
  const { staleness } = deps.settings
  const sql = sqlRung(deps)
  // Kept up to date whatever rung this process stands on: others may stand on it, and so may this one soon.
  const live = deps.redis === null ? null : createLive(deps, deps.redis, sql, () => cache.outdate())
  const rungs: Rungs<'bestseller.read', RankingRung> = { redis: live?.rung ?? null, sql }
  const standing = deps.ladders.of('bestseller.read')
  const shadow = live && shadowRanking({ ...deps, standing }, live.rung, sql)
  if (live !== null) standing.whenBack('redis', () => live.makeReady())
  const rung: RankingRung = {
    async top(asked) {
      const found = await askBy(standing, rungs, by => by.top(asked))
      shadow?.look(asked)
      return found
    },
  }
  const sources = { rung, names: nameCache(deps) }
  const cache = new ReadCache<ShownRanking>({
    load: keys => loadRankings(deps, sources, keys),
    together: 1,
    asOf: ({ view }) => view.asOf,
    freshFor: staleness * FRESH_PART,
    staleness,
    lateFor: staleness * LATE_PART,
    old: OLD,
    negativeFor: 0,
    most: RANKINGS_MOST,
  })
  return {
    cache,
    live,
    door: {
      bestSellers: (_call, input) => bestSellers(deps, cache, input),
      salesByDay: (_call, input) => salesByDay(deps, input),
      rebuildRanking: call => rebuildRanking(deps, call),
      compareRanking: call => compareRanking(deps, call),
    },
    consumers: [salesConsumer(deps, () => live?.publisher.nudge())],
    sweeps: [
      {
        name: 'bestseller.old',
        every: 10_000,
        bound: OLD_ROWS,
        run: () => deleteOldDays(deps.ledger, OLD_ROWS),
      },
      ...(live === null ? [] : liveSweeps(live)),
    ],
    shadows: shadow === null ? [] : [{ ladder: 'bestseller.read', counts: shadow.counts }],
    async drain() {
      shadow?.close()
      await live?.publisher.rest()
      await live?.filler.rest()
    },
  }
}

function liveSweeps({ publisher, comparer }: Live): Sweep[] {
  return [
    { name: 'bestseller.publish', every: publisher.every, run: now => publisher.beat(now) },
    { name: 'bestseller.live', every: COMPARE_MS, run: () => comparer.run() },
  ]
}
