// The best-seller module: a projection of paid orders and refunds, shown from a cache, rebuildable at any time.

import { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Module } from '../../platform/module.ts'
import type { bestsellerContract } from './contract.ts'
import { salesConsumer } from './count-sales.ts'
import type { BestsellerDeps } from './deps.ts'
import { compareRanking, rebuildRanking } from './rebuild.ts'
import { bestSellers, loadRankings, type ShownRanking, salesByDay } from './show-ranking.ts'
import { deleteOldDays } from './store.ts'

export { bestsellerSchema } from './tables.ts'

const FRESH_PART = 0.5
/** Different rankings in memory: periods × countries × sizes that people really ask for; 10 KB each at most. */
const RANKINGS_MOST = 2_000
/** Rows of an old generation removed in one run. */
const OLD_ROWS = 500

export function createBestseller(
  deps: BestsellerDeps,
): Module<typeof bestsellerContract> & { cache: ReadCache<ShownRanking> } {
  const { staleness } = deps.settings
  const cache = new ReadCache<ShownRanking>({
    load: keys => loadRankings(deps, keys),
    asOf: ({ view }) => view.asOf,
    freshFor: staleness * FRESH_PART,
    staleness,
    negativeFor: 0,
    most: RANKINGS_MOST,
  })
  return {
    cache,
    door: {
      bestSellers: (_call, input) => bestSellers(deps, cache, input),
      salesByDay: (_call, input) => salesByDay(deps, input),
      rebuildRanking: call => rebuildRanking(deps, call),
      compareRanking: call => compareRanking(deps, call),
    },
    consumers: [salesConsumer(deps)],
    sweeps: [
      {
        name: 'bestseller.old',
        every: 10_000,
        bound: OLD_ROWS,
        run: () => deleteOldDays(deps.ledger, OLD_ROWS),
      },
    ],
    drain: async () => undefined,
  }
}
