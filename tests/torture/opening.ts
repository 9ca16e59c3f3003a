// Before the load: staff, wares, coupons, and customers with their sessions.

import type { Result } from '../../platform/contract/result.ts'
import { waitFor } from '../../platform/engines/wait-for.ts'
import { Caller } from './caller.ts'
import { COUPON_VALUE, Customer, PRICE } from './customer.ts'
import type { Doors, Ways } from './doors.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import type { RunClock } from './run-clock.ts'
import { FIRST_CUSTOMER, type Site } from './site.ts'
import type { Wares } from './visit.ts'

/** Units of each product: two that run out in a run, and some that do not. */
const STOCK = [40, 120, 100_000, 100_000, 100_000, 100_000]
const COUPONS = 10
/** A member's points at the beginning: enough for some orders, not for all. */
const GIFT = 100
const HOUR_MS = 3_600_000
/** A new product is heard of by event, ms. */
const HEARD_MOST_MS = 15_000

export interface Opened {
  readonly customers: readonly Customer[]
  readonly staff: Caller
  readonly wares: Wares
}

export interface OpeningOptions {
  readonly site: Site
  readonly ways: Ways
  readonly members: number
  readonly guests: number
  readonly random: Random
  readonly recorder: Recorder
  readonly clock: RunClock
}

/** The value of a success; a refusal ends the run with what it said. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.detail}`)
  return result.value
}

export async function open(options: OpeningOptions): Promise<Opened> {
  const { site, ways, members, guests, random, recorder, clock } = options
  const signedIn = must(await ways.doors()[0]!.account.signIn(site.place.administrator!))
  const bosses = ways.doors(`Bearer ${signedIn.token}`)
  const boss = bosses[0]!
  const staff = new Caller('staff', bosses, recorder, clock)
  const [productIds, couponIds, people] = await Promise.all([
    makeProducts(boss, staff),
    makeCoupons(boss, random.fork('coupons'), members),
    signInMembers(boss, ways, members),
  ])
  const wares = { productIds, couponIds }
  const shared = { wares, clock }
  const named = (name: string, client: string, authorization: string, isMember: boolean): Customer => {
    const caller = new Caller(client, ways.doors(authorization), recorder, clock)
    return new Customer({ ...shared, name, caller, isMember, random: random.fork(name) })
  }
  const customers = [
    ...people.map(({ memberId, token }, i) => named(`m${i}`, memberId, `Bearer ${token}`, true)),
    ...Array.from({ length: guests }, (_, i) =>
      named(`g${i}`, `guest-${i}`, `Guest guest-${i}-0123456789abcdef`, false),
    ),
  ]
  return { customers, staff, wares }
}

function makeProducts(boss: Doors, staff: Caller): Promise<string[]> {
  return Promise.all(
    STOCK.map(async (stock, i) => {
      const productId = `p-${i}`
      must(await boss.product.createProduct({ productId, name: `Thing ${i}`, price: PRICE }))
      const heard = await waitFor(async () => (await boss.order.getStock({ productId })).ok, HEARD_MOST_MS)
      if (!heard) throw new Error(`the stock of ${productId} was never opened`)
      await deliver(staff, productId, stock, 0)
      return productId
    }),
  )
}

/** Adds stock, once, whatever happens. */
export function deliver(staff: Caller, productId: string, change: number, number: number) {
  const input = { productId, change, reason: 'delivered' }
  return staff.ask({
    ...{ op: 'adjustStock', action: `delivery-${productId}-${number}`, input, process: number },
    call: (doors, options) => doors.order.adjustStock(input, options),
    keep: ({ adjusted }) => ({ adjusted }),
  })
}

/** Some that few get, some that most get. */
function makeCoupons(boss: Doors, random: Random, members: number): Promise<string[]> {
  const now = Date.now()
  const window = { opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + 2 * HOUR_MS }
  const quotas = Array.from({ length: COUPONS }, () => random.between(2, Math.ceil(members * 1.2)))
  return Promise.all(
    quotas.map(async (quota, i) => {
      const terms = { name: `Coupon ${i}`, kind: 'amount' as const, value: COUPON_VALUE, quota, ...window }
      return must(await boss.coupon.createCoupon(terms)).couponId
    }),
  )
}

async function signInMembers(boss: Doors, ways: Ways, count: number) {
  const { channelId } = must(await boss.account.createChannel({ name: 'till' }))
  const { key } = must(await boss.account.issueChannelKey({ channelId }))
  const till = ways.doors(`Channel ${key}`)[0]!
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const memberRef = String(FIRST_CUSTOMER + i)
      const { token, principalId } = must(await till.account.exchangeToken({ memberRef }))
      must(await boss.point.adjustPoints({ memberId: principalId, points: GIFT, reason: 'a gift' }))
      return { memberId: principalId, token }
    }),
  )
}
