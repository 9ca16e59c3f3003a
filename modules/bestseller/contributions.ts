// From orders and events to figures by day, country and product. Pure.

import type { DomainEvent } from '../../platform/events/event.ts'
import { dayOf } from './days.ts'
import type { DayRow } from './tables.ts'

export type Figures = Omit<DayRow, 'generation' | 'version'>

/** Country of an order that names none. */
export const NO_COUNTRY = ''

/** Adds up figures per day, country and product. */
export class Sums {
  private readonly rows = new Map<string, Figures>()

  add(day: string, country: string | null, productId: string, change: Partial<Figures>): void {
    const key = `${day}|${country ?? NO_COUNTRY}|${productId}`
    let row = this.rows.get(key)
    if (row === undefined) {
      const none = { units: 0, revenue: 0, refunded_units: 0, refunded_revenue: 0 }
      row = { day, country: country ?? NO_COUNTRY, product_id: productId, ...none }
      this.rows.set(key, row)
    }
    row.units += change.units ?? 0
    row.revenue += change.revenue ?? 0
    row.refunded_units += change.refunded_units ?? 0
    row.refunded_revenue += change.refunded_revenue ?? 0
  }

  /** In the order of the primary key, so that all lock in one order. */
  sorted(): Figures[] {
    return [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  }

  get(key: string): Figures | undefined {
    return this.rows.get(key)
  }
  get size(): number {
    return this.rows.size
  }
}

interface SalePayload {
  readonly country?: string | null
  readonly businessTime: number
  readonly lines: readonly {
    readonly productId: string
    readonly quantity: number
    readonly revenue: number
  }[]
}

/** What an `order.paid` or `order.refunded` event changes. A refund counts on the day of its sale. */
export function addEvent(sums: Sums, event: DomainEvent, timeZone: string): void {
  const { country, businessTime, lines } = event.payload as unknown as SalePayload
  const day = dayOf(businessTime, timeZone)
  const refund = event.type === 'order.refunded'
  for (const { productId, quantity, revenue } of lines) {
    const change = refund
      ? { refunded_units: quantity, refunded_revenue: revenue }
      : { units: quantity, revenue }
    sums.add(day, country ?? null, productId, change)
  }
}

export interface PaidOrder {
  readonly orderId: string
  readonly businessTime: number
  readonly country: string | null
  readonly lines: readonly {
    readonly productId: string
    readonly quantity: number
    readonly revenue: number
    readonly refundedQuantity: number
    readonly refundedRevenue: number
  }[]
}

/** All that an order has contributed so far. */
export function addOrder(sums: Sums, order: PaidOrder, timeZone: string): void {
  const day = dayOf(order.businessTime, timeZone)
  for (const line of order.lines) {
    sums.add(day, order.country, line.productId, {
      units: line.quantity,
      revenue: line.revenue,
      refunded_units: line.refundedQuantity,
      refunded_revenue: line.refundedRevenue,
    })
  }
}
