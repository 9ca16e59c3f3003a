// Coupon claims on the sql rung: every claim goes straight to the ledger.

import { inArena } from '../support/arena.ts'
import { claimSteps, holdClaims } from '../support/claim-contest.ts'
import type { Measure } from '../support/measure.ts'

export const coupons: Measure = {
  name: 'coupons',
  summary: 'coupon claims: winners, refused, mixed; MariaDB beside bare Fastify',
  steps: claimSteps,
  run: run =>
    inArena(run, async arena => holdClaims(run, arena, await arena.shop('mariadb'), 'coupon claims')),
}
