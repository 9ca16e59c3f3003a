// The rows of one batch, in memory, under their locks: requests are decided on it one after the other, and
// what changed is written at the end. A row that is not here is held by somebody else, or does not exist.

import { invariant } from '../../platform/contract/result.ts'
import type { Row, Value, Write } from '../../platform/sql/statements.ts'
import { mayMove, type OrderState } from './order-states.ts'
import {
  insertJournal,
  insertLines,
  insertOrders,
  insertPurchases,
  insertRefunds,
  insertSagas,
  updateLines,
  updateOrders,
  updatePurchases,
  updateSagas,
  updateStock,
} from './store.ts'
import type { LineRow, OrderRow, RefundRow, StockRow } from './tables.ts'

interface Held<T> {
  readonly row: T
  /** Version in the ledger; null: made in this batch. */
  read: number | null
}

type JournalKind = 'reserve' | 'release' | 'sell' | 'return' | 'adjust'

export class Book {
  now: number
  readonly missingMeansAbsent: boolean
  private readonly stock = new Map<string, Held<StockRow>>()
  private readonly orders = new Map<string, Held<OrderRow>>()
  private readonly lines = new Map<string, Held<LineRow>[]>()
  private readonly refunds = new Map<string, RefundRow>()
  private readonly purchases = new Map<string, { quantity: number; known: boolean; dirty: boolean }>()
  private readonly thereOrders: ReadonlySet<string>
  private readonly thereStock: ReadonlySet<string>
  /** Grows with every change of a row. */
  revision = 0
  // What is new and what changed since the last time, so that a long memory costs nothing.
  private newOrders: Held<OrderRow>[] = []
  private newLines: Held<LineRow>[] = []
  private changedOrders = new Set<Held<OrderRow>>()
  private changedLines = new Set<Held<LineRow>>()
  private changedStock = new Set<Held<StockRow>>()
  private journal: Value[][] = []
  private newRefunds: RefundRow[] = []
  private newSagas: Value[][] = []
  private turnedSagas: Value[][] = []

  constructor(sets: readonly Row[][], now: number, missingMeansAbsent: boolean) {
    const [orders, lines, stock, purchases, refunds, ordersThere, stockThere] = sets
    this.now = now
    this.missingMeansAbsent = missingMeansAbsent
    for (const row of (orders ?? []) as unknown as OrderRow[]) {
      this.orders.set(row.order_id, { row, read: row.version })
    }
    for (const row of (lines ?? []) as unknown as LineRow[]) {
      const held = { row, read: 1 }
      const others = this.lines.get(row.order_id)
      if (others === undefined) this.lines.set(row.order_id, [held])
      else others.push(held)
    }
    for (const row of (stock ?? []) as unknown as StockRow[]) {
      this.stock.set(row.product_id, { row, read: row.version })
    }
    for (const row of purchases ?? []) {
      this.purchases.set(row.purchase_id as string, {
        quantity: row.quantity as number,
        known: true,
        dirty: false,
      })
    }
    for (const row of (refunds ?? []) as unknown as RefundRow[]) this.refunds.set(row.refund_id, row)
    this.thereOrders = new Set((ordersThere ?? []).map(row => row.order_id as string))
    this.thereStock = new Set((stockThere ?? []).map(row => row.product_id as string))
  }

  /** `locked`: there, but somebody else holds it. `absent`: asked twice, and not there. `unsure`: ask again. */
  why(table: 'orders' | 'stock', id: string, retried: boolean): 'absent' | 'locked' {
    if (this.missingMeansAbsent) return 'absent'
    const there = table === 'orders' ? this.thereOrders : this.thereStock
    return retried && !there.has(id) ? 'absent' : 'locked'
  }

  stockRow(productId: string): Readonly<StockRow> | undefined {
    return this.stock.get(productId)?.row
  }
  order(orderId: string): Readonly<OrderRow> | undefined {
    return this.orders.get(orderId)?.row
  }
  linesOf(orderId: string): readonly Readonly<LineRow>[] {
    const held = this.lines.get(orderId)
    invariant(held !== undefined, `order ${orderId} has no lines`)
    return held.map(line => line.row)
  }
  refund(refundId: string): Readonly<RefundRow> | undefined {
    return this.refunds.get(refundId)
  }
  purchased(purchaseId: string): number {
    return this.purchases.get(purchaseId)?.quantity ?? 0
  }

  /** Moves stock between its parts; each change is a new version with its line in the journal. */
  moveStock(
    productId: string,
    kind: JournalKind,
    quantity: number,
    cause: { orderId: string | null; reason: string | null; actor: string },
  ): void {
    const held = this.stock.get(productId)
    invariant(held !== undefined, `stock of ${productId} is not locked`)
    const { row } = held
    if (kind === 'reserve') {
      row.available -= quantity
      row.reserved += quantity
    } else if (kind === 'release') {
      row.reserved -= quantity
      row.available += quantity
    } else if (kind === 'sell') {
      row.reserved -= quantity
      row.sold += quantity
    } else if (kind === 'return') {
      row.returned += quantity
      row.available += quantity
    } else {
      row.adjusted += quantity
      row.available += quantity
    }
    invariant(row.available >= 0 && row.reserved >= 0, `stock of ${productId} would fall below zero`)
    row.version++
    this.revision++
    this.changedStock.add(held)
    this.journal.push([
      productId,
      row.version,
      kind,
      quantity,
      cause.orderId,
      cause.reason,
      cause.actor,
      this.now,
    ])
  }

  addOrder(row: OrderRow, lines: readonly LineRow[]): void {
    const held = { row, read: null }
    const heldLines = lines.map(line => ({ row: line, read: null }))
    this.orders.set(row.order_id, held)
    this.lines.set(row.order_id, heldLines)
    this.revision++
    this.newOrders.push(held)
    for (const line of heldLines) this.newLines.push(line)
  }

  /** Changes an order; a change of state must be a legal move. The version grows. */
  changeOrder(orderId: string, change: Partial<OrderRow>): OrderRow {
    const held = this.orders.get(orderId)
    invariant(held !== undefined, `order ${orderId} is not locked`)
    const { row } = held
    if (change.state !== undefined && change.state !== row.state) {
      invariant(
        mayMove(row.state as OrderState, change.state as OrderState),
        `${row.state} → ${change.state}`,
      )
    }
    Object.assign(row, change)
    row.version++
    this.revision++
    if (held.read !== null) this.changedOrders.add(held)
    return row
  }

  changeLine(orderId: string, lineNo: number, change: Partial<LineRow>): void {
    const held = this.lines.get(orderId)?.find(line => line.row.line_no === lineNo)
    invariant(held !== undefined, `order ${orderId} has no line ${lineNo}`)
    Object.assign(held.row, change)
    if (held.read !== null) this.changedLines.add(held)
  }

  addPurchase(purchaseId: string, quantity: number): void {
    const entry = this.purchases.get(purchaseId) ?? { quantity: 0, known: false, dirty: false }
    entry.quantity += quantity
    invariant(entry.quantity >= 0, `purchases ${purchaseId} below zero`)
    entry.dirty = true
    this.purchases.set(purchaseId, entry)
  }

  addRefund(row: RefundRow): void {
    this.refunds.set(row.refund_id, row)
    this.newRefunds.push(row)
  }

  addSaga(sagaId: string, orderId: string, kind: string, data: object, nextAt: number): void {
    this.newSagas.push([sagaId, orderId, kind, JSON.stringify(data), 0, nextAt])
  }
  /** The reservation's saga turns round: what was taken is given back. */
  turnSaga(sagaId: string, kind: string, nextAt: number): void {
    this.turnedSagas.push([sagaId, kind, 0, nextAt])
  }

  /** Everything that changed, as absolute values with compare-and-set on the versions read. */
  writes(): Write[] {
    const orders: Value[][] = []
    for (const { row, read } of this.changedOrders) orders.push(orderChange(row, read))
    const lines: Value[][] = []
    for (const { row } of this.changedLines)
      lines.push([row.order_id, row.line_no, row.discount, row.points, row.cancelled, row.refunded])
    const stock: Value[][] = []
    for (const { row, read } of this.changedStock) {
      const { version, adjusted, available, reserved, sold, returned } = row
      const offer = row.offer_version
      stock.push([row.product_id, read, offer, version, adjusted, available, reserved, sold, returned])
    }
    const newPurchases: Value[][] = []
    const purchases: Value[][] = []
    for (const [id, { quantity, known, dirty }] of this.purchases) {
      if (dirty) (known ? purchases : newPurchases).push([id, quantity])
    }
    return [
      updateStock(stock),
      updateOrders(orders),
      insertOrders(this.newOrders.map(({ row }) => orderValues(row))),
      updateLines(lines),
      insertLines(this.newLines.map(({ row }) => lineValues(row))),
      insertJournal(this.journal),
      insertPurchases(newPurchases),
      updatePurchases(purchases),
      insertRefunds(this.newRefunds.map(refundValues)),
      insertSagas(this.newSagas),
      updateSagas(this.turnedSagas),
    ]
  }

  /** Ids of rows in the ledger that changed here: what to lock before they are written. */
  changed(): { orders: string[]; stock: string[] } {
    return {
      orders: [...this.changedOrders].map(held => held.row.order_id),
      stock: [...this.changedStock].map(held => held.row.product_id),
    }
  }

  productIds(): Iterable<string> {
    return this.stock.keys()
  }

  hasLines(orderId: string): boolean {
    return this.lines.has(orderId)
  }

  /** What changed is in the ledger now (or is taken to be): the rows stay, as they are, to go on from. */
  settle(): void {
    for (const held of this.newOrders) held.read = held.row.version
    for (const held of this.changedOrders) held.read = held.row.version
    for (const held of this.changedStock) held.read = held.row.version
    for (const held of this.newLines) held.read = 1
    this.newOrders = []
    this.newLines = []
    this.changedOrders = new Set()
    this.changedStock = new Set()
    this.changedLines = new Set()
    this.journal = []
    this.newRefunds = []
    this.newSagas = []
    this.turnedSagas = []
  }

  /** Takes over the orders, lines and stock of a book that is settled. Nothing else is kept between batches. */
  learn(other: Book): void {
    for (const [id, held] of other.orders) this.orders.set(id, held)
    for (const [id, held] of other.lines) this.lines.set(id, held)
    for (const [id, held] of other.stock) this.stock.set(id, held)
  }

  /** Keeps at most about this many orders, the newest. */
  trim(most: number): void {
    if (this.orders.size <= most) return
    let surplus = this.orders.size - (most >> 1)
    for (const id of this.orders.keys()) {
      if (surplus-- <= 0) break
      this.orders.delete(id)
      this.lines.delete(id)
    }
  }
}

function orderValues(row: OrderRow): Value[] {
  return [
    row.order_id,
    row.owner,
    row.member_id,
    row.channel_id,
    row.email,
    row.country,
    row.state,
    row.version,
    row.goods_total,
    row.discount,
    row.points,
    row.total,
    row.refunded_total,
    row.coupon_id,
    row.payment_id,
    row.placed_at,
    row.created_at,
    row.expires_at,
    row.reason,
  ]
}

function orderChange(row: OrderRow, read: number | null): Value[] {
  const { order_id, version, state, goods_total, discount, points, total, refunded_total } = row
  const rest = [row.payment_id, row.expires_at, row.reason]
  return [order_id, read, version, state, goods_total, discount, points, total, refunded_total, ...rest]
}

function lineValues(row: LineRow): Value[] {
  const { order_id, line_no, product_id, quantity, unit_price, discount, points, cancelled, refunded } = row
  return [order_id, line_no, product_id, quantity, unit_price, discount, points, cancelled, refunded]
}

function refundValues(row: RefundRow): Value[] {
  const { refund_id, order_id, state, value, amount, points, claw, clawed, restocked, parts } = row
  const rest = [row.reason, row.business_time, row.created_at]
  return [refund_id, order_id, state, value, amount, points, claw, clawed, restocked, parts, ...rest]
}
