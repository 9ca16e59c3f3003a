// After a refund was decided: take back the points that the order had earned, give back the points it had
// used, give back the money less what of the earned points is spent already, give back the coupon when
// nothing of the order is left. Each step is natural under the refund's id.

import { asStep, type Call } from '../../platform/contract/call.ts'
import type { OrderContext } from './deps.ts'
import { endSaga } from './saga-store.ts'
import { settleRefund } from './settle-refund.ts'
import type { OrderTables, RefundRow } from './tables.ts'

/** The refund as it stands afterwards: `pending` where a step has to wait, and the sweeper goes on. */
export async function runRefundSaga(
  context: OrderContext,
  call: Call,
  refund: RefundRow,
): Promise<RefundRow> {
  const step = asStep(call)
  const { order_id: orderId, refund_id: refundId } = refund
  const db = context.ledger.reads<OrderTables>()
  const order = await db
    .selectFrom('orders')
    .selectAll()
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow()
  let short = 0
  let clawed = 0
  const claw = await pointsToClaw(context, refund, order.total)
  if (order.member_id !== null) {
    const { member_id: memberId } = order
    const earned = earnedFor(order.total, context.settings.earnPercent)
    if (claw > 0) {
      const taken = await context.siblings.point.clawBack(step, {
        orderId,
        memberId,
        cause: `refund:${refundId}:claw`,
        points: claw,
        earned,
      })
      if (!taken.ok) return waits(context, refund, taken.refusal.code)
      clawed = taken.value.clawed
      short = taken.value.short
    }
    if (refund.points > 0) {
      const cause = `refund:${refundId}:return`
      const back = await context.siblings.point.returnSpent(step, {
        orderId,
        memberId,
        cause,
        points: refund.points,
      })
      if (!back.ok) return waits(context, refund, back.refusal.code)
    }
  }
  // A point is worth one minor unit. What is short beyond the refund's own value is the shop's loss.
  const amount = Math.max(0, refund.value - short)
  if (amount > 0) {
    const paid = await context.siblings.payment.refundPayment(step, { refundId, orderId, amount })
    if (!paid.ok) return waits(context, refund, paid.refusal.code)
    if (paid.value.status === 'pending') return waits(context, refund, 'pending')
  }
  if (order.coupon_id !== null && order.state === 'refunded') {
    const given = await context.siblings.coupon.giveBack(step, { orderId })
    if (!given.ok) return waits(context, refund, given.refusal.code)
  }
  const settled = await settleRefund(context, call, refund, { amount, claw, clawed })
  await endSaga(context.ledger, refundId, 'refund')
  return settled
}

/** Points that money of `paid` earns: floors, so that giving parts back never takes more than was given. */
export function earnedFor(paid: number, percent: number): number {
  return Number((BigInt(paid) * BigInt(percent)) / 100n)
}

/**
 * Earned points that this refund undoes: what the order earned on all money, less what it would have earned
 * on the money that is left after this and all earlier refunds of it. The order of refunds is that of their
 * making, so each refund's share is its own whatever runs first.
 */
async function pointsToClaw(context: OrderContext, refund: RefundRow, paid: number): Promise<number> {
  const refunds = await context.ledger
    .reads<OrderTables>()
    .selectFrom('order_refunds')
    .select(['refund_id', 'value', 'created_at'])
    .where('order_id', '=', refund.order_id)
    .execute()
  const earlier = refunds.filter(other => before(other, refund)).reduce((sum, other) => sum + other.value, 0)
  const percent = context.settings.earnPercent
  return earnedFor(paid - earlier, percent) - earnedFor(paid - earlier - refund.value, percent)
}

type Made = Pick<RefundRow, 'refund_id' | 'created_at'>
function before(a: Made, b: Made): boolean {
  return a.created_at === b.created_at ? a.refund_id < b.refund_id : a.created_at < b.created_at
}

function waits(context: OrderContext, refund: RefundRow, code: string): RefundRow {
  context.log.warn({ refund: refund.refund_id, code }, 'refund not finished: the sweeper goes on')
  return refund
}
