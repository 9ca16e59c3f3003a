// The three moves that a payment makes: it claims the order, lets it go, or pays it.

import { type Call, maySee } from '../../platform/contract/call.ts'
import { type Refused, refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Book } from './book.ts'
import { orderEvent } from './order-events.ts'
import type { OrderState } from './order-states.ts'
import type { Claim, Paid, Release } from './requests.ts'
import type { OrderRow } from './tables.ts'

export interface Claimed {
  readonly orderId: string
  readonly amount: number
  readonly currency: string
  readonly owner: string
  readonly memberId: string | null
  readonly email: string | null
  readonly channelId: string | null
}
export interface StepDone {
  readonly orderId: string
  readonly state: OrderState
}

export function unknownOrder(orderId: string): Refused {
  return refuse('not_found', `There is no order ${orderId}, or it is not yours.`)
}
export function wrongState(order: Readonly<OrderRow>, wish: string): Refused {
  return refuse('order_state', `Order ${order.order_id} is ${order.state}: it cannot be ${wish}.`, {
    fields: { state: order.state },
  })
}

/** placed → paying. The payment that holds it already is answered the same. */
export function decideClaim(
  book: Book,
  request: Claim,
  call: Call,
  retried: boolean,
  currency: string,
): Outcome<Claimed> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }
  const mine = order.payment_id === request.paymentId
  if (order.state === 'placed')
    book.changeOrder(order.order_id, { state: 'paying', payment_id: request.paymentId })
  else if (order.state === 'paying' && !mine) {
    return { result: refuse('payment_open', `Another payment of order ${order.order_id} is under way.`) }
  } else if (!(mine && (order.state === 'paying' || order.state === 'paid'))) {
    return { result: wrongState(order, 'paid') }
  }
  return {
    result: {
      ok: true,
      value: {
        orderId: order.order_id,
        amount: order.total,
        currency,
        owner: order.owner,
        memberId: order.member_id,
        email: order.email,
        channelId: order.channel_id,
      },
    },
  }
}

/** paying → placed, by the payment that holds it; expiry counts again. */
export function decideRelease(book: Book, request: Release, retried: boolean): Outcome<StepDone> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  if (order.state === 'paying' && order.payment_id === request.paymentId) {
    book.changeOrder(order.order_id, { state: 'placed', payment_id: null })
  } else if (order.payment_id === request.paymentId) return { result: wrongState(order, 'released') }
  // Not held by this payment (any more): nothing to let go.
  return { result: { ok: true, value: { orderId: order.order_id, state: order.state } } }
}

/** paying → paid: what was reserved is sold. A repeat of the same payment is answered the same. */
export function decidePaid(book: Book, request: Paid, retried: boolean, currency: string): Outcome<StepDone> {
  const order = book.order(request.orderId)
  if (order === undefined) {
    if (book.why('orders', request.orderId, retried) === 'locked') return 'parked'
    return { result: unknownOrder(request.orderId) }
  }
  const mine = order.payment_id === request.paymentId
  if (mine && (order.state === 'paid' || order.state === 'refunded')) {
    return { result: { ok: true, value: { orderId: order.order_id, state: order.state } } }
  }
  if (!mine || order.state !== 'paying') return { result: wrongState(order, 'marked as paid') }
  if (request.productIds.some(id => book.stockRow(id) === undefined)) return 'parked'
  const lines = book.linesOf(order.order_id)
  for (const line of lines) {
    const quantity = line.quantity - line.cancelled
    if (quantity === 0) continue
    book.moveStock(line.product_id, 'sell', quantity, {
      orderId: order.order_id,
      reason: null,
      actor: order.owner,
    })
  }
  const paid = book.changeOrder(order.order_id, { state: 'paid', expires_at: null })
  return {
    result: { ok: true, value: { orderId: paid.order_id, state: paid.state } },
    events: [
      orderEvent('order.paid', paid, lines, currency, {
        paymentId: request.paymentId,
        paidAt: request.paidAt,
      }),
    ],
  }
}
