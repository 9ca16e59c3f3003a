// A running shop with its staff and a till, and short words for what customers do there: for whole-system tests.

import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, vi } from 'vitest'
import type { Result } from '../../platform/contract/result.ts'
import { codeOf, type Member, must, People, type Person } from './people.ts'
import { type RunningShop, ShopPlace } from './shop.ts'
import type { ShopKind } from './shop-kinds.ts'

/** What every product of a stall costs, minor units. */
export const PRICE = 100
const HOUR_MS = 3_600_000
/** Customers of the till are numbered from here. */
const FIRST_CUSTOMER = 10_000

export interface StallOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Members whom the till knows from the first start, without passwords: quick to have in hundreds. */
  readonly customers?: number
  /** Of a split shop: how many of some services, `order=2`. */
  readonly instances?: string
}

export class Stall {
  readonly place: ShopPlace
  shop: RunningShop
  people: People
  boss: Person
  private till: Person | null = null
  private customers = 0
  private made = 0

  private constructor(place: ShopPlace, shop: RunningShop, people: People, boss: Person) {
    this.place = place
    this.shop = shop
    this.people = people
    this.boss = boss
  }

  static async open(engine: ShopKind, { env, instances, customers = 0 }: StallOptions = {}): Promise<Stall> {
    const place = await ShopPlace.open({
      engine,
      ...(env === undefined ? {} : { env }),
      ...(instances === undefined ? {} : { instances }),
      ...(customers === 0 ? {} : { catalogue: 'customers.csv.gz' }),
    })
    if (customers > 0) writeFileSync(place.catalogue, retailFile(customers))
    const shop = await place.start()
    const people = People.of(place, shop)
    return new Stall(place, shop, people, await people.signIn(place.administrator!))
  }

  close(): Promise<void> {
    return this.place.drop()
  }

  /** The same people at a shop that was started again on the same port. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.shop = await this.place.start({ LEVEE_HTTP_PORT: new URL(this.shop.url).port, ...env })
    this.people = People.of(this.place, this.shop)
    this.boss = this.people.person(this.boss.authorization)
    this.till = this.till && this.people.person(this.till.authorization)
  }

  /** So many members that no one else had, each with a session of its own through the till. */
  async members(count: number): Promise<Member[]> {
    this.till ??= await this.people.channel(this.boss)
    const { till } = this
    return times(count, async () => {
      const memberRef = String(FIRST_CUSTOMER + this.customers++)
      const { token, principalId } = must(await till.account.exchangeToken({ memberRef }))
      return { ...this.people.person(`Bearer ${token}`), memberId: principalId }
    })
  }

  /** A product at PRICE with stock, ready to be sold. */
  async product(stock: number, more: { memberLimit?: number; price?: number } = {}): Promise<string> {
    const productId = `p-${this.made++}`
    must(
      await this.boss.product.createProduct({ productId, name: `Thing ${productId}`, price: PRICE, ...more }),
    )
    await this.deliver(productId, stock)
    return productId
  }

  /** The order module hears of a new product by event: stock can be booked from then on. */
  async deliver(productId: string, change: number): Promise<void> {
    const reason = 'delivered'
    await vi.waitFor(async () => must(await this.boss.order.adjustStock({ productId, change, reason })), {
      timeout: 10_000,
      interval: 20,
    })
  }

  /** Ten minor units off, open now. */
  async coupon(quota: number, more: object = {}): Promise<string> {
    const now = Date.now()
    const window = { opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + 2 * HOUR_MS }
    const terms = { name: 'Ten off', kind: 'amount' as const, value: 10, quota, ...window, ...more }
    return must(await this.boss.coupon.createCoupon(terms)).couponId
  }

  async stock(productId: string) {
    return must(await this.boss.order.getStock({ productId }))
  }

  order(who: Person, productId: string, quantity = 1, more: object = {}, key?: string) {
    return who.order.placeOrder(
      { lines: [{ productId, quantity }], expectedTotal: quantity * PRICE, ...more },
      key === undefined ? {} : { idempotencyKey: key },
    )
  }

  pay(who: Person, orderId: string, token = 'tok_ok', key?: string) {
    return who.payment.payOrder({ orderId, token }, key === undefined ? {} : { idempotencyKey: key })
  }

  async placed(who: Person, productId: string, quantity = 1, more: object = {}): Promise<string> {
    return must(await this.order(who, productId, quantity, more)).orderId
  }

  async bought(who: Person, productId: string, quantity = 1, more: object = {}): Promise<string> {
    const orderId = await this.placed(who, productId, quantity, more)
    must(await this.pay(who, orderId))
    return orderId
  }

  async payments(who: Person, orderId: string) {
    return must(await who.payment.listPayments({ orderId })).payments
  }

  /** `levee verify` finds nothing, on the shop as it runs. */
  async booksBalance(): Promise<void> {
    await expect
      .poll(
        async () => {
          const { stdout } = await this.place.run('verify', '--json')
          const { checks } = JSON.parse(stdout) as { checks: readonly { wrong: readonly unknown[] }[] }
          return checks.flatMap(check => check.wrong)
        },
        { timeout: 30_000 },
      )
      .toEqual([])
  }
}

export const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)))
export const wins = (results: readonly Result<unknown>[]): number => results.filter(({ ok }) => ok).length
/** How often each answer came: `{ ok: 50, out_of_stock: 150 }`. */
export function tally(results: readonly Result<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const result of results) counts[codeOf(result)] = (counts[codeOf(result)] ?? 0) + 1
  return counts
}

/** A retail file in which so many customers bought one thing each. */
function retailFile(customers: number): Uint8Array {
  const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
  const lines = Array.from(
    { length: customers },
    (_, i) => `${500_000 + i},10001,A THING,1,01/12/2010 08:26,1.00,${FIRST_CUSTOMER + i},United Kingdom`,
  )
  return gzipSync([header, ...lines, ''].join('\n'))
}
