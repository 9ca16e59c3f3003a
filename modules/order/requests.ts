// What can be asked of the order book: every request that locks orders or stock, as data.

import type { RefusalCode } from '../../platform/contract/catalogue.ts'

export interface PlaceLine {
  readonly productId: string
  readonly quantity: number
  /** Stated by a sales channel; undefined: the offer's price counts. */
  readonly unitPrice?: number
}

/** Some units of one line. */
export interface Part {
  readonly lineNo: number
  readonly quantity: number
}

export interface Place {
  readonly kind: 'place'
  readonly orderId: string
  /** The client chose the id, so it may be taken. */
  readonly idChosen: boolean
  readonly owner: string
  readonly memberId: string | null
  readonly channelId: string | null
  readonly email: string | null
  readonly country: string | null
  readonly lines: readonly PlaceLine[]
  readonly expectedTotal: number
  /** Coupon or points take part: reserve first, confirm later. */
  readonly saga: { readonly couponId: string | null; readonly points: number } | null
  /** Epoch ms, stated by a channel; null: now. */
  readonly businessTime: number | null
}

/** Saga, last step: the shares of coupon and points are known. */
export interface Confirm {
  readonly kind: 'confirm'
  readonly orderId: string
  readonly discount: number
  readonly points: number
  readonly expectedTotal: number
}

export interface Claim {
  readonly kind: 'claim'
  readonly orderId: string
  readonly paymentId: string
}
export interface Release {
  readonly kind: 'release'
  readonly orderId: string
  readonly paymentId: string
}
export interface Paid {
  readonly kind: 'paid'
  readonly orderId: string
  readonly paymentId: string
  readonly paidAt: number
  readonly productIds: readonly string[]
}

/** Gives stock back: cancelled by somebody, expired, or a saga that failed. */
export interface Drop {
  readonly kind: 'drop'
  readonly orderId: string
  readonly to: 'cancelled' | 'expired'
  readonly reason: string | RefusalCode
  /** Absent: everything that is left. */
  readonly parts: readonly Part[] | null
  readonly memberId: string | null
  readonly productIds: readonly string[]
}

export interface Refund {
  readonly kind: 'refund'
  readonly orderId: string
  readonly refundId: string
  readonly parts: readonly Part[] | null
  readonly restock: boolean
  readonly reason: string | null
  readonly businessTime: number | null
  readonly memberId: string | null
  readonly productIds: readonly string[]
}

export interface Adjust {
  readonly kind: 'adjust'
  readonly productId: string
  readonly change: number
  readonly reason: string
  readonly version: number | null
}

export type OrderRequest = Place | Confirm | Claim | Release | Paid | Drop | Refund | Adjust
