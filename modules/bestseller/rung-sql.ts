// The sql rung of bestseller.read: the projection, added up by the ledger.

import { limited } from '../../platform/limits/limited.ts'
import { countedUpTo } from './counted-store.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import { topRows } from './store.ts'

/**
 * Rankings added up at once in one process. Each looks at all sales of its days, and the ledger has other work.
 * With Redis empty, all that is looked at comes here at the same moment.
 */
const AT_ONCE = { least: 2, first: 4, most: 16 } as const

export function sqlRung({ ledger, clock }: Pick<BestsellerDeps, 'ledger' | 'clock'>): RankingRung {
  const limit = limited(AT_ONCE)
  return {
    top: asked =>
      limit.run(async () => {
        const asOf = await countedUpTo(ledger, await ledger.currentTo(clock()))
        return { asOf, rows: await topRows(ledger, asked) }
      }),
  }
}
