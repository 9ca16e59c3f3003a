// Refund by line: decided here once, with its amounts; money, points and coupon follow by a saga.

import { type Call, isStaff, maySee } from '../../platform/contract/call.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import { refundOf } from './allocation.ts'
import type { Book } from './book.ts'
import { giveBackAllowance, sumParts } from './decide-drop.ts'
import { unknownOrder, wrongState } from './decide-payment.ts'
import { SAGA_GRACE_MS } from './decide-place.ts'
import { type EventLine, eventLine, linesEvent } from './order-events.ts'
import type { Refund } from './requests.ts'
import type { RefundRow } from './tables.ts'

/** Answers with the refund's row, new or as it stands. */
export function decideRefund(
  book: Book,
  request: Refund,
  call: Call,
  retried: boolean,
  currency: string,
): Outcome<RefundRow> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }
  const existing = book.refund(request.refundId)
  if (existing !== undefined) {
    if (existing.order_id !== order.order_id)
      return { result: refuse('id_taken', `Refund ${request.refundId} exists.`) }
    return { result: { ok: true, value: existing } }
  }
  if (order.state !== 'paid') return { result: wrongState(order, 'refunded') }
  if (!request.restock && !isStaff(call.principal) && call.principal.channelId === null) {
    return { result: refuse('forbidden', 'Whether goods go back to stock is for staff to say.') }
  }
  if (request.productIds.some(id => book.stockRow(id) === undefined)) return 'parked'

  const lines = book.linesOf(order.order_id)
  const all = lines.map(line => ({
    lineNo: line.line_no,
    quantity: line.quantity - line.cancelled - line.refunded,
  }))
  const wanted = sumParts(request.parts ?? all)
  if (wanted.size === 0) return { result: wrongState(order, 'refunded further') }
  for (const [lineNo, quantity] of wanted) {
    const left = all.find(line => line.lineNo === lineNo)?.quantity ?? 0
    if (quantity > left) {
      return {
        result: refuse('quantity_exceeded', `Line ${lineNo} has ${left} units left.`, {
          fields: { lineNo, left },
        }),
      }
    }
  }
  let value = 0
  let points = 0
  const back: EventLine[] = []
  for (const [lineNo, quantity] of wanted) {
    const line = lines.find(each => each.line_no === lineNo)!
    const share = refundOf(line, quantity)
    value += share.value
    points += share.points
    back.push(eventLine(line, quantity))
    book.changeLine(order.order_id, lineNo, { refunded: line.refunded + quantity })
    if (request.restock) {
      const cause = { orderId: order.order_id, reason: request.reason, actor: call.principal.id }
      book.moveStock(line.product_id, 'return', quantity, cause)
    }
    if (order.member_id !== null) giveBackAllowance(book, order.member_id, line.product_id, quantity)
  }
  const nothingLeft = lines.every(line => line.cancelled + line.refunded === line.quantity)
  const changed = book.changeOrder(order.order_id, nothingLeft ? { state: 'refunded' } : {})
  const refundedAt = request.businessTime ?? book.now
  const refund: RefundRow = {
    refund_id: request.refundId,
    order_id: order.order_id,
    state: 'pending',
    value,
    amount: 0,
    points,
    claw: 0,
    clawed: 0,
    restocked: request.restock ? 1 : 0,
    parts: JSON.stringify([...wanted].map(([lineNo, quantity]) => ({ lineNo, quantity }))),
    reason: request.reason,
    business_time: refundedAt,
    created_at: book.now,
  }
  book.addRefund(refund)
  book.addSaga(refund.refund_id, order.order_id, 'refund', { nothingLeft }, book.now + SAGA_GRACE_MS)
  const more = { refundId: refund.refund_id, refundedAt, amount: value }
  return {
    result: { ok: true, value: refund },
    events: [linesEvent('order.refunded', changed, back, currency, more)],
    audit: { subject: order.order_id, detail: { ...more, reason: request.reason, restock: request.restock } },
  }
}
