// The last units under a rush: never one too many, never one left behind.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf, must } from '../support/people.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times, wins } from '../support/stall.ts'

const BUYERS = 200
const UNITS = 50

function suite(engine: ShopKind): void {
  let stall: Stall

  beforeAll(async () => {
    stall = await Stall.open(engine)
  })
  afterAll(() => stall?.close())

  const guest = () => stall.people.guest()

  it('sells the last 50 units to 200 buyers exactly 50 times, and again when 50 more come', async () => {
    const productId = await stall.product(UNITS)
    for (const round of [1, 2]) {
      const orders = await times(BUYERS, () => stall.order(guest(), productId))
      expect(tally(orders)).toEqual({ ok: UNITS, out_of_stock: BUYERS - UNITS })
      expect(await stall.stock(productId)).toMatchObject({ available: 0, reserved: round * UNITS })
      if (round === 1) await stall.deliver(productId, UNITS)
    }
  })

  it('sells them to 8 buyers of 25 tries each exactly 50 times, paid', async () => {
    const productId = await stall.product(UNITS)
    const buyers = await times(8, async () => guest())
    const bought = await times(BUYERS, async i => {
      const buyer = buyers[i % buyers.length]!
      const order = await stall.order(buyer, productId)
      return order.ok ? stall.pay(buyer, order.value.orderId) : order
    })
    expect(tally(bought)).toEqual({ ok: UNITS, out_of_stock: BUYERS - UNITS })
    expect(await stall.stock(productId)).toMatchObject({ available: 0, reserved: 0, sold: UNITS })
  })

  it('fills the last units from orders of several, and leaves only what none of them wanted', async () => {
    const productId = await stall.product(UNITS)
    const orders = await times(60, () => stall.order(guest(), productId, 3))
    expect(tally(orders)).toEqual({ ok: 16, out_of_stock: 44 })
    expect(wins(await times(5, () => stall.order(guest(), productId)))).toBe(2)
    expect(await stall.stock(productId)).toMatchObject({ available: 0, reserved: UNITS })
  })

  it('sums two lines of one product, within one order and among many at once', async () => {
    const productId = await stall.product(9)
    const order = (first: number, second: number) =>
      guest().order.placeOrder({
        lines: [
          { productId, quantity: first },
          { productId, quantity: second },
        ],
        expectedTotal: (first + second) * PRICE,
      })
    expect(codeOf(await order(5, 5))).toBe('out_of_stock')
    expect(tally(await times(20, () => order(1, 1)))).toEqual({ ok: 4, out_of_stock: 16 })
    expect(await stall.stock(productId)).toMatchObject({ available: 1, reserved: 8 })
  })

  it('takes all lines of an order or none of them, in whatever order they name their products', async () => {
    const [plenty, scarce] = [await stall.product(1000), await stall.product(10)]
    const orders = await times(60, i => {
      const lines = [
        { productId: plenty, quantity: 2 },
        { productId: scarce, quantity: 1 },
      ]
      return guest().order.placeOrder({
        lines: i % 2 === 0 ? lines : lines.reverse(),
        expectedTotal: 3 * PRICE,
      })
    })
    expect(tally(orders)).toEqual({ ok: 10, out_of_stock: 50 })
    expect(await stall.stock(plenty)).toMatchObject({ available: 980, reserved: 20 })
    expect(await stall.stock(scarce)).toMatchObject({ available: 0, reserved: 10 })
  })

  it('keeps the limit of a member over lines and over orders at once, and counts what was given back', async () => {
    const productId = await stall.product(100, { memberLimit: 4 })
    const [member, other] = [await stall.people.member(), await stall.people.member()]
    await expect.poll(async () => codeOf(await stall.order(guest(), productId))).toBe('members_only')
    const lines = [
      { productId, quantity: 3 },
      { productId, quantity: 2 },
    ]
    expect(codeOf(await member.order.placeOrder({ lines, expectedTotal: 5 * PRICE }))).toBe('purchase_limit')
    const orders = await times(12, () => stall.order(member, productId))
    expect(tally(orders)).toEqual({ ok: 4, purchase_limit: 8 })
    must(await stall.order(other, productId, 4))
    const ids = orders.flatMap(order => (order.ok ? [order.value.orderId] : []))
    must(await member.order.cancelOrder({ orderId: ids[0]! }))
    must(await stall.pay(member, ids[1]!))
    must(await member.order.refundOrder({ orderId: ids[1]! }))
    expect(tally(await times(6, () => stall.order(member, productId)))).toEqual({ ok: 2, purchase_limit: 4 })
  })

  it('sells cancelled units again, each once, while others still ask', async () => {
    const productId = await stall.product(UNITS)
    const owner = guest()
    const orders = await times(UNITS, () => stall.placed(owner, productId))
    expect(codeOf(await stall.order(guest(), productId))).toBe('out_of_stock')
    const cancelled = times(20, i => owner.order.cancelOrder({ orderId: orders[i]! }))
    const [given, rush] = await Promise.all([cancelled, times(60, () => stall.order(guest(), productId))])
    expect(wins(given)).toBe(20)
    const later = await times(30, () => stall.order(guest(), productId))
    expect(wins(rush) + wins(later)).toBe(20)
    expect(await stall.stock(productId)).toMatchObject({ available: 0, reserved: UNITS })
  })

  it('cancels an order once, however many ask, in parts or whole', async () => {
    const productId = await stall.product(10)
    const owner = guest()
    const whole = await stall.placed(owner, productId, 4)
    expect(wins(await times(10, () => owner.order.cancelOrder({ orderId: whole })))).toBe(1)
    expect(await stall.stock(productId)).toMatchObject({ available: 10, reserved: 0 })
    const parted = await stall.placed(owner, productId, 5)
    const parts = await times(10, () =>
      owner.order.cancelOrder({ orderId: parted, lines: [{ lineNo: 0, quantity: 2 }] }),
    )
    expect(tally(parts)).toEqual({ ok: 2, quantity_exceeded: 8 })
    expect(must(await owner.order.getOrder({ orderId: parted }))).toMatchObject({ total: PRICE })
    expect(await stall.stock(productId)).toMatchObject({ available: 9, reserved: 1 })
  })

  it('takes stock away only as far as there is some, and by the version that was seen', async () => {
    const productId = await stall.product(10)
    const take = (change: number, version?: number) =>
      stall.boss.order.adjustStock({
        productId,
        change,
        reason: 'broken',
        ...(version === undefined ? {} : { version }),
      })
    const rush = await Promise.all([
      times(8, () => stall.order(guest(), productId)),
      times(8, () => take(-1)),
    ])
    expect(wins(rush[0]) + wins(rush[1])).toBe(10)
    const { available, reserved, version } = await stall.stock(productId)
    expect([available, reserved]).toEqual([0, wins(rush[0])])
    expect(codeOf(await take(-1))).toBe('stock_below_zero')
    expect(tally(await times(5, () => take(1, version)))).toEqual({ ok: 1, version_conflict: 4 })
  })

  it('can show each unit in the journal, and the books balance', async () => {
    const productId = await stall.product(3)
    const owner = guest()
    await stall.bought(owner, productId)
    must(await owner.order.cancelOrder({ orderId: await stall.placed(owner, productId) }))
    const { changes } = must(await stall.boss.order.stockJournal({ productId }))
    expect(changes.map(change => change.kind).reverse()).toEqual([
      'adjust',
      'reserve',
      'sell',
      'reserve',
      'release',
    ])
    const versions = changes.map(change => change.version)
    expect(versions).toEqual(versions.map((_, i) => versions[0]! - i))
    await stall.booksBalance()
  })
}

onEveryShop('overselling', suite)
