// The end of a refund: its amounts are booked and told.

import type { Call } from '../../platform/contract/call.ts'
import { invariant } from '../../platform/contract/result.ts'
import { once } from '../../platform/sql/once.ts'
import type { OrderContext } from './deps.ts'
import { linesEvent } from './order-events.ts'
import type { OrderTables, RefundRow } from './tables.ts'

interface Amounts {
  readonly amount: number
  readonly claw: number
  readonly clawed: number
}

/** pending → done, by compare-and-set; a refund that is done already is answered as it stands. */
export async function settleRefund(
  context: OrderContext,
  call: Call,
  refund: RefundRow,
  amounts: Amounts,
): Promise<RefundRow> {
  const { ledger, settings } = context
  const now = context.clock()
  const step = { ...call, idempotency: null }
  const result = await once<OrderTables, RefundRow>(ledger, step, 'order.settleRefund', now, async tx => {
    // The order first: the same lock order as the combiner's.
    const orders = tx.selectFrom('orders').selectAll().where('order_id', '=', refund.order_id)
    const order = await (ledger.dialect === 'mysql' ? orders.forUpdate() : orders).executeTakeFirstOrThrow()
    const done: RefundRow = { ...refund, ...amounts, state: 'done' }
    const turned = await tx
      .updateTable('order_refunds')
      .set({ ...amounts, state: 'done' })
      .where('refund_id', '=', refund.refund_id)
      .where('state', '=', 'pending')
      .executeTakeFirst()
    if (turned.numUpdatedRows === 0n) return { result: { ok: true, value: done } }
    const version = order.version + 1
    const booked = await tx
      .updateTable('orders')
      .set({ refunded_total: order.refunded_total + amounts.amount, version })
      .where('order_id', '=', order.order_id)
      .where('version', '=', order.version)
      .executeTakeFirst()
    invariant(booked.numUpdatedRows === 1n, `order ${order.order_id} changed under its lock`)
    const more = { refundId: refund.refund_id, amount: amounts.amount, points: refund.points }
    const event = linesEvent('order.refund-settled', { ...order, version }, [], settings.currency, more)
    return { result: { ok: true, value: done }, events: [event] }
  })
  invariant(result.ok, 'settling a refund is never refused')
  return result.value
}
