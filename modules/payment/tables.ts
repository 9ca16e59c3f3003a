// The tables of payments. Only this module reads and writes them.

import type { Schema } from '../../platform/sql/schema.ts'
import type { PaymentState } from './payment-states.ts'

export interface PaymentRow {
  payment_id: string
  order_id: string
  owner: string
  state: PaymentState
  /** Grows with each move: the fence of compare-and-set. */
  version: number
  /** Minor units, as the order was claimed for. */
  amount: number
  currency: string
  token: string
  /** Of the request that made it: the same id with other content is refused. */
  fingerprint: string | null
  cause: string | null
  created_at: number
  /** When the sweep looks at it next; null: settled. */
  next_check_at: number | null
  checks: number
}

/** One row an order: at most one open attempt, at most one capture, refunds never above it. */
export interface SlotRow {
  order_id: string
  version: number
  open_payment_id: string | null
  captured_payment_id: string | null
  captured: number
  refunded: number
  /** Grows each time that somebody begins to talk to the provider about this order; older moves are refused. */
  fence: number
  /** Who does so now, and until when at the latest, epoch ms. */
  holder: string | null
  held_until: number | null
}

export interface PaymentRefundRow {
  refund_id: string
  order_id: string
  payment_id: string
  amount: number
  state: 'pending' | 'done'
  attempts: number
  next_at: number | null
  created_at: number
}

export interface PaymentTables {
  payments: PaymentRow
  payment_slots: SlotRow
  payment_refunds: PaymentRefundRow
}

export const paymentSchema: Schema = {
  '2026-11-23-payment': t => [
    `CREATE TABLE payments (
      payment_id ${t.id} NOT NULL PRIMARY KEY, order_id ${t.id} NOT NULL, owner ${t.id} NOT NULL,
      state ${t.id} NOT NULL, version ${t.int} NOT NULL, amount ${t.int} NOT NULL, currency ${t.id} NOT NULL, token ${t.id} NOT NULL,
      fingerprint ${t.id}, cause ${t.text(200)}, created_at ${t.int} NOT NULL, next_check_at ${t.int},
      checks ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX payments_order ON payments (order_id)',
    'CREATE INDEX payments_due ON payments (next_check_at)',
    `CREATE TABLE payment_slots (
      order_id ${t.id} NOT NULL PRIMARY KEY, version ${t.int} NOT NULL, open_payment_id ${t.id},
      captured_payment_id ${t.id}, captured ${t.int} NOT NULL, refunded ${t.int} NOT NULL,
      CONSTRAINT slot_money CHECK (refunded >= 0 AND refunded <= captured),
      CONSTRAINT slot_one CHECK (open_payment_id IS NULL OR captured_payment_id IS NULL)) ${t.table}`,
    `CREATE TABLE payment_refunds (
      refund_id ${t.id} NOT NULL PRIMARY KEY, order_id ${t.id} NOT NULL, payment_id ${t.id} NOT NULL,
      amount ${t.int} NOT NULL, state ${t.id} NOT NULL, attempts ${t.int} NOT NULL, next_at ${t.int},
      created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX payment_refunds_order ON payment_refunds (order_id)',
    'CREATE INDEX payment_refunds_due ON payment_refunds (next_at)',
  ],
  '2026-11-27-payment-lock': t => [
    `ALTER TABLE payment_slots ADD COLUMN fence ${t.int} NOT NULL DEFAULT 0`,
    `ALTER TABLE payment_slots ADD COLUMN holder ${t.id}`,
    `ALTER TABLE payment_slots ADD COLUMN held_until ${t.int}`,
  ],
}
