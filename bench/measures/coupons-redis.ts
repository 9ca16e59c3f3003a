// Coupon claims on the redis rung: a permit first, then the ledger; who comes too late is told so by the gate.

import { inArena } from '../support/arena.ts'
import { claimSteps, holdClaims } from '../support/claim-contest.ts'
import type { Measure } from '../support/measure.ts'

export const couponsRedis: Measure = {
  name: 'coupons-redis',
  summary: 'coupon claims through permits in Redis: winners, refused, mixed; beside bare Fastify',
  steps: claimSteps,
  run: run =>
    inArena(run, async arena => {
      const env = { LEVEE_RUNG_COUPON_CLAIM: 'redis' }
      const shop = await arena.shop('mariadb', { with: ['redis'], env })
      return holdClaims(run, arena, shop, 'coupon claims on the redis rung')
    }),
}
