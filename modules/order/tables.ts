// The tables of orders and stock. Only this module reads and writes them.

import type { Schema } from '../../platform/sql/schema.ts'
import type { OrderState } from './order-states.ts'

export interface StockRow {
  product_id: string
  initial: number
  adjusted: number
  available: number
  reserved: number
  sold: number
  returned: number
  /** Grows with each change of stock; the journal has one row for each. */
  version: number
  price: number
  on_sale: number
  sale_starts_at: number | null
  member_limit: number | null
  offer_version: number
}

export interface OrderRow {
  order_id: string
  owner: string
  member_id: string | null
  channel_id: string | null
  email: string | null
  country: string | null
  state: OrderState
  version: number
  goods_total: number
  discount: number
  points: number
  total: number
  refunded_total: number
  coupon_id: string | null
  payment_id: string | null
  /** Business time: when the sale happened, epoch ms. */
  placed_at: number
  created_at: number
  expires_at: number | null
  reason: string | null
}

export interface LineRow {
  order_id: string
  line_no: number
  product_id: string
  quantity: number
  unit_price: number
  discount: number
  points: number
  cancelled: number
  refunded: number
}

export interface RefundRow {
  refund_id: string
  order_id: string
  state: 'pending' | 'done'
  /** Net value of the units, before points that are missing are taken off. */
  value: number
  amount: number
  points: number
  claw: number
  clawed: number
  restocked: number
  parts: string
  reason: string | null
  business_time: number
  created_at: number
}

export interface SagaRow {
  saga_id: string
  order_id: string
  kind: string
  data: string
  attempts: number
  next_at: number
}

export interface OrderTables {
  stock: StockRow
  stock_journal: {
    product_id: string
    version: number
    kind: string
    quantity: number
    order_id: string | null
    reason: string | null
    actor: string
    at: number
  }
  orders: OrderRow
  order_lines: LineRow
  order_refunds: RefundRow
  order_sagas: SagaRow
  member_purchases: { purchase_id: string; quantity: number }
}

export const orderSchema: Schema = {
  '2026-11-23-order': t => [
    // The equation of stock is a constraint: a batch that would break it is rolled back by the engine.
    `CREATE TABLE stock (
      product_id ${t.id} NOT NULL PRIMARY KEY, initial ${t.int} NOT NULL, adjusted ${t.int} NOT NULL,
      available ${t.int} NOT NULL, reserved ${t.int} NOT NULL, sold ${t.int} NOT NULL, returned ${t.int} NOT NULL,
      version ${t.int} NOT NULL, price ${t.int} NOT NULL, on_sale ${t.int} NOT NULL,
      sale_starts_at ${t.int}, member_limit ${t.int}, offer_version ${t.int} NOT NULL,
      CONSTRAINT stock_available CHECK (available >= 0),
      CONSTRAINT stock_parts CHECK (reserved >= 0 AND sold >= 0 AND returned >= 0 AND returned <= sold),
      CONSTRAINT stock_equation CHECK (initial + adjusted = available + reserved + sold - returned)) ${t.table}`,
    `CREATE TABLE stock_journal (
      product_id ${t.id} NOT NULL, version ${t.int} NOT NULL, kind ${t.id} NOT NULL, quantity ${t.int} NOT NULL,
      order_id ${t.id}, reason ${t.text(200)}, actor ${t.id} NOT NULL, at ${t.int} NOT NULL,
      PRIMARY KEY (product_id, version)) ${t.table}`,
    `CREATE TABLE orders (
      order_id ${t.id} NOT NULL PRIMARY KEY, owner ${t.id} NOT NULL, member_id ${t.id}, channel_id ${t.id},
      email ${t.text(254)}, country ${t.text(56)}, state ${t.id} NOT NULL, version ${t.int} NOT NULL,
      goods_total ${t.int} NOT NULL, discount ${t.int} NOT NULL, points ${t.int} NOT NULL, total ${t.int} NOT NULL,
      refunded_total ${t.int} NOT NULL, coupon_id ${t.id}, payment_id ${t.id}, placed_at ${t.int} NOT NULL,
      created_at ${t.int} NOT NULL, expires_at ${t.int}, reason ${t.text(200)},
      CONSTRAINT order_total CHECK (total = goods_total - discount - points AND total >= 0),
      CONSTRAINT order_refunded CHECK (refunded_total <= total)) ${t.table}`,
    'CREATE INDEX orders_history ON orders (owner, placed_at, order_id)',
    'CREATE INDEX orders_expiry ON orders (expires_at)',
    `CREATE TABLE order_lines (
      order_id ${t.id} NOT NULL, line_no ${t.int} NOT NULL, product_id ${t.id} NOT NULL, quantity ${t.int} NOT NULL,
      unit_price ${t.int} NOT NULL, discount ${t.int} NOT NULL, points ${t.int} NOT NULL,
      cancelled ${t.int} NOT NULL, refunded ${t.int} NOT NULL, PRIMARY KEY (order_id, line_no),
      CONSTRAINT line_parts CHECK (cancelled >= 0 AND refunded >= 0 AND cancelled + refunded <= quantity)) ${t.table}`,
    `CREATE TABLE order_refunds (
      refund_id ${t.id} NOT NULL PRIMARY KEY, order_id ${t.id} NOT NULL, state ${t.id} NOT NULL,
      value ${t.int} NOT NULL, amount ${t.int} NOT NULL, points ${t.int} NOT NULL, claw ${t.int} NOT NULL,
      clawed ${t.int} NOT NULL, restocked ${t.int} NOT NULL, parts ${t.long} NOT NULL, reason ${t.text(200)},
      business_time ${t.int} NOT NULL, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX order_refunds_order ON order_refunds (order_id)',
    `CREATE TABLE order_sagas (
      saga_id ${t.id} NOT NULL PRIMARY KEY, order_id ${t.id} NOT NULL, kind ${t.id} NOT NULL, data ${t.long} NOT NULL,
      attempts ${t.int} NOT NULL, next_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX order_sagas_due ON order_sagas (next_at)',
    `CREATE TABLE member_purchases (purchase_id ${t.text(120)} NOT NULL PRIMARY KEY, quantity ${t.int} NOT NULL) ${t.table}`,
  ],
  '2026-11-23-order-defaults': t => [
    ...t.defaults('orders', { discount: 0, points: 0, refunded_total: 0 }),
    ...t.defaults('order_lines', { discount: 0, points: 0, cancelled: 0, refunded: 0 }),
  ],
}
