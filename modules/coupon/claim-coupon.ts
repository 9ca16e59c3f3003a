// A member claims a coupon: first come, first served, one a member, never more than the quota. The same on every
// rung, because the ledger decides.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { askBy, onRung, type Standing } from '../../platform/ladders/standing.ts'
import type { ClaimAnswer } from './claim-book.ts'
import type { AcceptedClaim } from './contract.ts'
import type { ClaimRung, ClaimRungs } from './deps.ts'

export async function claimCoupon(
  rungs: ClaimRungs,
  standing: Standing<'coupon.claim'>,
  call: Call,
  couponId: string,
): Promise<Result<ClaimAnswer | AcceptedClaim>> {
  const request = { couponId, memberId: call.principal.id }
  const decided = await askBy(standing, rungs, (claim: ClaimRung) => claim(call, request))
  // Came past a line that still owes: so it stands in it, if it can.
  if (decided.ok || decided.refusal.code !== 'coupon_in_line' || standing.standing !== 'kafka') return decided
  return onRung<'coupon.claim', ClaimRung>(rungs, 'kafka')(call, request)
}
