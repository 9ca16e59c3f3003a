// The sql rung of bestseller.read: the projection, added up by the ledger.

import { countedUpTo } from './counted-store.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import { topRows } from './store.ts'

export function sqlRung({ ledger, clock }: Pick<BestsellerDeps, 'ledger' | 'clock'>): RankingRung {
  return {
    async top(asked) {
      const asOf = await countedUpTo(ledger, await ledger.currentTo(clock()))
      return { asOf, rows: await topRows(ledger, asked) }
    },
  }
}
