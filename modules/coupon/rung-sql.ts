// The sql rung of coupon.claim: straight to the ledger's combiner, with the sold-out flag in front.

import type { Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import { claimIdOf } from './coupon.ts'
import type { CouponContext } from './deps.ts'

export async function claimBySql(
  context: CouponContext,
  call: Call,
  request: ClaimRequest,
): Promise<Result<ClaimAnswer>> {
  const { gate, combiner } = context
  const { couponId, memberId } = request
  if (gate.closed(couponId, context.clock())) {
    // A winner's repeat must hear its first answer, and who has it hears that: only the ledger knows both.
    if (!(await gate.hasClaim(claimIdOf(couponId, memberId)))) return soldOut(couponId)
    return combiner.submit(call, request)
  }
  let decided: Result<ClaimAnswer> | null = null
  try {
    decided = await combiner.submit(call, request)
    return decided
  } finally {
    if (decided !== null && !decided.ok && decided.refusal.code === 'coupon_sold_out')
      gate.soldOut(couponId, context.clock())
    else gate.open(couponId)
  }
}

function soldOut(couponId: string) {
  return refuse('coupon_sold_out', `All of coupon ${couponId} are issued.`)
}
