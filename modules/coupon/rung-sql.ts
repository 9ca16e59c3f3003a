// The sql rung of coupon.claim: straight to the ledger's combiner. Of a coupon that nobody got lately, a read is
// asked first.

import type { ClaimRung, CouponContext } from './deps.ts'

/** Answers that say of the coupon, and not of this member, that there is none. */
const CLOSED = new Set<string>(['coupon_sold_out', 'coupon_not_open'])

export function claimBySql({ combiner, gate }: CouponContext): ClaimRung {
  return async (call, request) => {
    const { couponId } = request
    if (gate.isFlagged(couponId)) {
      const answer = await gate.look(call, request)
      if (answer !== null) return answer
    }
    const decided = await combiner.submit(call, request)
    if (!decided.ok && CLOSED.has(decided.refusal.code)) gate.flag(couponId)
    return decided
  }
}
