// Giving stock back before payment: cancelled (whole or in part), expired, or a reservation that failed.

import { type Call, maySee } from '../../platform/contract/call.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import { leftOf } from './allocation.ts'
import type { Book } from './book.ts'
import { unknownOrder, wrongState } from './decide-payment.ts'
import { purchaseId, SAGA_GRACE_MS } from './decide-place.ts'
import { orderEvent } from './order-events.ts'
import type { OrderState } from './order-states.ts'
import type { Drop, Part } from './requests.ts'
import type { LineRow, OrderRow } from './tables.ts'

export interface Dropped {
  readonly orderId: string
  readonly state: OrderState
}

export function decideDrop(
  book: Book,
  request: Drop,
  call: Call,
  retried: boolean,
  currency: string,
): Outcome<Dropped> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }
  // The sweeper's wishes are natural: what is over already stays so.
  if (call.principal.kind === 'system' && order.state === request.to) return { result: done(order) }
  const reserved = order.state === 'reserving' && call.principal.kind === 'system'
  if (order.state !== 'placed' && !reserved) return { result: wrongState(order, request.to) }
  if (request.to === 'expired' && (order.expires_at === null || order.expires_at > book.now)) {
    return { result: wrongState(order, request.to) }
  }
  if (request.productIds.some(id => book.stockRow(id) === undefined)) return 'parked'

  const lines = book.linesOf(order.order_id)
  const parts =
    request.parts ?? lines.map(line => ({ lineNo: line.line_no, quantity: line.quantity - line.cancelled }))
  const wanted = sumParts(parts)
  for (const [lineNo, quantity] of wanted) {
    const line = lines.find(each => each.line_no === lineNo)
    const left = line === undefined ? 0 : line.quantity - line.cancelled
    if (quantity > left) {
      return {
        result: refuse('quantity_exceeded', `Line ${lineNo} has ${left} units left.`, {
          fields: { lineNo, left },
        }),
      }
    }
  }
  for (const [lineNo, quantity] of wanted)
    cancelUnits(book, order, lines, lineNo, quantity, request.reason, call)
  const nothingLeft = lines.every(line => line.cancelled === line.quantity)
  return nothingLeft
    ? endOrder(book, order, lines, request, currency)
    : keepRest(book, order, lines, call, currency, request.reason)
}

/** Parts of one line named twice count together. */
export function sumParts(parts: readonly Part[]): Map<number, number> {
  const sums = new Map<number, number>()
  for (const { lineNo, quantity } of parts) {
    if (quantity > 0) sums.set(lineNo, (sums.get(lineNo) ?? 0) + quantity)
  }
  return sums
}

function cancelUnits(
  book: Book,
  order: Readonly<OrderRow>,
  lines: readonly Readonly<LineRow>[],
  lineNo: number,
  quantity: number,
  reason: string,
  call: Call,
): void {
  const line = lines.find(each => each.line_no === lineNo)!
  book.changeLine(order.order_id, lineNo, { cancelled: line.cancelled + quantity })
  book.moveStock(line.product_id, 'release', quantity, {
    orderId: order.order_id,
    reason,
    actor: call.principal.id,
  })
  if (order.member_id !== null && book.stockRow(line.product_id)?.member_limit !== null) {
    giveBackAllowance(book, order.member_id, line.product_id, quantity)
  }
}

/** Units given back may be bought again; a limit set after the order was placed knows nothing of it. */
export function giveBackAllowance(book: Book, memberId: string, productId: string, quantity: number): void {
  const id = purchaseId(memberId, productId)
  const most = Math.min(quantity, book.purchased(id))
  if (most > 0) book.addPurchase(id, -most)
}

function endOrder(
  book: Book,
  order: Readonly<OrderRow>,
  lines: readonly Readonly<LineRow>[],
  request: Drop,
  currency: string,
): Outcome<Dropped> {
  const { coupon_id: couponId, points, state } = order
  const total = { goods_total: 0, discount: 0, points: 0, total: 0 }
  const ended = book.changeOrder(order.order_id, {
    ...total,
    state: request.to,
    reason: request.reason,
    expires_at: null,
  })
  // Coupon and points go back by a saga that stands in this very transaction.
  if (state === 'reserving') book.turnSaga(order.order_id, 'undo', book.now + SAGA_GRACE_MS)
  else if (couponId !== null || points > 0) {
    book.addSaga(order.order_id, order.order_id, 'undo', { couponId, points }, book.now + SAGA_GRACE_MS)
  }
  const type = request.to === 'expired' ? 'order.expired' : 'order.cancelled'
  return {
    result: done(ended),
    // A reservation that never became an order was never told of either.
    events:
      state === 'reserving' ? [] : [orderEvent(type, ended, lines, currency, { reason: request.reason })],
    audit: { subject: order.order_id, detail: { state: request.to, reason: request.reason } },
  }
}

function keepRest(
  book: Book,
  order: Readonly<OrderRow>,
  lines: readonly Readonly<LineRow>[],
  call: Call,
  currency: string,
  reason: string,
): Outcome<Dropped> {
  const before = order.points
  let goods = 0
  let discount = 0
  let points = 0
  for (const line of lines) {
    const left = leftOf(line)
    goods += left.units * line.unit_price
    discount += left.discount
    points += left.points
  }
  const changed = book.changeOrder(order.order_id, {
    goods_total: goods,
    discount,
    points,
    total: goods - discount - points,
  })
  if (before > points) {
    const back = { couponId: null, points: before - points, part: changed.version }
    book.addSaga(`${order.order_id}.${changed.version}`, order.order_id, 'undo-part', back, book.now)
  }
  return {
    result: done(changed),
    events: [orderEvent('order.changed', changed, lines, currency, { reason })],
    audit: { subject: order.order_id, detail: { by: call.principal.id, reason, total: changed.total } },
  }
}

const done = (order: Readonly<OrderRow>) =>
  ({ ok: true, value: { orderId: order.order_id, state: order.state } }) as const
