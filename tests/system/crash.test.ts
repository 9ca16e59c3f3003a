// A shop that is killed in the middle of its work, or told to stop: every key has exactly one effect, what was
// committed is told to everybody who has to hear of it, and nobody who was answered was answered wrongly.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf, type Member, must, type Person } from '../support/people.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times, wins } from '../support/stall.ts'

const ORDERS = 120
const MEMBERS = 12
/** Until a shop that came back has caught up: a lease of the dead process ends, sweeps come round, ms. */
const SOON = { timeout: 40_000 }

function suite(engine: ShopKind): void {
  let shop: Stall
  beforeAll(async () => {
    shop = await Stall.open(engine, { customers: 2 * MEMBERS })
  })
  afterAll(() => shop?.close())

  /** Null: no answer came. */
  async function heard<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer
    } catch {
      return null
    }
  }

  it('has one effect a key after kill -9 in a stream of orders and payments, and tells of all', async () => {
    const members = await shop.members(MEMBERS)
    const productId = await shop.product(1_000)
    const couponId = await shop.coupon(MEMBERS)
    let done = 0

    /** One customer's order: the first of each member with a coupon, then plain ones; each step with its key. */
    async function buy(who: Person, i: number) {
      const first = i < MEMBERS
      if (first) {
        const claimed = await heard(who.coupon.claimCoupon({ couponId }, { idempotencyKey: `claim-no-${i}` }))
        if (!claimed?.ok) return claimed
      }
      const more = { orderId: `crash-order-${i}`, ...(first ? { couponId, expectedTotal: PRICE - 10 } : {}) }
      const placed = await heard(shop.order(who, productId, 1, more, `order-no-${i}`))
      if (!placed?.ok) return placed
      const paid = await heard(shop.pay(who, placed.value.orderId, 'tok_ok', `payment-no-${i}`))
      if (paid?.ok) done++
      return paid
    }
    const all = (people: readonly Member[]) => times(ORDERS, i => buy(people[i % MEMBERS]!, i))

    const running = all(members)
    await expect.poll(() => done, { interval: 1, timeout: 20_000 }).toBeGreaterThan(ORDERS / 10)
    await shop.shop.kill()
    const before = await running
    const answered = before.flatMap((answer, i) => (answer?.ok ? [[i, answer.value] as const] : []))

    await shop.restart()
    const again = members.map(member => ({ ...member, ...shop.people.person(member.authorization) }))
    // What was held when the process died is asked again until it is answered: each with the key it had.
    let after = await all(again)
    const settled = async () => {
      after = await all(again)
      return tally(after.map(answer => answer!))
    }
    await expect.poll(settled, { ...SOON, interval: 500 }).toEqual({ ok: ORDERS })
    for (const [i, value] of answered) expect(after[i]).toMatchObject({ ok: true, value })

    expect(await shop.stock(productId)).toMatchObject({
      sold: ORDERS,
      reserved: 0,
      available: 1_000 - ORDERS,
    })
    expect(must(await shop.boss.coupon.getCoupon({ couponId })).issued).toBe(MEMBERS)
    const attempts = await times(ORDERS, i => shop.payments(again[i % MEMBERS]!, `crash-order-${i}`))
    for (const list of attempts) expect(list.map(attempt => attempt.state)).toEqual(['captured'])
    // Points and the ranking hear of what was committed before the kill, too, and of each once.
    const earned = Math.floor((PRICE - 10) / 100) + ORDERS / MEMBERS - 1
    for (const member of again)
      await expect.poll(async () => must(await member.point.getBalance({})).balance, SOON).toBe(earned)
    const ranked = async () => {
      const { rows } = must(await shop.boss.bestseller.bestSellers({ by: 'units', limit: 100 }))
      return rows.find(row => row.productId === productId)
    }
    await expect.poll(ranked, SOON).toMatchObject({ units: ORDERS, revenue: ORDERS * PRICE })
    expect(must(await shop.boss.bestseller.compareRanking({})).differences).toBe(0)
    await shop.booksBalance()
  })

  it('loses no cancellation, refund or point when it is killed between their steps', async () => {
    const members = await shop.members(MEMBERS)
    const productId = await shop.product(1_000)
    await times(MEMBERS, i =>
      shop.boss.point
        .adjustPoints({ memberId: members[i]!.memberId, points: 50, reason: 'a gift' })
        .then(must),
    )
    const spend = { points: 50, expectedTotal: 4 * PRICE - 50 }
    const orders = await times(MEMBERS, i => shop.placed(members[i]!, productId, 4, spend))
    const paid = (i: number) => i % 2 === 0
    await times(MEMBERS, async i => paid(i) && must(await shop.pay(members[i]!, orders[i]!)))
    let done = 0
    const end = async (who: Person, i: number) => {
      const input = { orderId: orders[i]! }
      const options = { idempotencyKey: `ending-no-${i}` }
      const answer = paid(i)
        ? await heard(who.order.refundOrder(input, options))
        : await heard(who.order.cancelOrder(input, options))
      if (answer?.ok) done++
      return answer
    }
    const running = times(MEMBERS, i => end(members[i]!, i))
    await expect.poll(() => done, { interval: 1, timeout: 20_000 }).toBeGreaterThan(0)
    await shop.shop.kill()
    await running
    await shop.restart()
    const again = members.map(member => ({ ...member, ...shop.people.person(member.authorization) }))
    expect(wins((await times(MEMBERS, i => end(again[i]!, i))).map(answer => answer!))).toBe(MEMBERS)
    for (const [i, member] of again.entries()) {
      const { state } = must(await member.order.getOrder({ orderId: orders[i]! }))
      expect(state).toBe(paid(i) ? 'refunded' : 'cancelled')
      await expect.poll(async () => must(await member.point.getBalance({})).balance, SOON).toBe(50)
    }
    expect(await shop.stock(productId)).toMatchObject({ available: 1_000, reserved: 0 })
    await shop.booksBalance()
  })

  it('answers all it has taken on when it is told to stop, keeps it, and ends with 0', async () => {
    const productId = await shop.product(1_000)
    const who = shop.people.guest()
    const running = times(100, i => heard(shop.order(who, productId, 1, {}, `stopping-no-${i}`)))
    await expect.poll(async () => (await shop.stock(productId)).reserved, { interval: 1 }).toBeGreaterThan(0)
    const code = shop.shop.stop()
    const answers = await running
    expect(await code).toBe(0)
    // Nothing that was begun was dropped: each was done, or refused because of the stop.
    const refused = answers.filter(answer => answer !== null && !answer.ok)
    expect(refused.filter(answer => codeOf(answer!) !== 'shutting_down')).toEqual([])
    const kept = answers.flatMap(answer => (answer?.ok ? [answer.value.orderId] : []))
    expect(kept.length).toBeGreaterThan(0)
    await shop.restart()
    expect((await shop.stock(productId)).reserved).toBe(kept.length)
    const same = shop.people.person(who.authorization)
    const repeated = await times(100, i => shop.order(same, productId, 1, {}, `stopping-no-${i}`))
    expect(wins(repeated)).toBe(100)
    const ids = new Set(repeated.flatMap(answer => (answer.ok ? [answer.value.orderId] : [])))
    expect(kept.filter(orderId => !ids.has(orderId))).toEqual([])
    expect((await shop.stock(productId)).reserved).toBe(100)
    expect(await shop.shop.stop()).toBe(0)
  })
}

onEveryShop('a shop that dies', suite)
