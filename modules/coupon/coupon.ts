// What a coupon is worth, and how it is shown. Pure.

import type { Output } from '../../platform/contract/operation.ts'
import { type Refused, refuse } from '../../platform/contract/result.ts'
import type { ClaimView, couponContract } from './contract.ts'
import type { ClaimRow, CouponRow } from './tables.ts'

type Terms = Pick<CouponRow, 'kind' | 'value' | 'max_discount'>

/** Discount on goods of `goodsTotal`, minor units: percent rounds down, never more than the goods. */
export function discountOf({ kind, value, max_discount }: Terms, goodsTotal: number): number {
  const full = kind === 'amount' ? value : Number((BigInt(goodsTotal) * BigInt(value)) / 100n)
  return Math.min(full, max_discount ?? full, goodsTotal)
}

/** What is wrong with the terms, or null. */
export function wrongTerms(
  terms: Pick<CouponRow, 'kind' | 'value' | 'opens_at' | 'closes_at' | 'usable_until'>,
): string | null {
  if (terms.kind === 'percent' && terms.value > 100) return 'A percentage is at most 100.'
  if (terms.closes_at <= terms.opens_at) return 'closesAt must be after opensAt.'
  if (terms.usable_until < terms.closes_at) return 'usableUntil must not be before closesAt.'
  return null
}

export type QuotaRow = Pick<
  CouponRow,
  'coupon_id' | 'quota' | 'issued' | 'owed' | 'opens_at' | 'closes_at' | 'version'
>

/** Why nobody can have this coupon now; null: there is one to be had. Times in epoch ms. */
export function closedFor(row: QuotaRow, now: number): Refused | null {
  if (now < row.opens_at || now >= row.closes_at) {
    const fields = { opensAt: row.opens_at, closesAt: row.closes_at }
    return refuse('coupon_not_open', `Coupon ${row.coupon_id} is not open now.`, { fields })
  }
  if (row.issued >= row.quota) return refuse('coupon_sold_out', `All ${row.quota} are issued.`)
  return null
}

/** Why somebody who comes past the line cannot have it though there is one; null: nobody in the line has to be served first. */
export function owedToLine({ coupon_id: couponId, quota, issued, owed }: QuotaRow): Refused | null {
  if (owed === 0 || issued + owed < quota) return null
  return refuse('coupon_in_line', `What is left of ${couponId} may belong to claims that came before.`, {
    retryAfter: 2,
  })
}

export const alreadyClaimed = (): Refused => refuse('coupon_already_claimed', 'This member has it already.')

export function couponView(row: CouponRow): Output<typeof couponContract.getCoupon> {
  const { coupon_id: couponId, name, kind, value, quota, issued, version } = row
  const money = { maxDiscount: row.max_discount, minOrder: row.min_order }
  const times = { opensAt: row.opens_at, closesAt: row.closes_at, usableUntil: row.usable_until }
  return { couponId, name, kind, value, ...money, quota, issued, left: quota - issued, ...times, version }
}

export function claimView(row: ClaimRow): ClaimView {
  const { claim_id: claimId, coupon_id: couponId, state, claimed_at: claimedAt, order_id: orderId } = row
  return { claimId, couponId, state, claimedAt, orderId }
}

export const claimIdOf = (couponId: string, memberId: string): string => `${couponId}.${memberId}`
