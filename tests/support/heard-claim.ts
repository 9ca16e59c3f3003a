// For tests of whole shops: a claim and its end, whatever rung the shop stands on.

import { vi } from 'vitest'
import type { ClaimView, couponContract } from '../../modules/coupon/contract.ts'
import type { RefusalCode } from '../../platform/contract/catalogue.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { CallOptions, Client } from '../../platform/http/client.ts'

/** Longer than any line of a test takes, ms. */
const ENDS_MS = 30_000

/** Claims, and where that is accepted asks until it is issued or refused: the answer of a shop without a line. */
export async function heardClaim(
  coupon: Client<typeof couponContract>,
  couponId: string,
  options: CallOptions = {},
): Promise<Result<ClaimView>> {
  const answer = await coupon.claimCoupon({ couponId }, options)
  if (!answer.ok) return answer
  const { value } = answer
  if (!('ticket' in value)) return { ok: true, value }
  return vi.waitUntil(
    async (): Promise<Result<ClaimView> | false> => {
      const told = await coupon.claimProgress({ couponId, ticket: value.ticket })
      if (!told.ok) return told.refusal.code === 'not_found' ? told : false
      const { claim, refusal } = told.value
      if (refusal !== null) return refuse(refusal.code as RefusalCode, refusal.detail)
      return claim === null ? false : { ok: true, value: claim }
    },
    { timeout: ENDS_MS, interval: 20 },
  )
}
