// Verify beside a shop at work: at no moment does it call wrong what is merely under way.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Call } from '../../platform/contract/call.ts'
import { shortHash } from '../../platform/events/event.ts'
import { type LedgerEngine, onEveryLedger } from '../../tests/support/engines.ts'
import { SmallShop } from '../../tests/support/small-shop.ts'
import { verifyBooks } from './verify-books.ts'

/** Customers at once, and what each does. */
const CUSTOMERS = 8
const ROUNDS = 12
const PRICE = 250
/** Looks at least: fewer would have seen nothing. */
const LOOKS = 10

/** On SQLite a loop of reads would let nobody else run. */
const others = () => new Promise(resolve => setImmediate(resolve))

/** A known sequence of numbers below `below`, from a seed (xorshift). */
function drawer(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function suite(engine: LedgerEngine): void {
  let shop: SmallShop
  let couponIds: string[]
  let calls = 0

  const call = (id: string, role: 'customer' | 'administrator' = 'customer'): Call => {
    const key = `live-${calls++}`
    return {
      principal: { kind: 'member', id, roles: [role], channelId: null, email: null },
      requestId: key,
      deadline: Date.now() + 60_000,
      idempotency: { id: shortHash(key), fingerprint: shortHash(key) },
    }
  }

  beforeAll(async () => {
    shop = await SmallShop.open(engine)
    await shop.fill()
    const { order, coupon, point } = shop.doors
    const boss = () => call('m_admin', 'administrator')
    for (const productId of ['A', 'B'])
      expect((await order.adjustStock(boss(), { productId, change: 10_000, reason: 'more' })).ok).toBe(true)
    couponIds = []
    const now = shop.clock()
    for (let i = 0; i < ROUNDS; i++) {
      const made = await coupon.createCoupon(boss(), {
        ...{ name: `c${i}`, kind: 'percent' as const, value: 7, quota: CUSTOMERS },
        ...{ opensAt: now - 1_000, closesAt: now + 3_600_000, usableUntil: now + 3_600_000 },
      })
      if (!made.ok) throw new Error(made.refusal.detail)
      couponIds.push(made.value.couponId)
    }
    for (let i = 0; i < CUSTOMERS; i++) {
      const memberId = `m_live${i}`
      expect((await point.adjustPoints(boss(), { memberId, points: 5_000, reason: 'gift' })).ok).toBe(true)
    }
  })
  afterAll(() => shop.drop())

  /** Orders with and without coupon and points; some are paid, some cancelled in part or whole, some given back. */
  async function shopping(customer: number): Promise<void> {
    const { order, payment, coupon } = shop.doors
    const draw = drawer(0x5eed + customer)
    const memberId = `m_live${customer}`
    for (let round = 0; round < ROUNDS; round++) {
      const orderId = `live-${customer}-${round}`
      const [a, b] = [1 + draw(4), 1 + draw(4)]
      const goods = (a + b) * PRICE
      const couponId = couponIds[round]!
      const withCoupon = draw(2) === 0
      if (withCoupon) await coupon.claimCoupon(call(memberId), { couponId })
      const points = draw(2) === 0 ? 0 : 1 + draw(60)
      const discount = withCoupon ? Math.floor((goods * 7) / 100) : 0
      const lines = [
        { productId: 'A', quantity: a },
        { productId: 'B', quantity: b },
      ]
      // Now and then a wrong total: the saga turns round.
      const expectedTotal = goods - discount - points + (draw(8) === 0 ? 1 : 0)
      const wish = { ...(withCoupon ? { couponId } : {}), ...(points > 0 ? { points } : {}) }
      const placed = await order.placeOrder(call(memberId), { orderId, lines, expectedTotal, ...wish })
      if (!placed.ok) continue
      const part = [{ lineNo: 0, quantity: 1 }]
      if (draw(3) === 0) await order.cancelOrder(call(memberId), { orderId, lines: part })
      if (draw(4) === 0) {
        await order.cancelOrder(call(memberId), { orderId })
        continue
      }
      await payment.payOrder(call(memberId), { orderId, paymentId: `pay-${orderId}`, token: 'tok_ok' })
      if (draw(2) === 0)
        await order.refundOrder(call(memberId), { orderId, lines: [{ lineNo: 1, quantity: 1 }] })
      if (draw(3) === 0) await order.refundOrder(call(memberId), { orderId })
    }
  }

  it('calls nothing wrong while orders, refunds and events are under way', { timeout: 60_000 }, async () => {
    const work = { done: false }
    const customers = Promise.all(Array.from({ length: CUSTOMERS }, (_, i) => shopping(i)))
    const delivery = (async () => {
      while (!work.done) {
        // It gives up where customers are faster; at the end it has to succeed.
        await shop.deliver().catch(() => undefined)
        await others()
      }
    })()
    const ended = customers.finally(() => {
      work.done = true
    })
    let looks = 0
    let explained = 0
    while (!work.done || looks < LOOKS) {
      const results = await verifyBooks(shop.scratch.ledger, { timeZone: 'Europe/London', earnPercent: 1 })
      const wrong = results.filter(result => result.wrongCount > 0)
      expect(wrong.map(({ name, wrong: rows }) => ({ name, rows }))).toEqual([])
      looks++
      await others()
      explained += results.reduce((sum, result) => sum + result.explained, 0)
    }
    await Promise.all([ended, delivery])
    expect(looks).toBeGreaterThanOrEqual(LOOKS)
    expect(explained).toBeGreaterThan(0)
    await shop.sweep()
    await shop.deliver()
    const after = await verifyBooks(shop.scratch.ledger, { timeZone: 'Europe/London', earnPercent: 1 })
    expect(after.map(({ name, explained, wrong }) => ({ name, explained, wrong }))).toEqual(
      after.map(({ name }) => ({ name, explained: 0, wrong: [] })),
    )
  })
}

onEveryLedger('verify beside a shop at work', suite)
