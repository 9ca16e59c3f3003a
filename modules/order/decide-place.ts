// Placing an order: everything is judged against rows that this transaction holds.

import type { Call } from '../../platform/contract/call.ts'
import { MONEY_MOST } from '../../platform/contract/fields.ts'
import { type Refused, refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Book } from './book.ts'
import { orderEvent } from './order-events.ts'
import type { OrderState } from './order-states.ts'
import type { Place } from './requests.ts'
import type { LineRow, OrderRow } from './tables.ts'

export interface PlaceRules {
  readonly currency: string
  /** How long stock is held for payment, ms. */
  readonly paymentWindow: number
}

/** How long the caller's own process has for the steps of a saga before the sweeper takes over, ms. */
export const SAGA_GRACE_MS = 30_000

export const purchaseId = (memberId: string, productId: string): string => `${memberId}.${productId}`

export interface Placed {
  readonly orderId: string
  readonly state: OrderState
  readonly total: number
  readonly currency: string
  readonly placedAt: number
  readonly expiresAt: number | null
}

export function decidePlace(
  book: Book,
  request: Place,
  call: Call,
  retried: boolean,
  rules: PlaceRules,
): Outcome<Placed> {
  const { orderId, lines, saga } = request
  if (request.idChosen && book.order(orderId) !== undefined) {
    return { result: refuse('id_taken', `Order ${orderId} exists.`) }
  }
  const { now } = book
  // Summed over lines first: two lines of one product share its stock.
  const wanted = new Map<string, number>()
  const prices: number[] = []
  let goods = 0
  for (const line of lines) {
    const stock = book.stockRow(line.productId)
    if (stock === undefined) {
      if (book.why('stock', line.productId, retried) === 'locked') return 'parked'
      return {
        result: refuse('product_unknown', `There is no product ${line.productId}.`, about(line.productId)),
      }
    }
    const quantity = (wanted.get(line.productId) ?? 0) + line.quantity
    wanted.set(line.productId, quantity)
    const no = notForSale(stock.on_sale, stock.sale_starts_at, now, line.productId, call)
    if (no) return { result: no }
    if (stock.member_limit !== null && call.principal.channelId === null) {
      if (request.memberId === null) {
        return {
          result: refuse('members_only', `${line.productId} is sold to members only.`, about(line.productId)),
        }
      }
      if (book.purchased(purchaseId(request.memberId, line.productId)) + quantity > stock.member_limit) {
        const detail = `A member may buy ${stock.member_limit} of ${line.productId}.`
        return {
          result: refuse('purchase_limit', detail, about(line.productId, { limit: stock.member_limit })),
        }
      }
    }
    if (quantity > stock.available) {
      const detail = `${stock.available} of ${line.productId} are left, ${quantity} were asked for.`
      return { result: refuse('out_of_stock', detail, about(line.productId, { available: stock.available })) }
    }
    const price = line.unitPrice ?? stock.price
    prices.push(price)
    // Beyond 2^53 the product is inexact but still far above the limit.
    goods += price * line.quantity
    if (goods > MONEY_MOST) return { result: refuse('amount_too_large', `The total exceeds ${MONEY_MOST}.`) }
  }
  if (saga === null && goods !== request.expectedTotal)
    return { result: priceChanged(goods, prices, request) }

  for (const [productId, quantity] of wanted) {
    book.moveStock(productId, 'reserve', quantity, { orderId, reason: null, actor: call.principal.id })
    if (request.memberId !== null && book.stockRow(productId)?.member_limit !== null) {
      book.addPurchase(purchaseId(request.memberId, productId), quantity)
    }
  }
  const order = newOrder(request, goods, now, rules)
  const lineRows = lines.map((line, lineNo) =>
    newLine(orderId, lineNo, line.productId, line.quantity, prices[lineNo]!),
  )
  book.addOrder(order, lineRows)
  if (saga !== null) {
    book.addSaga(
      orderId,
      orderId,
      'place',
      { ...saga, expectedTotal: request.expectedTotal },
      now + SAGA_GRACE_MS,
    )
    return { result: { ok: true, value: placedView(order, rules.currency) } }
  }
  return {
    result: { ok: true, value: placedView(order, rules.currency) },
    events: [orderEvent('order.placed', order, lineRows, rules.currency)],
    audit: {
      subject: orderId,
      detail: { total: goods, lines: lines.length, businessTime: request.businessTime },
    },
  }
}

function notForSale(
  onSale: number,
  startsAt: number | null,
  now: number,
  productId: string,
  call: Call,
): Refused | null {
  // A channel reports sales that happened; it is not held back by the shop's own window.
  if (call.principal.channelId !== null) return null
  if (onSale === 0) return refuse('product_withdrawn', `${productId} is not for sale.`, about(productId))
  if (startsAt !== null && now < startsAt) {
    return refuse(
      'not_on_sale_yet',
      `The sale of ${productId} has not started.`,
      about(productId, { saleStartsAt: startsAt }),
    )
  }
  return null
}

function about(productId: string, more: Record<string, unknown> = {}) {
  return { fields: { productId, ...more } }
}

function priceChanged(total: number, prices: readonly number[], request: Place): Refused {
  return refuse('price_changed', `The total is ${total}, not ${request.expectedTotal}.`, {
    fields: {
      total,
      lines: request.lines.map((line, i) => ({
        productId: line.productId,
        quantity: line.quantity,
        unitPrice: prices[i],
      })),
    },
  })
}

function newOrder(request: Place, goods: number, now: number, rules: PlaceRules): OrderRow {
  return {
    order_id: request.orderId,
    owner: request.owner,
    member_id: request.memberId,
    channel_id: request.channelId,
    email: request.email,
    country: request.country,
    state: request.saga === null ? 'placed' : 'reserving',
    version: 1,
    goods_total: goods,
    discount: 0,
    points: 0,
    total: goods,
    refunded_total: 0,
    coupon_id: request.saga?.couponId ?? null,
    payment_id: null,
    placed_at: request.businessTime ?? now,
    created_at: now,
    expires_at: now + rules.paymentWindow,
    reason: null,
  }
}

function newLine(
  orderId: string,
  lineNo: number,
  productId: string,
  quantity: number,
  unitPrice: number,
): LineRow {
  return {
    order_id: orderId,
    line_no: lineNo,
    product_id: productId,
    quantity,
    unit_price: unitPrice,
    discount: 0,
    points: 0,
    cancelled: 0,
    refunded: 0,
  }
}

export function placedView(order: Readonly<OrderRow>, currency: string): Placed {
  return {
    orderId: order.order_id,
    state: order.state,
    total: order.total,
    currency,
    placedAt: order.placed_at,
    expiresAt: order.expires_at,
  }
}
