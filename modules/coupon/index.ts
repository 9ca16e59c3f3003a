// The coupon module: first come, first served, judged by the ledger.

import type { Module } from '../../platform/module.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import { claimCoupon } from './claim-coupon.ts'
import { claimFamily } from './claim-memory.ts'
import type { couponContract } from './contract.ts'
import type { CouponContext, CouponDeps } from './deps.ts'
import { createCoupon, editCoupon } from './edit-coupons.ts'
import { giveBack, redeem } from './redeem-coupon.ts'
import { wireRungs } from './rungs.ts'
import { couponCache, getCoupon, listCoupons, myCoupons } from './show-coupons.ts'
import { SoldOutGate } from './sold-out-gate.ts'

export { couponSchema } from './tables.ts'

export function createCouponModule(deps: CouponDeps): Module<typeof couponContract> {
  const family = claimFamily()
  const limits = combinerLimits(deps.settings.lockWait)
  const context: CouponContext = {
    ...deps,
    combiner: new Combiner(deps.ledger, family, limits, deps.observe, deps.clock),
    gate: new SoldOutGate(deps.ledger, deps.clock),
    cache: couponCache(deps.ledger),
  }
  const { rungs, progress, topics, groups, sweeps, drained, makeReady, leaveLine } = wireRungs(
    context,
    family.name,
  )
  const standing = deps.ladders.of('coupon.claim')
  for (const [rung, ready] of makeReady) standing.whenBack(rung, ready)
  standing.onMove(() => {
    if (standing.standing !== 'kafka') leaveLine()
  })
  return {
    door: {
      createCoupon: (call, input) => createCoupon(context, call, input),
      editCoupon: (call, input) => editCoupon(context, call, input),
      listCoupons: (call, input) => listCoupons(context, call, input),
      getCoupon: (call, { couponId }) => getCoupon(context, call, couponId),
      claimCoupon: (call, { couponId }) => claimCoupon(rungs, standing, call, couponId),
      claimProgress: (call, input) => progress(call, input),
      myCoupons: (call, input) => myCoupons(context, call, input),
      redeem: (_call, input) => redeem(context, input),
      giveBack: (_call, { orderId }) => giveBack(context, orderId),
    },
    consumers: [],
    sweeps,
    topics,
    groups,
    drain: async () => {
      await drained()
      await context.gate.drained()
      await context.combiner.drained()
    },
  }
}
