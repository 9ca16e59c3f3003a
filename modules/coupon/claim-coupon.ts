// A member claims a coupon: first come, first served, one a member, never more than the quota.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { ClaimAnswer } from './claim-book.ts'
import type { CouponContext } from './deps.ts'
import { claimBySql } from './rung-sql.ts'

/** Answers that say of the coupon, and not of this member, that there is none. */
const CLOSED = new Set<string>(['coupon_sold_out', 'coupon_not_open'])

export async function claimCoupon(
  context: CouponContext,
  call: Call,
  couponId: string,
): Promise<Result<ClaimAnswer>> {
  const { gate } = context
  const request = { couponId, memberId: call.principal.id }
  if (gate.isFlagged(couponId)) {
    const answer = await gate.look(call, request)
    if (answer !== null) return answer
  }
  const decided = await claimBySql(context, call, request)
  if (!decided.ok && CLOSED.has(decided.refusal.code)) gate.flag(couponId)
  return decided
}
