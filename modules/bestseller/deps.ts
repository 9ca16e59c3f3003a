// What the best-seller module is given.

import type { Door } from '../../platform/contract/operation.ts'
import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { orderContract } from '../order/contract.ts'
import type { productContract } from '../product/contract.ts'
import type { TopQuery, TopRow } from './store.ts'

export interface BestsellerSettings {
  readonly timeZone: string
  /** The oldest that a ranking may be shown, ms. */
  readonly staleness: number
}

export interface BestsellerDeps {
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly prefixes: { readonly redisPrefix: string }
  readonly ladders: Pick<Ladders, 'of'>
  readonly clock: Clock
  readonly log: Log
  readonly settings: BestsellerSettings
  readonly order: Pick<Door<typeof orderContract>, 'paidLines'>
  readonly product: Pick<Door<typeof productContract>, 'namesOf'>
}

/** One way to learn what sells best. */
export interface RankingRung {
  /** The rows, and before which moment (epoch ms) every sale is counted in them. */
  top(asked: TopQuery): Promise<{ readonly asOf: number; readonly rows: readonly TopRow[] }>
}
