// Points: earned when an order is paid, spent with an order, back when it is cancelled, taken back with a refund, and
// from its money where they are spent already. No member ever has less than none.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf, type Member, must } from '../support/people.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times, wins } from '../support/stall.ts'

const MEMBERS = 16
/** Points for the money of one unit: 1 %. */
const EARNED = PRICE / 100
/** Until an event or a saga has come round, ms. */
const SOON = { timeout: 10_000 }

function suite(engine: ShopKind): void {
  let stall: Stall
  let members: Member[]
  let productId: string

  beforeAll(async () => {
    stall = await Stall.open(engine, { customers: MEMBERS })
    members = await stall.members(MEMBERS)
    productId = await stall.product(100_000)
  })
  afterAll(() => stall?.close())

  const newMember = () => members.pop()!
  const balance = async (member: Member) => must(await member.point.getBalance({})).balance
  const give = async (member: Member, points: number) =>
    must(await stall.boss.point.adjustPoints({ memberId: member.memberId, points, reason: 'a gift' }))
  const kinds = async (member: Member) =>
    must(await member.point.statement({ limit: 100 }))
      .entries.map(entry => [entry.kind, entry.points])
      .reverse()
  const refund = async (member: Member, orderId: string, quantity?: number) =>
    must(
      await member.order.refundOrder({
        orderId,
        ...(quantity === undefined ? {} : { lines: [{ lineNo: 0, quantity }] }),
      }),
    )
  const withPoints = (member: Member, quantity: number, points: number) =>
    stall.order(member, productId, quantity, { points, expectedTotal: quantity * PRICE - points })

  it('are earned once for a paid order, on the money that was paid', async () => {
    const member = newMember()
    const orderId = await stall.placed(member, productId, 50)
    expect(await balance(member)).toBe(0)
    expect(wins(await times(6, () => stall.pay(member, orderId)))).toBe(1)
    await expect.poll(() => balance(member), SOON).toBe(50 * EARNED)
    // Paid with points in part: only the money earns.
    const second = must(await withPoints(member, 20, 50)).orderId
    must(await stall.pay(member, second))
    await expect.poll(() => balance(member), SOON).toBe(Math.floor((20 * PRICE - 50) / 100))
    expect(await kinds(member)).toEqual([
      ['earn', 50],
      ['spend', -50],
      ['earn', 19],
    ])
  })

  it('are not earned by a guest, nor by an order that is not paid', async () => {
    const member = newMember()
    await stall.bought(stall.people.guest(), productId, 5)
    must(await member.order.cancelOrder({ orderId: await stall.placed(member, productId, 5) }))
    await stall.bought(member, productId, 3)
    await expect.poll(() => balance(member), SOON).toBe(3 * EARNED)
    const order = await stall.order(stall.people.guest(), productId, 1, { points: 1, expectedTotal: 99 })
    expect(order.ok).toBe(false)
  })

  it('are spent once, by as many orders at once as they suffice for', async () => {
    const member = newMember()
    await give(member, 100)
    const orders = await times(12, () => withPoints(member, 1, 30))
    expect(tally(orders)).toEqual({ ok: 3, insufficient_points: 9 })
    expect(await balance(member)).toBe(10)
    expect(codeOf(await withPoints(member, 1, 11))).toBe('insufficient_points')
    expect(codeOf(await withPoints(member, 1, 101))).not.toBe('ok')
    expect(await balance(member)).toBe(10)
    const free = must(await give(member, 90).then(() => withPoints(member, 1, 100)))
    expect(free.total).toBe(0)
    must(await stall.pay(member, free.orderId))
    expect(await balance(member)).toBe(0)
  })

  it('come back with a cancelled order once, and in part with a part of it', async () => {
    const member = newMember()
    await give(member, 100)
    const { orderId } = must(await withPoints(member, 4, 100))
    expect(await balance(member)).toBe(0)
    must(await member.order.cancelOrder({ orderId, lines: [{ lineNo: 0, quantity: 1 }] }))
    await expect.poll(() => balance(member), SOON).toBe(25)
    expect(must(await member.order.getOrder({ orderId }))).toMatchObject({ points: 75, total: 225 })
    expect(wins(await times(8, () => member.order.cancelOrder({ orderId })))).toBe(1)
    await expect.poll(() => balance(member), SOON).toBe(100)
    expect(await kinds(member)).toEqual([
      ['adjust', 100],
      ['spend', -100],
      ['return', 25],
      ['return', 75],
    ])
  })

  it('come back with an order that could not be placed', async () => {
    const member = newMember()
    await give(member, 50)
    const wrong = await stall.order(member, productId, 1, { points: 50, expectedTotal: 60 })
    expect(wrong).toMatchObject({ ok: false, refusal: { code: 'price_changed', fields: { total: 50 } } })
    await expect.poll(() => balance(member), SOON).toBe(50)
  })

  it('go back with a refund: what it earned is taken, what it had used returned, in parts that add up', async () => {
    const member = newMember()
    await give(member, 100)
    const { orderId } = must(await withPoints(member, 10, 100))
    must(await stall.pay(member, orderId))
    await expect.poll(() => balance(member), SOON).toBe(9)
    const sums = { amount: 0, points: 0, clawedBack: 0 }
    for (const quantity of [3, 1, 4, 2]) {
      const part = await refund(member, orderId, quantity)
      expect(part.state).toBe('done')
      sums.amount += part.amount
      sums.points += part.points
      sums.clawedBack += part.clawedBack
    }
    expect(sums).toEqual({ amount: 900, points: 100, clawedBack: 9 })
    expect(await balance(member)).toBe(100)
    expect(must(await member.order.getOrder({ orderId }))).toMatchObject({
      state: 'refunded',
      refundedTotal: 900,
    })
  })

  it('that are spent already are taken from the money of the refund, down to none', async () => {
    const member = newMember()
    const orderId = await stall.bought(member, productId, 100)
    await expect.poll(() => balance(member), SOON).toBe(100)
    must(await withPoints(member, 1, 80))
    expect(await balance(member)).toBe(20)
    const first = await refund(member, orderId, 50)
    expect(first).toMatchObject({ state: 'done', clawedBack: 20, amount: 50 * PRICE - 30 })
    expect(await balance(member)).toBe(0)
    const second = await refund(member, orderId)
    expect(second).toMatchObject({ state: 'done', clawedBack: 0, amount: 50 * PRICE - 50 })
    expect(await balance(member)).toBe(0)
    expect(must(await member.order.getOrder({ orderId })).refundedTotal).toBe(100 * PRICE - 80)
  })

  it('are clawed back once, however many refunds race', async () => {
    const member = newMember()
    const orderId = await stall.bought(member, productId, 1_000)
    await expect.poll(() => balance(member), SOON).toBe(1_000)
    const parts = await times(12, () =>
      member.order.refundOrder({ orderId, lines: [{ lineNo: 0, quantity: 250 }] }),
    )
    expect(wins(parts)).toBe(4)
    await expect.poll(() => balance(member), SOON).toBe(0)
    const clawed = (await kinds(member)).filter(([kind]) => kind === 'claw').map(([, points]) => points)
    expect(clawed).toEqual([-250, -250, -250, -250])
  })

  it('never fall below none by an administrator’s hand, and are adjusted once a key', async () => {
    const member = newMember()
    const adjust = (points: number, key: string) =>
      stall.boss.point.adjustPoints(
        { memberId: member.memberId, points, reason: 'by hand' },
        { idempotencyKey: key },
      )
    const gifts = await times(10, () => adjust(40, `one-gift-${member.memberId}`))
    expect(gifts.some(gift => gift.ok)).toBe(true)
    expect(await balance(member)).toBe(40)
    const takes = await times(6, i => adjust(-15, `take-${i}-${member.memberId}`))
    expect(tally(takes)).toEqual({ ok: 2, insufficient_points: 4 })
    expect(await balance(member)).toBe(10)
    expect(
      codeOf(await member.point.adjustPoints({ memberId: member.memberId, points: 5, reason: 'me' })),
    ).toBe('forbidden')
  })

  it('have a statement whose pages miss nothing, and that nobody else sees', async () => {
    const [member, other] = [newMember(), newMember()]
    for (let i = 1; i <= 7; i++) await give(member, i)
    const entries: { points: number; balance: number }[] = []
    let cursor: string | undefined
    do {
      const page = must(
        await member.point.statement({ limit: 3, ...(cursor === undefined ? {} : { cursor }) }),
      )
      expect(page.entries.length).toBeLessThanOrEqual(3)
      entries.push(...page.entries)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(entries.map(entry => entry.points)).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(entries.map(entry => entry.balance)).toEqual([28, 21, 15, 10, 6, 3, 1])
    const { memberId } = member
    expect(codeOf(await other.point.statement({ memberId }))).toBe('forbidden')
    expect(codeOf(await other.point.getBalance({ memberId }))).toBe('forbidden')
    expect(must(await stall.boss.point.getBalance({ memberId })).balance).toBe(28)
    await stall.booksBalance()
  })
}

onEveryShop('points', suite)
