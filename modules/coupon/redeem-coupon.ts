// A coupon in an order: used once, whoever asks at the same time, and given back when the order is over.

import type { Input } from '../../platform/contract/operation.ts'
import { invariant, type Result, refuse } from '../../platform/contract/result.ts'
import type { couponContract } from './contract.ts'
import { claimIdOf, discountOf } from './coupon.ts'
import type { CouponContext } from './deps.ts'
import { closeRedemption, couponRow, lockClaim, lockRedemption, moveClaim } from './store.ts'
import type { CouponTables } from './tables.ts'

export async function redeem(
  context: CouponContext,
  input: Input<typeof couponContract.redeem>,
): Promise<Result<{ discount: number }>> {
  const { orderId, memberId, couponId, goodsTotal } = input
  const { ledger } = context
  const coupon = await couponRow(ledger, couponId)
  if (coupon === undefined) return refuse('coupon_unknown', `There is no coupon ${couponId}.`)
  const now = context.clock()
  const claimId = claimIdOf(couponId, memberId)
  return ledger.write<CouponTables, Result<{ discount: number }>>(async tx => {
    const known = await lockRedemption(ledger, tx, orderId)
    if (known?.state === 'used') return { ok: true, value: { discount: known.discount } }
    if (known !== undefined) return refuse('coupon_not_usable', `Order ${orderId} was given back before.`)
    const claim = await lockClaim(ledger, tx, claimId)
    if (claim === undefined) return refuse('coupon_not_usable', 'This member has no such coupon.')
    if (claim.order_id === orderId) {
      // The same step was under way beside this one and had the claim first: it is answered as that was.
      const first = await lockRedemption(ledger, tx, orderId)
      invariant(first?.state === 'used', `claim ${claimId} is used by order ${orderId} without a redemption`)
      return { ok: true, value: { discount: first.discount } }
    }
    if (claim.state !== 'issued') return refuse('coupon_not_usable', 'It is used in another order.')
    if (now >= coupon.usable_until) return refuse('coupon_not_usable', 'It was usable until `usableUntil`.')
    if (goodsTotal < coupon.min_order) {
      const fields = { minOrder: coupon.min_order }
      return refuse('coupon_not_usable', `The order must be at least ${coupon.min_order}.`, { fields })
    }
    const discount = discountOf(coupon, goodsTotal)
    invariant(
      await moveClaim(tx, claimId, 'issued', 'redeemed', orderId),
      `claim ${claimId} changed under its lock`,
    )
    const row = { order_id: orderId, claim_id: claimId, discount, state: 'used' as const, redeemed_at: now }
    await tx.insertInto('coupon_redemptions').values(row).execute()
    return { ok: true, value: { discount } }
  })
}

export async function giveBack(
  context: CouponContext,
  orderId: string,
): Promise<Result<{ givenBack: boolean }>> {
  const { ledger } = context
  const now = context.clock()
  const givenBack = await ledger.write<CouponTables, boolean>(async tx => {
    const known = await lockRedemption(ledger, tx, orderId)
    if (known === undefined) {
      // Not used yet: a slow step of a saga that was undone must find this, or it would use it for a dead order.
      const row = {
        order_id: orderId,
        claim_id: null,
        discount: 0,
        state: 'returned' as const,
        redeemed_at: now,
      }
      await tx.insertInto('coupon_redemptions').values(row).execute()
      return false
    }
    if (known.state === 'returned' || known.claim_id === null) return false
    const moved = await moveClaim(tx, known.claim_id, 'redeemed', 'issued', null)
    invariant(moved, `claim ${known.claim_id} was not redeemed`)
    invariant(await closeRedemption(tx, orderId), `the redemption of order ${orderId} is gone`)
    return true
  })
  return { ok: true, value: { givenBack } }
}
