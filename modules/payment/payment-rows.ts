// Payments as rows, as events and as refusals. Pure.

import { type Refused, refuse } from '../../platform/contract/result.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import type { Value } from '../../platform/sql/statements.ts'
import type { PaymentState } from './payment-states.ts'
import type { PaymentRefundRow, PaymentRow, SlotRow } from './tables.ts'

export function refusedBy(slot: Readonly<SlotRow>): Refused | null {
  if (slot.captured_payment_id !== null) return refuse('payment_state', `Order ${slot.order_id} is paid.`)
  if (slot.open_payment_id === null) return null
  return refuse('payment_open', `A payment of order ${slot.order_id} is under way.`, { retryAfter: 1 })
}

export function eventsOf(row: Readonly<PaymentRow>, from: PaymentState, now: number): DomainEvent[] {
  const { state: to } = row
  if (to !== 'captured' && to !== 'voided' && to !== 'declined') return []
  // Told once already: its voiding was given up.
  if (to === 'captured' && from === 'voiding') return []
  const payload = { paymentId: row.payment_id, orderId: row.order_id, amount: row.amount, capturedAt: now }
  return [{ type: `payment.${to}`, key: row.payment_id, version: row.version, payload }]
}

export function paymentValues(row: PaymentRow): Value[] {
  const { payment_id, order_id, owner, state, version, amount, currency, token, fingerprint, cause } = row
  return [
    ...[payment_id, order_id, owner, state, version, amount, currency, token, fingerprint, cause],
    ...[row.created_at, row.next_check_at, row.checks],
  ]
}

export function refundValues(row: PaymentRefundRow): Value[] {
  const { refund_id, order_id, payment_id, amount, state, attempts, next_at, created_at } = row
  return [refund_id, order_id, payment_id, amount, state, attempts, next_at, created_at]
}

export function someoneElse(orderId: string): Refused {
  return refuse('payment_open', `Somebody else is paying order ${orderId}.`, { retryAfter: 1 })
}
