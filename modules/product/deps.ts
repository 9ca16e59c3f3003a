// What the product module is given.

import type { CacheCounts } from '../../platform/cache/cache-counts.ts'
import type { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Door, Output } from '../../platform/contract/operation.ts'
import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { orderContract } from '../order/contract.ts'
import type { productContract } from './contract.ts'

export interface ProductSettings {
  readonly currency: string
  /** The oldest that a product or its stock may be shown, ms. */
  readonly staleness: number
}

export interface ProductDeps {
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly prefixes: { readonly redisPrefix: string }
  readonly ladders: Pick<Ladders, 'of'>
  readonly clock: Clock
  readonly log: Log
  readonly settings: ProductSettings
  readonly order: Pick<Door<typeof orderContract>, 'stockOf'>
}

export type ProductView = Output<typeof productContract.getProduct>

/** A product as it is shown, with its JSON text ready: most reads send the same bytes. */
export interface Shown {
  readonly view: ProductView
  readonly json: string
}

export type PageView = Output<typeof productContract.listProducts>

export interface ShownPage {
  readonly view: PageView
  readonly json: string
}

/** What stands between memory and the ledger. */
export interface CacheRung {
  load(productIds: readonly string[]): Promise<ReadonlyMap<string, Shown>>
  readonly counts: readonly CacheCounts[]
}

export interface ProductContext extends ProductDeps {
  readonly cache: ReadCache<Shown>
  readonly pages: ReadCache<ShownPage>
  /** These products changed: what is remembered of them, and every page, is read again. */
  forget(productIds: readonly string[]): void
}
