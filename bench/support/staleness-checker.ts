// Reads beside the load and compares with what the paying customers did: an answer may be as old as declared, not
// older, and must not know what has not happened.

import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { productContract } from '../../modules/product/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { createSender } from '../../platform/http/send.ts'
import type { PayingCustomers, Sale } from './paying-customers.ts'

/** Pause between two looks, ms: fifty a second beside tens of thousands that only wrk sees. */
const PAUSE_MS = 20
/** Told at most; the rest is alike. */
const PROBLEMS_MOST = 5
/** Of a ranking. */
const ROWS = 100

export interface Declared {
  /** The oldest a product, or its stock, may be shown, ms. */
  readonly product: number
  /** The oldest a ranking may be shown, ms. */
  readonly bestseller: number
}

export class StalenessChecker {
  looks = 0
  /** The greatest age that answers stated when they arrived, ms. */
  oldest = 0
  readonly problems: string[] = []
  private readonly declared: Declared
  private readonly productOf: () => string
  /** Available units of each product before any sale. */
  private readonly before: ReadonlyMap<string, number>
  private readonly customers: PayingCustomers
  private readonly sender
  private readonly product
  private readonly bestseller
  /** Units that others sold while nobody looked. */
  private readonly beside = new Map<string, number>()
  private looking: Promise<void> | null = null
  private stopped = false

  constructor(options: {
    readonly url: string
    readonly declared: Declared
    readonly productOf: () => string
    readonly before: ReadonlyMap<string, number>
    readonly customers: PayingCustomers
  }) {
    this.declared = options.declared
    this.productOf = options.productOf
    this.before = options.before
    this.customers = options.customers
    this.sender = createSender(new URL(options.url), 1)
    const client = { baseUrl: options.url, sender: this.sender }
    this.product = createClient(productContract, client)
    this.bestseller = createClient(bestsellerContract, client)
  }

  start(): void {
    this.stopped = false
    this.looking = this.lookOn()
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.looking
  }

  /** Others sold this, and what they sold has long arrived when it looks again. */
  noteSold(units: ReadonlyMap<string, number>): void {
    for (const [productId, more] of units)
      this.beside.set(productId, (this.beside.get(productId) ?? 0) + more)
  }

  close(): void {
    this.sender.close()
  }

  private async lookOn(): Promise<void> {
    while (!this.stopped) {
      await this.lookAtProduct()
      await pause()
      await this.lookAtRanking()
      await pause()
    }
  }

  private async lookAtProduct(): Promise<void> {
    const productId = this.productOf()
    const sent = Date.now()
    const answer = await this.product.getProduct({ productId })
    if (!answer.ok) return this.tell(`product ${productId}: ${answer.refusal.detail}`)
    const { asOf, available } = answer.value
    this.age(`product ${productId}`, asOf, sent, this.declared.product)
    const start = this.before.get(productId)! - (this.beside.get(productId) ?? 0)
    const least = start - this.count(productId, sale => sale.asked <= Date.now())
    const most = start - this.count(productId, sale => sale.placed < sent - this.declared.product)
    if (available < least || available > most)
      this.tell(`product ${productId}: ${available} are available; right is ${least} to ${most}`)
  }

  private async lookAtRanking(): Promise<void> {
    const sent = Date.now()
    const answer = await this.bestseller.bestSellers({ period: 'week', by: 'units', limit: ROWS })
    if (!answer.ok) return this.tell(`ranking: ${answer.refusal.detail}`)
    this.age('ranking', answer.value.asOf, sent, this.declared.bestseller)
    for (const { productId, units } of answer.value.rows) {
      const others = this.beside.get(productId) ?? 0
      const least = others + this.count(productId, sale => sale.paid < sent - this.declared.bestseller)
      const most = others + this.count(productId, sale => sale.asked <= Date.now())
      if (units < least || units > most)
        this.tell(`ranking: ${units} of ${productId} are sold; right is ${least} to ${most}`)
    }
  }

  private age(what: string, asOf: number, sent: number, declared: number): void {
    this.looks++
    this.oldest = Math.max(this.oldest, Date.now() - asOf)
    // It was answered after it was sent: older then than declared is too old whenever it was answered.
    if (asOf < sent - declared) this.tell(`${what}: ${sent - asOf} ms old, declared are ${declared} ms`)
  }

  private count(productId: string, counts: (sale: Sale) => boolean): number {
    return this.customers.salesOf(productId).reduce((sum, sale) => sum + (counts(sale) ? 1 : 0), 0)
  }

  private tell(problem: string): void {
    if (this.problems.length < PROBLEMS_MOST) this.problems.push(problem)
  }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, PAUSE_MS))
