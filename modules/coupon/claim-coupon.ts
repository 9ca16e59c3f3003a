// A member claims a coupon: first come, first served, one a member, never more than the quota. The same on every
// rung, because the ledger decides.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { askBy, type Standing } from '../../platform/ladders/standing.ts'
import type { ClaimAnswer } from './claim-book.ts'
import type { AcceptedClaim } from './contract.ts'
import type { ClaimRung, ClaimRungs } from './deps.ts'

export function claimCoupon(
  rungs: ClaimRungs,
  standing: Standing<'coupon.claim'>,
  call: Call,
  couponId: string,
): Promise<Result<ClaimAnswer | AcceptedClaim>> {
  return askBy(standing, rungs, (claim: ClaimRung) => claim(call, { couponId, memberId: call.principal.id }))
}
