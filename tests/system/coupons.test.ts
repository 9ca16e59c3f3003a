// Coupons under a rush: exactly the quota, one a member, none stranded; in an order once, and back when it is over.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf, type Member, must } from '../support/people.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times, wins } from '../support/stall.ts'

const MEMBERS = 300
const QUOTA = 100
const HOUR_MS = 3_600_000
const REDUCED = { expectedTotal: PRICE - 10 }

function suite(engine: ShopKind): void {
  let stall: Stall
  let members: Member[]

  beforeAll(async () => {
    stall = await Stall.open(engine, { customers: MEMBERS })
    members = await stall.members(MEMBERS)
  })
  afterAll(() => stall?.close())

  const claim = (who: Member, couponId: string, key?: string) =>
    who.coupon.claimCoupon({ couponId }, key === undefined ? {} : { idempotencyKey: key })
  const heldBy = async (who: Member, couponId: string): Promise<number> => {
    const { claims } = must(await who.coupon.myCoupons({ limit: 100 }))
    return claims.filter(one => one.couponId === couponId).length
  }

  it('issues exactly 100 to 300 members who ask three times each, two times with one key', async () => {
    const couponId = await stall.coupon(QUOTA)
    const asked = await times(MEMBERS * 3, async i => {
      const who = Math.floor(i / 3)
      const key = i % 3 === 2 ? `another-key-${who}` : `the-same-key-${who}`
      return { who, key, answer: await claim(members[who]!, couponId, key) }
    })
    const answers = asked.map(one => one.answer)
    const allowed = ['ok', 'coupon_sold_out', 'coupon_already_claimed', 'request_in_flight']
    expect(Object.keys(tally(answers)).filter(code => !allowed.includes(code))).toEqual([])
    const winners = new Set(asked.filter(one => one.answer.ok).map(one => one.who))
    expect(winners.size).toBe(QUOTA)
    const held = await times(MEMBERS, i => heldBy(members[i]!, couponId))
    expect(held.map((count, who) => [who, count]).filter(([, count]) => count !== 0)).toEqual(
      [...winners].sort((a, b) => a - b).map(who => [who, 1]),
    )
    expect(must(await stall.boss.coupon.getCoupon({ couponId }))).toMatchObject({ issued: QUOTA, left: 0 })

    // A winner's repeat hears its first answer; its other key hears that it has one; the rest hear that all are gone.
    const again = await times(MEMBERS, who => claim(members[who]!, couponId, `the-same-key-${who}`))
    for (const { who, key, answer } of asked) {
      if (answer.ok && key.startsWith('the-same')) expect(must(again[who]!)).toEqual(answer.value)
    }
    const fresh = await times(MEMBERS, who => claim(members[who]!, couponId))
    expect(tally(fresh)).toEqual({ coupon_already_claimed: QUOTA, coupon_sold_out: MEMBERS - QUOTA })
  })

  it('issues what a raised quota adds, to the last one, and never lowers it below what is issued', async () => {
    const couponId = await stall.coupon(10)
    expect(wins(await times(40, i => claim(members[i]!, couponId)))).toBe(10)
    expect(codeOf(await claim(members[50]!, couponId))).toBe('coupon_sold_out')
    const { version } = must(await stall.boss.coupon.getCoupon({ couponId }))
    const edit = (quota: number, seen: number) =>
      stall.boss.coupon.editCoupon({ couponId, version: seen, quota })
    expect(codeOf(await edit(9, version))).toBe('quantity_exceeded')
    const raised = must(await edit(25, version))
    expect(codeOf(await edit(30, version))).toBe('version_conflict')
    expect(wins(await times(40, i => claim(members[100 + i]!, couponId)))).toBe(15)
    expect(raised.quota).toBe(25)
    expect(must(await stall.boss.coupon.getCoupon({ couponId })).issued).toBe(25)
  })

  it('hears of an edit in the middle of a rush, and issues exactly the new quota', async () => {
    const couponId = await stall.coupon(20)
    const rush = times(MEMBERS, i => claim(members[i]!, couponId))
    const { version } = must(await stall.boss.coupon.getCoupon({ couponId }))
    must(await stall.boss.coupon.editCoupon({ couponId, version, quota: 60 }))
    const first = wins(await rush)
    const second = wins(await times(MEMBERS, i => claim(members[i]!, couponId)))
    expect(first).toBeGreaterThanOrEqual(20)
    expect(first + second).toBe(60)
  })

  it('is claimed only in its window, and usable only until its time is over', async () => {
    const now = Date.now()
    const early = { opensAt: now + HOUR_MS, closesAt: now + 2 * HOUR_MS, usableUntil: now + 2 * HOUR_MS }
    const late = { opensAt: now - 2 * HOUR_MS, closesAt: now - HOUR_MS, usableUntil: now + HOUR_MS }
    const [member] = members
    for (const window of [early, late])
      expect(codeOf(await claim(member!, await stall.coupon(5, window)))).toBe('coupon_not_open')
    const brief = { closesAt: now + 1_000, usableUntil: now + 1_000 }
    const couponId = await stall.coupon(5, brief)
    must(await claim(member!, couponId))
    const productId = await stall.product(10)
    await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThan(brief.usableUntil)
    expect(codeOf(await stall.order(member!, productId, 1, { couponId, ...REDUCED }))).toBe(
      'coupon_not_usable',
    )
    expect(await stall.stock(productId)).toMatchObject({ available: 10, reserved: 0 })
  })

  it('is redeemed by one of 100 orders at once, and the others give back what they held', async () => {
    const productId = await stall.product(1_000)
    const couponId = await stall.coupon(5)
    const [member] = members
    must(await claim(member!, couponId))
    const orders = await times(100, async () => {
      const order = await stall.order(member!, productId, 1, { couponId, ...REDUCED })
      return order.ok ? stall.pay(member!, order.value.orderId) : order
    })
    expect(tally(orders)).toEqual({ ok: 1, coupon_not_usable: 99 })
    await expect.poll(() => stall.stock(productId)).toMatchObject({ available: 999, reserved: 0, sold: 1 })
  })

  it('comes back with a cancelled order, whoever cancels how often, and is used again once', async () => {
    const productId = await stall.product(100)
    const couponId = await stall.coupon(5)
    const member = members[1]!
    must(await claim(member, couponId))
    const use = () => stall.order(member, productId, 1, { couponId, ...REDUCED })
    const { orderId } = must(await use())
    expect(codeOf(await use())).toBe('coupon_not_usable')
    expect(wins(await times(10, () => member.order.cancelOrder({ orderId })))).toBe(1)
    const again = await times(10, use)
    expect(tally(again)).toEqual({ ok: 1, coupon_not_usable: 9 })
    // Paid and refunded whole, it comes back as well; in part it does not.
    const second = again.flatMap(order => (order.ok ? [order.value.orderId] : []))[0]!
    must(await stall.pay(member, second))
    must(await member.order.refundOrder({ orderId: second }))
    const third = must(
      await stall.order(member, productId, 2, { couponId, expectedTotal: 2 * PRICE - 10 }),
    ).orderId
    must(await stall.pay(member, third))
    must(await member.order.refundOrder({ orderId: third, lines: [{ lineNo: 0, quantity: 1 }] }))
    expect(codeOf(await use())).toBe('coupon_not_usable')
  })

  it('belongs to its member, asks for its least order, and is never worth more than the goods', async () => {
    const productId = await stall.product(100)
    const [owner, other] = [members[2]!, members[3]!]
    const couponId = await stall.coupon(5, { kind: 'percent', value: 50, maxDiscount: 120, minOrder: 200 })
    must(await claim(owner, couponId))
    const use = (who: Member, quantity: number, expectedTotal: number) =>
      stall.order(who, productId, quantity, { couponId, expectedTotal })
    expect(codeOf(await use(other, 2, 100))).toBe('coupon_not_usable')
    expect(codeOf(await use(owner, 1, 50))).toBe('coupon_not_usable')
    const wrong = await use(owner, 4, 200)
    expect(wrong).toMatchObject({ ok: false, refusal: { code: 'price_changed', fields: { total: 280 } } })
    must(await use(owner, 4, 280))
    const big = await stall.coupon(5, { value: 1_000 })
    must(await claim(owner, big))
    const free = must(await stall.order(owner, productId, 1, { couponId: big, expectedTotal: 0 }))
    must(await stall.pay(owner, free.orderId))
    await stall.booksBalance()
  })
}

onEveryShop('coupons under a rush', suite)
