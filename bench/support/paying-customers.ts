// Guests who order one unit and pay, so many a second whatever the shop answers (an open loop), each of their acts
// written down with its time: whoever reads meanwhile can be checked against it.

import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { createSender } from '../../platform/http/send.ts'

/** How often due orders are begun, ms. */
const TICK_MS = 10
/** Orders under way at most: far more than 100 a second need. */
const CONNECTIONS = 256

/** One unit on its way through the shop; epoch ms of this process's clock, the shop's is the same. */
export interface Sale {
  /** Before the order was sent. */
  readonly asked: number
  /** When its order was known to be placed, and when to be paid; Infinity: not yet. */
  placed: number
  paid: number
}

export class PayingCustomers {
  readonly problems: string[] = []
  private readonly sales = new Map<string, Sale[]>()
  private readonly perSecond: number
  private readonly productOf: () => string
  private readonly priceOf: (productId: string) => number
  private readonly sender
  private readonly order
  private readonly payment
  private readonly open = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | null = null

  constructor(options: {
    readonly url: string
    readonly perSecond: number
    readonly productOf: () => string
    readonly priceOf: (productId: string) => number
  }) {
    this.perSecond = options.perSecond
    this.productOf = options.productOf
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

  start(): void {
    const started = Date.now()
    let begun = 0
    this.timer = setInterval(() => {
      const due = ((Date.now() - started) / 1000) * this.perSecond
      for (; begun < due; begun++) {
        const sale = this.buy().catch((error: Error) => void this.problems.push(error.message))
        this.open.add(sale)
        void sale.finally(() => this.open.delete(sale))
      }
    }, TICK_MS)
  }

  /** No more orders; resolves when those begun are answered. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    await Promise.all(this.open)
  }

  close(): void {
    this.sender.close()
  }

  private async buy(): Promise<void> {
    const productId = this.productOf()
    const never = Number.POSITIVE_INFINITY
    const sale: Sale = { asked: Date.now(), placed: never, paid: never }
    const others = this.sales.get(productId)
    if (others === undefined) this.sales.set(productId, [sale])
    else others.push(sale)
    const placed = await this.order.placeOrder({
      lines: [{ productId, quantity: 1 }],
      expectedTotal: this.priceOf(productId),
      email: 'guest@example.org',
    })
    if (!placed.ok) throw new Error(`an order was refused: ${placed.refusal.detail}`)
    sale.placed = Date.now()
    const paid = await this.payment.payOrder({ orderId: placed.value.orderId, token: 'tok_ok' })
    if (!paid.ok) throw new Error(`a payment was refused: ${paid.refusal.detail}`)
    sale.paid = Date.now()
  }
}
