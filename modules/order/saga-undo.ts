// Giving back coupon and points of an order that is cancelled, expired or was never completed.

import { systemCall } from '../../platform/contract/call.ts'
import type { OrderContext } from './deps.ts'
import { endSaga, readSaga } from './saga-store.ts'
import type { OrderTables, SagaRow } from './tables.ts'

/** Runs the undo saga of an order if there is one. False: not finished, the sweeper comes back to it. */
export async function runUndo(context: OrderContext, sagaId: string): Promise<boolean> {
  const saga = await readSaga(context.ledger, sagaId)
  if (saga === undefined || (saga.kind !== 'undo' && saga.kind !== 'undo-part')) return true
  return undo(context, saga)
}

export async function undo(context: OrderContext, saga: SagaRow): Promise<boolean> {
  const data = JSON.parse(saga.data) as { couponId: string | null; points: number; part?: number }
  const orderId = saga.order_id
  const call = systemCall(`saga-${saga.saga_id}`, context.clock())
  if (data.couponId !== null) {
    const given = await context.siblings.coupon.giveBack(call, { orderId })
    if (!given.ok) return failed(context, saga, given.refusal.code)
  }
  if (data.points > 0) {
    const memberId = await memberOf(context, orderId)
    const cause = data.part === undefined ? `order:${orderId}:return` : `order:${orderId}:return:${data.part}`
    const returned = await context.siblings.point.returnSpent(call, {
      orderId,
      memberId,
      cause,
      points: data.points,
    })
    if (!returned.ok) return failed(context, saga, returned.refusal.code)
  }
  await endSaga(context.ledger, saga.saga_id, saga.kind)
  return true
}

function failed(context: OrderContext, saga: SagaRow, code: string): false {
  context.log.warn(
    { saga: saga.saga_id, kind: saga.kind, attempts: saga.attempts, code },
    'saga not finished',
  )
  return false
}

export async function memberOf(context: OrderContext, orderId: string): Promise<string> {
  const row = await context.ledger
    .reads<OrderTables>()
    .selectFrom('orders')
    .select('member_id')
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow()
  if (row.member_id === null) throw new Error(`order ${orderId} has points but no member`)
  return row.member_id
}
