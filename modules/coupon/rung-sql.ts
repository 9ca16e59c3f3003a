// The sql rung of coupon.claim: straight to the ledger's combiner.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import type { CouponContext } from './deps.ts'

export function claimBySql(
  { combiner }: CouponContext,
  call: Call,
  request: ClaimRequest,
): Promise<Result<ClaimAnswer>> {
  return combiner.submit(call, request)
}
