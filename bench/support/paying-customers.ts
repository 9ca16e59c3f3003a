// Guests who order one product and pay, so many a second whatever the shop answers, each of their acts written down
// with its time: whoever reads meanwhile can be checked against it.

import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { createSender } from '../../platform/http/send.ts'
import { OpenLoop } from './open-loop.ts'

/** Orders under way at most, in connections: far more than 100 a second need. */
const CONNECTIONS = 256
/** And those that wait for one of them. */
const UNDER_WAY = 8 * CONNECTIONS

/** One order on its way through the shop; epoch ms of this process's clock, the shop's is the same. */
export interface Sale {
  /** Before the order was sent. */
  readonly asked: number
  /** When its order was known to be placed, and when to be paid; Infinity: not yet. */
  placed: number
  paid: number
}

export class PayingCustomers {
  private readonly sales = new Map<string, Sale[]>()
  private readonly loop: OpenLoop
  private readonly productOf: () => string
  private readonly quantityOf: (productId: string) => number
  private readonly priceOf: (productId: string) => number
  private readonly sender
  private readonly order
  private readonly payment

  constructor(options: {
    readonly url: string
    readonly perSecond: number
    readonly productOf: () => string
    /** Default: one unit. */
    readonly quantityOf?: (productId: string) => number
    readonly priceOf: (productId: string) => number
  }) {
    this.loop = new OpenLoop({ perSecond: options.perSecond, most: UNDER_WAY, work: () => this.buy() })
    this.productOf = options.productOf
    this.quantityOf = options.quantityOf ?? (() => 1)
    this.priceOf = options.priceOf
    this.sender = createSender(new URL(options.url), CONNECTIONS)
    const client = {
      baseUrl: options.url,
      sender: this.sender,
      authorization: 'Guest bench-paying-customer',
    }
    this.order = createClient(orderContract, client)
    this.payment = createClient(paymentContract, client)
  }

  salesOf(productId: string): readonly Sale[] {
    return this.sales.get(productId) ?? []
  }

  /** Orders that are known to be paid. */
  get paid(): number {
    return [...this.sales.values()].flat().filter(sale => Number.isFinite(sale.paid)).length
  }

  /** What went wrong. */
  get problems(): readonly string[] {
    return this.loop.problems
  }

  /** `count`: no more than so many orders. */
  start(count?: number): void {
    this.loop.start(count)
  }

  /** No more orders; resolves when those begun are answered. */
  stop(): Promise<void> {
    return this.loop.stop()
  }

  close(): void {
    this.sender.close()
  }

  private async buy(): Promise<void> {
    const productId = this.productOf()
    const quantity = this.quantityOf(productId)
    const never = Number.POSITIVE_INFINITY
    const sale: Sale = { asked: Date.now(), placed: never, paid: never }
    const others = this.sales.get(productId)
    if (others === undefined) this.sales.set(productId, [sale])
    else others.push(sale)
    const placed = await this.order.placeOrder({
      lines: [{ productId, quantity }],
      expectedTotal: quantity * this.priceOf(productId),
      email: 'guest@example.org',
    })
    if (!placed.ok) throw new Error(`an order was refused: ${placed.refusal.detail}`)
    sale.placed = Date.now()
    const paid = await this.payment.payOrder({ orderId: placed.value.orderId, token: 'tok_ok' })
    if (!paid.ok) throw new Error(`a payment was refused: ${paid.refusal.detail}`)
    sale.paid = Date.now()
  }
}
