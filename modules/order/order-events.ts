// What the rest of the shop hears of an order. The payload stands by itself: nobody has to ask back.

import type { DomainEvent } from '../../platform/events/event.ts'
import type { LineRow, OrderRow } from './tables.ts'

export type OrderEventType =
  | 'order.placed'
  | 'order.changed'
  | 'order.paid'
  | 'order.cancelled'
  | 'order.expired'
  | 'order.refunded'
  | 'order.refund-settled'

export interface EventLine {
  readonly productId: string
  readonly quantity: number
  readonly unitPrice: number
  /** quantity × unit price, before coupon and points, minor units. */
  readonly revenue: number
}

/** What is not known is left out. */
function header(order: Readonly<OrderRow>, currency: string) {
  return {
    orderId: order.order_id,
    memberId: order.member_id ?? undefined,
    email: order.email ?? undefined,
    country: order.country ?? undefined,
    currency,
    total: order.goods_total,
    paid: order.total,
    businessTime: order.placed_at,
  }
}

/** Version = the order's version after the change. Lines: what is not cancelled. */
export function orderEvent(
  type: OrderEventType,
  order: Readonly<OrderRow>,
  lines: readonly Readonly<LineRow>[],
  currency: string,
  more: Readonly<Record<string, unknown>> = {},
): DomainEvent {
  const eventLines: EventLine[] = []
  for (const line of lines) {
    const quantity = line.quantity - line.cancelled
    if (quantity > 0) eventLines.push(eventLine(line, quantity))
  }
  return linesEvent(type, order, eventLines, currency, more)
}

export function eventLine(line: Readonly<LineRow>, quantity: number): EventLine {
  const revenue = quantity * line.unit_price
  return { productId: line.product_id, quantity, unitPrice: line.unit_price, revenue }
}

/** The same with lines of the caller's choice (a refund's units). */
export function linesEvent(
  type: OrderEventType,
  order: Readonly<OrderRow>,
  lines: readonly EventLine[],
  currency: string,
  more: Readonly<Record<string, unknown>>,
): DomainEvent {
  return {
    type,
    key: order.order_id,
    version: order.version,
    payload: { ...header(order, currency), lines, ...more },
  }
}
