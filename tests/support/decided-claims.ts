// A client of coupons whose claims wait for their end: where a claim is queued, the test asks for it until it is decided.
// So one test tells of every rung what became of a claim, and not how it got there.

import { vi } from 'vitest'
import type { couponContract } from '../../modules/coupon/contract.ts'
import type { RefusalCode } from '../../platform/contract/catalogue.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Client } from '../../platform/http/client.ts'

type Coupons = Client<typeof couponContract>

/** Longest wait for a decision, ms: a consumer that was killed is missed by its group for some seconds. */
const PATIENCE_MS = 30_000
const LOOK_EVERY_MS = 20

export function decidedClaims(coupon: Coupons): Coupons {
  return {
    ...coupon,
    async claimCoupon(input, options) {
      const reply = await coupon.claimCoupon(input, options)
      if (!reply.ok || reply.value.state !== 'accepted') return reply
      const { couponId, ticket } = reply.value
      const { requestId, idempotencyKey } = reply
      const end = await vi.waitFor(
        async () => {
          // The shop is gone: there is nobody to ask, as with any other request.
          const asked = await coupon.claimProgress({ couponId, ticket }).catch(lost => ({ lost }))
          if ('lost' in asked) return asked
          if (!asked.ok) throw new Error(`${asked.refusal.code}: ${asked.refusal.detail}`)
          if (asked.value.state === 'accepted') throw new Error(`${ticket} is not decided yet`)
          return { decided: asked.value }
        },
        { timeout: PATIENCE_MS, interval: LOOK_EVERY_MS },
      )
      if ('lost' in end) throw end.lost
      const { decided } = end
      const asked = { requestId, idempotencyKey }
      if (decided.claim !== null) return { ...asked, status: 201, ok: true, value: decided.claim }
      const { code, detail } = decided.refusal ?? {
        code: 'internal_error',
        detail: 'refused without a reason',
      }
      return { ...asked, status: 409, ...refuse(code as RefusalCode, detail) }
    },
  }
}
