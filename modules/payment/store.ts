// The statements of the payment book, fixed in shape.

import { insertInto, selectByKey, updateByKey } from '../../platform/sql/statements.ts'

const PAYMENT =
  'payment_id, order_id, owner, state, version, amount, currency, token, fingerprint, cause, created_at, next_check_at, checks'
const SLOT =
  'order_id, version, open_payment_id, captured_payment_id, captured, refunded, fence, holder, held_until'
const REFUND = 'refund_id, order_id, payment_id, amount, state, attempts, next_at, created_at'

export const lockPayments = selectByKey({ columns: PAYMENT, from: 'payments', key: 'payment_id', lock: true })
export const lockSlots = selectByKey({ columns: SLOT, from: 'payment_slots', key: 'order_id', lock: true })
/** Guarded by the lock on their order's slot. */
export const readRefunds = selectByKey({
  columns: REFUND,
  from: 'payment_refunds',
  key: 'refund_id',
  lock: false,
})
export const paymentsThere = selectByKey({
  columns: 'payment_id',
  from: 'payments',
  key: 'payment_id',
  lock: false,
})
export const slotsThere = selectByKey({
  columns: 'order_id',
  from: 'payment_slots',
  key: 'order_id',
  lock: false,
})

export const insertPayments = insertInto('payments', PAYMENT.split(', '))
export const insertSlots = insertInto('payment_slots', SLOT.split(', '))
export const insertRefunds = insertInto('payment_refunds', REFUND.split(', '))
export const updatePayments = updateByKey(
  'payments',
  { payment_id: 'id', version: 'int' },
  { version: 'int', state: 'id', cause: 'text', next_check_at: 'int', checks: 'int' },
)
export const updateSlots = updateByKey(
  'payment_slots',
  { order_id: 'id', version: 'int' },
  {
    ...{ version: 'int', open_payment_id: 'id', captured_payment_id: 'id', captured: 'int', refunded: 'int' },
    ...{ fence: 'int', holder: 'id', held_until: 'int' },
  },
)
export const updateRefunds = updateByKey(
  'payment_refunds',
  { refund_id: 'id' },
  { state: 'id', attempts: 'int', next_at: 'int' },
)
