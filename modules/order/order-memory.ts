// The book goes on from batch to batch: what this process wrote last it knows, so most requests can be decided
// while the previous batch commits. Its writes are compare-and-set on the versions it expects; if another
// process was there, the batch is rolled back and decided again under locks.

import type { Call } from '../../platform/contract/call.ts'
import type { Memory, Outcome } from '../../platform/sql/combiner.ts'
import { Book } from './book.ts'
import type { OrderFacts } from './products-of-order.ts'
import type { OrderRequest } from './requests.ts'
import { lockOrders, lockStock } from './store.ts'

/** Orders remembered: those placed and not yet paid within seconds. 20,000 of about 1 KB are 20 MB. */
const ORDERS = 20_000
/** Products remembered: a shop's popular ones. Above, memory starts afresh. */
const PRODUCTS = 20_000

export type Decider = (book: Book, request: OrderRequest, call: Call) => Outcome<unknown>

export class OrderMemory implements Memory<OrderRequest, unknown> {
  /** The book of the last batch under locks; becomes known when it is committed. */
  last: Book | null = null
  private book = new Book([], 0, false)
  private products = new Set<string>()
  private readonly decider: Decider

  constructor(decider: Decider) {
    this.decider = decider
  }

  knows(request: OrderRequest): boolean {
    switch (request.kind) {
      case 'place':
        return (
          request.saga === null &&
          request.lines.every(line => this.knowsOffer(line.productId, request.memberId))
        )
      case 'claim':
      case 'release':
        return this.book.order(request.orderId) !== undefined
      case 'paid':
        return (
          this.book.order(request.orderId) !== undefined &&
          this.book.hasLines(request.orderId) &&
          request.productIds.every(id => this.book.stockRow(id) !== undefined)
        )
      // Rare, or in need of rows that are not kept.
      case 'confirm':
      case 'drop':
      case 'refund':
      case 'adjust':
        return false
    }
  }

  /** What never changes of an order that is remembered; null: ask the ledger. */
  facts(orderId: string): OrderFacts | null {
    const order = this.book.order(orderId)
    if (order === undefined || !this.book.hasLines(orderId)) return null
    const productIds = new Set(this.book.linesOf(orderId).map(line => line.product_id))
    return { productIds: [...productIds], memberId: order.member_id }
  }

  decide(request: OrderRequest, call: Call, now: number): Outcome<unknown> {
    this.book.now = now
    const before = this.book.revision
    const outcome = this.decider(this.book, request, call)
    // A yes that writes nothing rests on a row that no compare-and-set would check: it is asked for under locks.
    return this.book.revision === before ? 'parked' : outcome
  }

  flush() {
    const { orders, stock } = this.book.changed()
    const writes = this.book.writes()
    this.book.settle()
    this.book.trim(ORDERS)
    return { locks: [lockOrders(orders), lockStock(stock)], writes }
  }

  learn(): void {
    if (this.last === null) return
    this.last.settle()
    for (const id of this.last.productIds()) this.products.add(id)
    if (this.products.size > PRODUCTS) this.forget()
    else {
      this.book.learn(this.last)
      this.last = null
    }
  }

  forget(): void {
    this.last = null
    this.products = new Set()
    this.book = new Book([], 0, false)
  }

  /** A limit per member needs that member's purchases, which are not kept. */
  private knowsOffer(productId: string, memberId: string | null): boolean {
    const stock = this.book.stockRow(productId)
    return stock !== undefined && (memberId === null || stock.member_limit === null)
  }
}
