// The statements of the order book, fixed in shape; the only SQL of the hot path.

import { insertInto, selectByKey, updateByKey } from '../../platform/sql/statements.ts'

const ORDER =
  'order_id, owner, member_id, channel_id, email, country, state, version, goods_total, discount, points, total, ' +
  'refunded_total, coupon_id, payment_id, placed_at, created_at, expires_at, reason'
const LINE = 'order_id, line_no, product_id, quantity, unit_price, discount, points, cancelled, refunded'
const STOCK =
  'product_id, initial, adjusted, available, reserved, sold, returned, version, price, on_sale, ' +
  'sale_starts_at, member_limit, offer_version'
const REFUND =
  'refund_id, order_id, state, value, amount, points, claw, clawed, restocked, parts, reason, business_time, created_at'

export const lockOrders = selectByKey({ columns: ORDER, from: 'orders', key: 'order_id', lock: true })
export const lockStock = selectByKey({ columns: STOCK, from: 'stock', key: 'product_id', lock: true })
/** Purchases are guarded by the lock on their product's stock row. */
export const readPurchases = selectByKey({
  columns: 'purchase_id, quantity',
  from: 'member_purchases',
  key: 'purchase_id',
  lock: false,
})
/** Lines and refunds are guarded by the lock on their order. */
export const readLines = selectByKey({ columns: LINE, from: 'order_lines', key: 'order_id', lock: false })
export const readRefunds = selectByKey({
  columns: REFUND,
  from: 'order_refunds',
  key: 'refund_id',
  lock: false,
})
/** Asked only for parked requests: is it held by somebody, or not there at all? */
export const ordersThere = selectByKey({ columns: 'order_id', from: 'orders', key: 'order_id', lock: false })
export const stockThere = selectByKey({
  columns: 'product_id',
  from: 'stock',
  key: 'product_id',
  lock: false,
})
/** Which products an order is of never changes, so this needs no lock. */
export const productsOfOrders = selectByKey({
  columns: 'order_id, product_id',
  from: 'order_lines',
  key: 'order_id',
  lock: false,
})

export const insertOrders = insertInto('orders', ORDER.split(', '), {
  member_id: null,
  channel_id: null,
  email: null,
  country: null,
  discount: 0,
  points: 0,
  refunded_total: 0,
  coupon_id: null,
  payment_id: null,
  expires_at: null,
  reason: null,
})
export const insertLines = insertInto('order_lines', LINE.split(', '), {
  discount: 0,
  points: 0,
  cancelled: 0,
  refunded: 0,
})
export const insertJournal = insertInto(
  'stock_journal',
  ['product_id', 'version', 'kind', 'quantity', 'order_id', 'reason', 'actor', 'at'],
  { order_id: null, reason: null },
)
export const insertRefunds = insertInto('order_refunds', REFUND.split(', '))
export const insertSagas = insertInto('order_sagas', [
  'saga_id',
  'order_id',
  'kind',
  'data',
  'attempts',
  'next_at',
])
export const insertPurchases = insertInto('member_purchases', ['purchase_id', 'quantity'])

/** Compare-and-set on the versions that were read: of the stock, and of the offer that it was judged by. */
export const updateStock = updateByKey(
  'stock',
  { product_id: 'id', version: 'int', offer_version: 'int' },
  { version: 'int', adjusted: 'int', available: 'int', reserved: 'int', sold: 'int', returned: 'int' },
)
export const updateOrders = updateByKey(
  'orders',
  { order_id: 'id', version: 'int' },
  {
    version: 'int',
    state: 'id',
    goods_total: 'int',
    discount: 'int',
    points: 'int',
    total: 'int',
    refunded_total: 'int',
    payment_id: 'id',
    expires_at: 'int',
    reason: 'text',
  },
)
export const updateLines = updateByKey(
  'order_lines',
  { order_id: 'id', line_no: 'int' },
  { discount: 'int', points: 'int', cancelled: 'int', refunded: 'int' },
)
export const updatePurchases = updateByKey('member_purchases', { purchase_id: 'id' }, { quantity: 'int' })
/** A saga changes its kind (place → undo) in the transaction that decides it. */
export const updateSagas = updateByKey(
  'order_sagas',
  { saga_id: 'id' },
  { kind: 'id', attempts: 'int', next_at: 'int' },
)
export const ownersOfOrders = selectByKey({
  columns: 'order_id, member_id',
  from: 'orders',
  key: 'order_id',
  lock: false,
})
