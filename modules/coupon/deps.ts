// What the coupon module is given.

import type { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Kafka } from '../../platform/kafka/kafka.ts'
import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { BatchObserver, Combiner } from '../../platform/sql/combiner.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Rungs } from '../../resilience/ladders.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import type { AcceptedClaim } from './contract.ts'
import type { ShownCoupon } from './show-coupons.ts'
import type { SoldOutGate } from './sold-out-gate.ts'

export interface CouponSettings {
  /** ms */
  readonly lockWait: number
}

export interface CouponDeps {
  readonly ledger: Ledger
  /** Null or absent: not configured. */
  readonly redis?: Redis | null
  readonly kafka?: Kafka | null
  readonly prefixes?: { readonly redisPrefix: string }
  readonly ladders: Pick<Ladders, 'of'>
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

/** One way of a claim to the ledger. Issued, refused, or accepted and not decided yet. */
export type ClaimRung = (call: Call, request: ClaimRequest) => Promise<Result<ClaimAnswer | AcceptedClaim>>

export type ClaimRungs = Rungs<'coupon.claim', ClaimRung>
