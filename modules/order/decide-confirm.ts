// The last step of an order with coupon or points: both are taken, now it becomes an order.

import type { Call } from '../../platform/contract/call.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import { allocate } from './allocation.ts'
import type { Book } from './book.ts'
import { unknownOrder, wrongState } from './decide-payment.ts'
import { type Placed, placedView } from './decide-place.ts'
import { orderEvent } from './order-events.ts'
import type { Confirm } from './requests.ts'

export function decideConfirm(
  book: Book,
  request: Confirm,
  call: Call,
  retried: boolean,
  currency: string,
): Outcome<Placed> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  if (order.state === 'cancelled' || order.state === 'expired') return { result: wrongState(order, 'placed') }
  // Confirmed already, by this or by the sweeper.
  if (order.state !== 'reserving') return { result: { ok: true, value: placedView(order, currency) } }
  const total = order.goods_total - request.discount - request.points
  if (total !== request.expectedTotal || total < 0) {
    return {
      result: refuse('price_changed', `The total is ${total}, not ${request.expectedTotal}.`, {
        fields: { total, discount: request.discount, points: request.points },
      }),
    }
  }
  const lines = book.linesOf(order.order_id)
  const discounts = allocate(
    request.discount,
    lines.map(line => line.quantity * line.unit_price),
  )
  const points = allocate(
    request.points,
    lines.map((line, i) => line.quantity * line.unit_price - discounts[i]!),
  )
  for (const [i, line] of lines.entries()) {
    book.changeLine(order.order_id, line.line_no, { discount: discounts[i]!, points: points[i]! })
  }
  const placed = book.changeOrder(order.order_id, {
    state: 'placed',
    discount: request.discount,
    points: request.points,
    total,
  })
  return {
    result: { ok: true, value: placedView(placed, currency) },
    events: [orderEvent('order.placed', placed, lines, currency)],
    audit: { subject: order.order_id, detail: { total, by: call.principal.id } },
  }
}
