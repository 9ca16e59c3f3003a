// The coupon module: first come, first served, judged by the ledger.

import type { Module } from '../../platform/module.ts'
import { Combiner, combinerLimits } from '../../platform/sql/combiner.ts'
import { claimFamily } from './claim-book.ts'
import type { couponContract } from './contract.ts'
import type { CouponContext, CouponDeps } from './deps.ts'
import { createCoupon, editCoupon } from './edit-coupons.ts'
import { giveBack, redeem } from './redeem-coupon.ts'
import { claimBySql } from './rung-sql.ts'
import { getCoupon, listCoupons, myCoupons } from './show-coupons.ts'
import { SoldOutGate } from './sold-out-gate.ts'

export { couponSchema } from './tables.ts'

export function createCouponModule(deps: CouponDeps): Module<typeof couponContract> {
  const limits = combinerLimits(deps.ledger, deps.settings.lockWait)
  const context: CouponContext = {
    ...deps,
    combiner: new Combiner(deps.ledger, claimFamily(), limits, deps.observe),
    gate: new SoldOutGate(deps.ledger),
  }
  return {
    door: {
      createCoupon: (call, input) => createCoupon(context, call, input),
      editCoupon: (call, input) => editCoupon(context, call, input),
      listCoupons: (call, input) => listCoupons(context, call, input),
      getCoupon: (_call, { couponId }) => getCoupon(context, couponId),
      claimCoupon: (call, { couponId }) =>
        claimBySql(context, call, { couponId, memberId: call.principal.id }),
      myCoupons: (call, input) => myCoupons(context, call, input),
      redeem: (_call, input) => redeem(context, input),
      giveBack: (_call, { orderId }) => giveBack(context, orderId),
    },
    consumers: [],
    sweeps: [],
    drain: () => context.combiner.drained(),
  }
}
