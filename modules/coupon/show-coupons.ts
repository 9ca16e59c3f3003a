// Coupons as they are shown, and those of a member.

import { ReadCache } from '../../platform/cache/read-cache.ts'
import { type Call, isStaff } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { couponContract } from './contract.ts'
import { claimView, couponView } from './coupon.ts'
import type { CouponContext } from './deps.ts'
import { claimPage, couponPage, couponRow, couponRows } from './store.ts'

type CouponView = Output<typeof couponContract.getCoupon>
export interface ShownCoupon {
  readonly view: CouponView
  readonly json: string
}

/** The oldest that a customer is shown a coupon, ms; in a rush it is looked at far more often than it is claimed. */
const STALENESS_MS = 500
/** Coupons kept in memory, some 500 bytes each. */
const COUPONS_MOST = 10_000

export function couponCache(ledger: Ledger): ReadCache<ShownCoupon> {
  return new ReadCache({
    async load(ids) {
      const views = (await couponRows(ledger, ids)).map(couponView)
      return new Map(views.map(view => [view.couponId, { view, json: JSON.stringify(view) }]))
    },
    freshFor: STALENESS_MS / 2,
    staleness: STALENESS_MS,
    negativeFor: STALENESS_MS,
    most: COUPONS_MOST,
  })
}

const PAGE = 20
const strangeCursor = () => refuse('invalid_request', 'This cursor is none of ours.')

export async function getCoupon(
  context: CouponContext,
  call: Call,
  couponId: string,
): Promise<Result<CouponView>> {
  const unknown = refuse('coupon_unknown', `There is no coupon ${couponId}.`)
  if (isStaff(call.principal)) {
    // They need the version that they edit.
    const row = await couponRow(context.ledger, couponId)
    return row === undefined ? unknown : { ok: true, value: couponView(row) }
  }
  const shown = await context.cache.get(couponId, context.clock())
  return shown === undefined ? unknown : { ok: true, value: shown.view, json: shown.json }
}

export async function listCoupons(
  context: CouponContext,
  call: Call,
  input: Input<typeof couponContract.listCoupons>,
): Promise<Result<Output<typeof couponContract.listCoupons>>> {
  if (input.all && !isStaff(call.principal))
    return refuse('forbidden', 'Only staff may see coupons that are not open.')
  const cursor = input.cursor === undefined ? undefined : decodeCursor(input.cursor, ['string'])
  if (cursor === null) return strangeCursor()
  const limit = input.limit ?? PAGE
  const openAt = input.all ? null : context.clock()
  const after = cursor === undefined ? null : (cursor[0] as string)
  const rows = await couponPage(context.ledger, { openAt, after, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.coupon_id]) : null
  return { ok: true, value: { coupons: page.map(couponView), nextCursor } }
}

export async function myCoupons(
  context: CouponContext,
  call: Call,
  input: Input<typeof couponContract.myCoupons>,
): Promise<Result<Output<typeof couponContract.myCoupons>>> {
  const cursor = input.cursor === undefined ? undefined : decodeCursor(input.cursor, ['number', 'string'])
  if (cursor === null) return strangeCursor()
  const limit = input.limit ?? PAGE
  const after = cursor === undefined ? null : { at: cursor[0] as number, id: cursor[1] as string }
  const rows = await claimPage(context.ledger, call.principal.id, after, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? encodeCursor([last.claimed_at, last.claim_id]) : null
  return { ok: true, value: { claims: page.map(claimView), nextCursor } }
}
