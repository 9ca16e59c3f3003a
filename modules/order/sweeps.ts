// Work that comes round: orders whose time to pay is over, and sagas whose process died.

import { systemCall } from '../../platform/contract/call.ts'
import type { Sweep } from '../../platform/module.ts'
import { type OrderContext, submit } from './deps.ts'
import { runPlaceSaga } from './saga-place.ts'
import { runRefundSaga } from './saga-refund.ts'
import { endSaga, takeDueSagas } from './saga-store.ts'
import { undo } from './saga-undo.ts'
import type { OrderRow, OrderTables, SagaRow } from './tables.ts'

/** Expired in one run: one batch of the combiner. */
const EXPIRIES = 256
/** Sagas in one run, and how long a sweeper has for one before another may take it, ms. */
const SAGAS = 32
const SAGA_LEASE_MS = 20_000

export function expirySweep(context: OrderContext): Sweep {
  return {
    name: 'order.expiry',
    every: 1_000,
    bound: EXPIRIES,
    async run(now) {
      const due = await context.ledger
        .reads<OrderTables>()
        .selectFrom('orders')
        .select(['order_id', 'state', 'payment_id'])
        .where('expires_at', '<=', now)
        .where('state', 'in', ['placed', 'paying'])
        .orderBy('expires_at')
        .limit(EXPIRIES)
        .execute()
      await Promise.all(due.map(order => expire(context, order, now)))
      return due.length
    },
  }
}

type Due = Pick<OrderRow, 'order_id' | 'state' | 'payment_id'>

async function expire(context: OrderContext, order: Due, now: number): Promise<void> {
  const orderId = order.order_id
  const call = systemCall(`expiry-${orderId}`, now)
  if (order.state === 'paying' && order.payment_id !== null) {
    // A payment holds it: what became of that is asked first. One that was never booked lets it go.
    const paymentId = order.payment_id
    const settled = await context.siblings.payment.settlePayment(call, { paymentId })
    if (settled.ok || settled.refusal.code !== 'not_found') return
    await submit(context, call, { kind: 'release', orderId, paymentId })
  }
  const facts = await context.products.of(orderId)
  if (facts === null) return
  // Refused when a payment was faster: then it is not ours to expire.
  await submit(context, call, {
    kind: 'drop',
    orderId,
    to: 'expired',
    reason: 'not paid in time',
    parts: null,
    ...facts,
  })
}

export function sagaSweep(context: OrderContext): Sweep {
  return {
    name: 'order.sagas',
    every: 1_000,
    bound: SAGAS,
    async run(now) {
      const sagas = await takeDueSagas(context.ledger, now, SAGAS, SAGA_LEASE_MS)
      for (const saga of sagas) await resume(context, saga, now)
      return sagas.length
    },
  }
}

async function resume(context: OrderContext, saga: SagaRow, now: number): Promise<void> {
  if (saga.kind === 'undo' || saga.kind === 'undo-part') {
    await undo(context, saga)
    return
  }
  const call = systemCall(`saga-${saga.saga_id}`, now)
  const db = context.ledger.reads<OrderTables>()
  if (saga.kind === 'refund') {
    const refund = await db
      .selectFrom('order_refunds')
      .selectAll()
      .where('refund_id', '=', saga.saga_id)
      .executeTakeFirstOrThrow()
    if (refund.state === 'done') await endSaga(context.ledger, saga.saga_id, 'refund')
    else await runRefundSaga(context, call, refund)
    return
  }
  const data = JSON.parse(saga.data) as { couponId: string | null; points: number; expectedTotal: number }
  const facts = await context.products.of(saga.order_id)
  await runPlaceSaga(context, call, {
    orderId: saga.order_id,
    memberId: facts?.memberId ?? null,
    saga: { couponId: data.couponId, points: data.points },
    expectedTotal: data.expectedTotal,
  })
}
