// What the coupon module is given.

import type { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { BatchObserver, Combiner } from '../../platform/sql/combiner.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import type { ShownCoupon } from './show-coupons.ts'
import type { SoldOutGate } from './sold-out-gate.ts'

export interface CouponSettings {
  /** ms */
  readonly lockWait: number
}

export interface CouponDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly settings: CouponSettings
  readonly observe?: BatchObserver
}

export interface CouponContext extends CouponDeps {
  readonly combiner: Combiner<ClaimRequest, ClaimAnswer>
  readonly gate: SoldOutGate
  readonly cache: ReadCache<ShownCoupon>
}
