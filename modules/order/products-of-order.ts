// Which products an order is of, and whose it is: facts that never change, so they need no lock. Requests of
// one turn of the loop share one read.

import { Recent } from '../../platform/cache/recent.ts'
import type { Lane, Ledger } from '../../platform/sql/ledger.ts'
import { ownersOfOrders, productsOfOrders } from './store.ts'

export interface OrderFacts {
  readonly productIds: readonly string[]
  readonly memberId: string | null
}

/** Orders remembered that were read: a payment asks several times. 5,000 of ~200 bytes are 1 MB. */
const REMEMBERED = 5_000

interface Waiting {
  resolve(facts: OrderFacts | null): void
  reject(error: unknown): void
}

export class OrderProducts {
  private readonly lane: Lane
  private readonly known = new Recent<string, OrderFacts>(REMEMBERED)
  private readonly recent: (orderId: string) => OrderFacts | null
  private waiting = new Map<string, Waiting[]>()

  /** `recent`: of an order that this process placed lately. */
  constructor(ledger: Ledger, recent: (orderId: string) => OrderFacts | null) {
    this.lane = ledger.lane('order-facts')
    this.recent = recent
  }

  /** Null: there is no such order. */
  of(orderId: string): Promise<OrderFacts | null> {
    const known = this.recent(orderId) ?? this.known.get(orderId)
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => void this.load())
      const others = this.waiting.get(orderId)
      if (others === undefined) this.waiting.set(orderId, [{ resolve, reject }])
      else others.push({ resolve, reject })
    })
  }

  private async load(): Promise<void> {
    const waiting = this.waiting
    this.waiting = new Map()
    try {
      const ids = [...waiting.keys()]
      const [lines = [], orders = []] = await this.lane.read([productsOfOrders(ids), ownersOfOrders(ids)])
      const found = new Map<string, { productIds: string[]; memberId: string | null }>()
      for (const row of orders) {
        found.set(row.order_id as string, { productIds: [], memberId: row.member_id as string | null })
      }
      for (const row of lines) {
        const products = found.get(row.order_id as string)?.productIds
        if (products !== undefined && !products.includes(row.product_id as string))
          products.push(row.product_id as string)
      }
      for (const [orderId, callers] of waiting) {
        const facts = found.get(orderId) ?? null
        if (facts !== null) this.known.set(orderId, facts)
        for (const { resolve } of callers) resolve(facts)
      }
    } catch (error) {
      for (const callers of waiting.values()) for (const { reject } of callers) reject(error)
    }
  }
}
