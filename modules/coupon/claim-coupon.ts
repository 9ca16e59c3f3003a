// A member claims a coupon: first come, first served, one a member, never more than the quota. The same on every
// rung, because the ledger decides.

import type { Call } from '../../platform/contract/call.ts'
import { invariant, type Result } from '../../platform/contract/result.ts'
import type { Rung } from '../../resilience/ladders.ts'
import type { ClaimAnswer } from './claim-book.ts'
import type { AcceptedClaim } from './contract.ts'
import type { ClaimRungs } from './deps.ts'

export function claimCoupon(
  rungs: ClaimRungs,
  standing: Rung<'coupon.claim'>,
  call: Call,
  couponId: string,
): Promise<Result<ClaimAnswer | AcceptedClaim>> {
  const claim = rungs[standing]
  invariant(claim !== null, `coupon.claim cannot stand on ${standing}: it is not configured`)
  return claim(call, { couponId, memberId: call.principal.id })
}
