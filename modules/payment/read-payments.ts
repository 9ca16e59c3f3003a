// Payments as people and the sweep read them.

import type { Call } from '../../platform/contract/call.ts'
import type { Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { paymentContract } from './contract.ts'
import type { PaymentContext } from './deps.ts'
import { paymentView } from './pay-order.ts'
import type { PaymentRow, PaymentTables } from './tables.ts'

export function readPayment(context: PaymentContext, paymentId: string): Promise<PaymentRow | undefined> {
  const db = context.ledger.reads<PaymentTables>()
  return db.selectFrom('payments').selectAll().where('payment_id', '=', paymentId).executeTakeFirst()
}

/** Attempts of an order that are listed; a buyer makes a handful. */
const LISTED = 100

export async function listPayments(
  context: PaymentContext,
  call: Call,
  { orderId }: { orderId: string },
): Promise<Result<Output<typeof paymentContract.listPayments>>> {
  // Whose order it is, the order module knows.
  const order = await context.order.getOrder(call, { orderId })
  if (!order.ok) return order
  const rows = await context.ledger
    .reads<PaymentTables>()
    .selectFrom('payments')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('created_at')
    .limit(LISTED)
    .execute()
  return { ok: true, value: { payments: rows.map(paymentView) } }
}
