// Coupons as they are shown, and those of a member.

import { type Call, isStaff } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { couponContract } from './contract.ts'
import { claimView, couponView } from './coupon.ts'
import type { CouponContext } from './deps.ts'
import { claimPage, couponPage, couponRow } from './store.ts'

const PAGE = 20
const strangeCursor = () => refuse('invalid_request', 'This cursor is none of ours.')

export async function getCoupon(
  context: CouponContext,
  couponId: string,
): Promise<Result<Output<typeof couponContract.getCoupon>>> {
  const row = await couponRow(context.ledger, couponId)
  if (row === undefined) return refuse('coupon_unknown', `There is no coupon ${couponId}.`)
  return { ok: true, value: couponView(row) }
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
