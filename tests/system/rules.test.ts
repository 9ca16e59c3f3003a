// The rules that a shop must never break, each through HTTP against a real process on a real ledger: the faults
// that other shops had (docs name them), and what a planted bug must trip over.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { webhookSignature } from '../../modules/payment/receive-webhook.ts'
import type { Result } from '../../platform/contract/result.ts'
import { codeOf, type Member, must, People, type Person } from '../support/people.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

/** Unpaid orders expire after this long in these tests, s. */
const PAYMENT_WINDOW_S = 2
const HOUR_MS = 3_600_000

function suite(engine: ShopKind): void {
  let place: ShopPlace
  let shop: RunningShop
  let people: People
  let boss: Person
  let made = 0

  beforeAll(async () => {
    place = await ShopPlace.open({ engine, env: { LEVEE_ORDER_PAYMENT_WINDOW: String(PAYMENT_WINDOW_S) } })
    shop = await place.start()
    people = People.of(place, shop)
    boss = await people.signIn(place.administrator!)
  })
  afterAll(() => place.drop())

  /** A product with stock at 100 each, ready to be sold. */
  async function product(stock: number, more: { memberLimit?: number } = {}): Promise<string> {
    const productId = `p-${made++}`
    must(await boss.product.createProduct({ productId, name: `Thing ${made}`, price: 100, ...more }))
    const reason = 'delivered'
    await expect
      .poll(async () => codeOf(await boss.order.adjustStock({ productId, change: stock, reason })))
      .toBe('ok')
    return productId
  }
  async function coupon(quota: number, more: object = {}): Promise<string> {
    const now = Date.now()
    const window = { opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + 2 * HOUR_MS }
    const terms = { name: 'Ten off', kind: 'amount' as const, value: 10, quota, ...window, ...more }
    return must(await boss.coupon.createCoupon(terms)).couponId
  }
  const stockOf = async (productId: string) => must(await boss.order.getStock({ productId }))
  const place1 = (who: Person, productId: string, quantity = 1, more: object = {}, key?: string) =>
    who.order.placeOrder(
      { lines: [{ productId, quantity }], expectedTotal: quantity * 100, ...more },
      key === undefined ? {} : { idempotencyKey: key },
    )
  const pay = (who: Person, orderId: string, token = 'tok_ok', key?: string) =>
    who.payment.payOrder({ orderId, token }, key === undefined ? {} : { idempotencyKey: key })
  async function bought(who: Person, productId: string, quantity = 1, more: object = {}): Promise<string> {
    const { orderId } = must(await place1(who, productId, quantity, more))
    must(await pay(who, orderId))
    return orderId
  }
  const balanceOf = async (member: Member) => must(await member.point.getBalance({})).balance
  const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => make(i)))
  const wins = (results: readonly { ok: boolean }[]): number => results.filter(result => result.ok).length
  const refusals = (results: readonly Result<unknown>[]): Set<string> =>
    new Set(results.filter(result => !result.ok).map(codeOf))

  it('sells the last 50 units to 200 buyers at once exactly 50 times', async () => {
    const productId = await product(50)
    const results = await times(200, () => place1(people.guest(), productId))
    expect(wins(results)).toBe(50)
    expect(refusals(results)).toEqual(new Set(['out_of_stock']))
    expect(await stockOf(productId)).toMatchObject({ available: 0, reserved: 50 })
  })

  it('sums two lines of one product before it judges', async () => {
    const productId = await product(5)
    const lines = [
      { productId, quantity: 3 },
      { productId, quantity: 3 },
    ]
    expect(codeOf(await people.guest().order.placeOrder({ lines, expectedTotal: 600 }))).toBe('out_of_stock')
    expect(await stockOf(productId)).toMatchObject({ available: 5, reserved: 0 })
  })

  it('gives a repeated key its first answer, and refuses it other content', async () => {
    const productId = await product(10)
    const guest = people.guest()
    const first = must(await place1(guest, productId, 1, {}, 'the-same-key'))
    expect(must(await place1(guest, productId, 1, {}, 'the-same-key'))).toEqual(first)
    expect(codeOf(await place1(guest, productId, 2, {}, 'the-same-key'))).toBe('idempotency_key_reused')
    const other = must(await place1(people.guest(), productId, 1, {}, 'the-same-key'))
    expect(other.orderId).not.toBe(first.orderId)
    expect(await stockOf(productId)).toMatchObject({ reserved: 2 })
    const twins = await times(20, () => place1(guest, productId, 1, {}, 'twins-of-one-key'))
    const made20 = new Set(twins.map(twin => (twin.ok ? twin.value.orderId : twin.refusal.code)))
    made20.delete('request_in_flight')
    expect(made20.size).toBe(1)
    expect(await stockOf(productId)).toMatchObject({ reserved: 3 })
  })

  it('refuses a total that the shopper was not shown, and a price that the shopper states', async () => {
    const productId = await product(10)
    const wrong = await people
      .guest()
      .order.placeOrder({ lines: [{ productId, quantity: 1 }], expectedTotal: 99 })
    expect(wrong).toMatchObject({ ok: false, refusal: { code: 'price_changed', fields: { total: 100 } } })
    const lines = [{ productId, quantity: 1, unitPrice: 1 }]
    expect(codeOf(await people.guest().order.placeOrder({ lines, expectedTotal: 1 }))).toBe('forbidden')
  })

  it('keeps a limit per member, however many orders are placed at once, and gives it back', async () => {
    const productId = await product(50, { memberLimit: 3 })
    const member = await people.member()
    await expect.poll(async () => codeOf(await place1(people.guest(), productId))).toBe('members_only')
    const results = await times(10, () => place1(member, productId))
    expect(wins(results)).toBe(3)
    const one = results.find(result => result.ok)
    must(await member.order.cancelOrder({ orderId: one?.ok ? one.value.orderId : '' }))
    expect(wins([await place1(member, productId), await place1(member, productId)])).toBe(1)
  })

  it('issues exactly the quota, one a member, whatever is repeated', async () => {
    const couponId = await coupon(20)
    const channel = await people.channel(boss)
    const tokens = await times(60, async i => {
      const imported = await channel.account.exchangeToken({ guestRef: `nobody-${i}` })
      return imported.ok ? imported.value.token : ''
    })
    expect(tokens.every(token => token !== '')).toBe(true)
    const members = await times(12, () => people.member())
    const claims = await times(members.length * 3, i =>
      members[i % members.length]!.coupon.claimCoupon(
        { couponId },
        { idempotencyKey: `claim-key-${i % 24}` },
      ),
    )
    expect(wins(claims)).toBeGreaterThanOrEqual(12)
    const held = await times(members.length, i => members[i]!.coupon.myCoupons({}))
    expect(held.map(mine => must(mine).claims.length)).toEqual(members.map(() => 1))
    expect(must(await boss.coupon.getCoupon({ couponId })).issued).toBe(12)
    const small = await coupon(5)
    const rush = await times(members.length, i => members[i]!.coupon.claimCoupon({ couponId: small }))
    expect(wins(rush)).toBe(5)
    expect(new Set(rush.filter(claim => !claim.ok).map(codeOf))).toEqual(new Set(['coupon_sold_out']))
    // A raised quota is noticed: none is stranded behind the sold-out flag.
    const { version } = must(await boss.coupon.getCoupon({ couponId: small }))
    must(await boss.coupon.editCoupon({ couponId: small, version, quota: 8 }))
    const again = await times(members.length, i => members[i]!.coupon.claimCoupon({ couponId: small }))
    expect(wins(again)).toBe(3)
    expect(again.filter(claim => codeOf(claim) === 'coupon_already_claimed')).toHaveLength(5)
    expect(must(await boss.coupon.getCoupon({ couponId: small })).issued).toBe(8)
  })

  it('repeats a winner’s claim even after the coupon sold out', async () => {
    const couponId = await coupon(1)
    const [winner, loser] = [await people.member(), await people.member()]
    const first = must(await winner.coupon.claimCoupon({ couponId }, { idempotencyKey: 'winning-claim' }))
    expect(codeOf(await loser.coupon.claimCoupon({ couponId }))).toBe('coupon_sold_out')
    expect(must(await winner.coupon.claimCoupon({ couponId }, { idempotencyKey: 'winning-claim' }))).toEqual(
      first,
    )
    expect(codeOf(await winner.coupon.claimCoupon({ couponId }))).toBe('coupon_already_claimed')
  })

  it('claims a coupon only in its window', async () => {
    const now = Date.now()
    const times = { opensAt: now + HOUR_MS, closesAt: now + 2 * HOUR_MS, usableUntil: now + 3 * HOUR_MS }
    const member = await people.member()
    expect(codeOf(await member.coupon.claimCoupon({ couponId: await coupon(5, times) }))).toBe(
      'coupon_not_open',
    )
  })

  it('redeems a coupon in one order of many at once, and gives it back when that order is cancelled', async () => {
    const productId = await product(100)
    const couponId = await coupon(5)
    const member = await people.member()
    must(await member.coupon.claimCoupon({ couponId }))
    const orders = await times(25, () => place1(member, productId, 1, { couponId, expectedTotal: 90 }))
    expect(wins(orders)).toBe(1)
    expect(await stockOf(productId)).toMatchObject({ reserved: 1, available: 99 })
    const won = orders.find(order => order.ok)
    must(await member.order.cancelOrder({ orderId: won?.ok ? won.value.orderId : '' }))
    expect(await stockOf(productId)).toMatchObject({ reserved: 0, available: 100 })
    must(await place1(member, productId, 1, { couponId, expectedTotal: 90 }))
  })

  it('captures once per order, whatever arrives twice', async () => {
    const productId = await product(10)
    const guest = people.guest()
    const { orderId } = must(await place1(guest, productId))
    const results = await times(20, i =>
      pay(guest, orderId, 'tok_ok', i % 2 ? 'one-payment-key' : `payment-key-${i}`),
    )
    const captured = new Set(results.flatMap(result => (result.ok ? [result.value.paymentId] : [])))
    expect(captured.size).toBe(1)
    const late = await pay(guest, orderId)
    expect(late.ok).toBe(false)
    const payments = must(await guest.payment.listPayments({ orderId })).payments
    expect(payments.filter(payment => payment.state === 'captured')).toHaveLength(1)
    expect(await stockOf(productId)).toMatchObject({ sold: 1, reserved: 0 })
  })

  it('lets a declined payment be tried again, and takes no webhook that is not signed', async () => {
    const productId = await product(10)
    const guest = people.guest()
    const { orderId } = must(await place1(guest, productId))
    expect(codeOf(await pay(guest, orderId, 'tok_declined'))).toBe('payment_declined')
    must(await pay(guest, orderId))
    const payments = must(await guest.payment.listPayments({ orderId })).payments
    expect(payments.map(payment => payment.state).sort()).toEqual(['captured', 'declined'])
    const { webhookKey } = JSON.parse(
      readFileSync(path.join(place.env.LEVEE_DATA_FOLDER!, 'secrets.json'), 'utf8'),
    )
    const hook = {
      eventId: 'e-1',
      type: 'payment.captured',
      paymentId: payments[0]!.paymentId,
      timestamp: Math.floor(Date.now() / 1000),
    }
    const signed = { ...hook, signature: webhookSignature(webhookKey, hook) }
    expect(codeOf(await people.nobody().payment.receiveWebhook(signed))).toBe('ok')
    expect(
      codeOf(await people.nobody().payment.receiveWebhook({ ...signed, paymentId: 'other-payment' })),
    ).toBe('bad_signature')
  })

  it('expires what is not paid in time, gives its stock back, and never what is paid', async () => {
    const productId = await product(10)
    const guest = people.guest()
    const orders = await times(10, () => place1(guest, productId))
    const paid = await times(5, i => pay(guest, must(orders[i]!).orderId))
    expect(wins(paid)).toBe(5)
    await expect
      .poll(() => stockOf(productId), { timeout: 15_000 })
      .toMatchObject({ sold: 5, reserved: 0, available: 5 })
    const late = await pay(guest, must(orders[9]!).orderId)
    expect(codeOf(late)).toBe('order_state')
    expect(must(await guest.order.getOrder({ orderId: must(orders[0]!).orderId })).state).toBe('paid')
  })

  it('refunds by line never more than was bought, however many ask at once', async () => {
    const productId = await product(10)
    const guest = people.guest()
    const orderId = await bought(guest, productId, 5)
    const results = await times(12, () =>
      guest.order.refundOrder({ orderId, lines: [{ lineNo: 0, quantity: 2 }] }),
    )
    expect(wins(results)).toBe(2)
    const order = must(await guest.order.getOrder({ orderId }))
    expect(order).toMatchObject({ refundedTotal: 400, lines: [{ refunded: 4 }] })
    expect(await stockOf(productId)).toMatchObject({ sold: 5, returned: 4, available: 9 })
    expect(codeOf(await guest.order.refundOrder({ orderId, lines: [{ lineNo: 0, quantity: 2 }] }))).toBe(
      'quantity_exceeded',
    )
  })

  it('keeps an order to its owner: nobody else sees, pays, cancels or refunds it', async () => {
    const productId = await product(10)
    const [owner, stranger] = [people.guest(), people.guest()]
    const { orderId } = must(await place1(owner, productId))
    expect(codeOf(await stranger.order.getOrder({ orderId }))).toBe('not_found')
    expect(codeOf(await pay(stranger, orderId))).toBe('not_found')
    expect(codeOf(await stranger.order.cancelOrder({ orderId }))).toBe('not_found')
    must(await pay(owner, orderId))
    expect(codeOf(await stranger.order.refundOrder({ orderId }))).toBe('not_found')
    expect(codeOf(await stranger.order.adjustStock({ productId, change: 1, reason: 'mine' }))).toBe(
      'forbidden',
    )
    expect(codeOf(await people.nobody().order.listOrders({}))).toBe('unauthenticated')
  })

  it('books points: earned on payment, spent once, returned on cancel, clawed back on refund', async () => {
    const productId = await product(1_000)
    const member = await people.member()
    const orderId = await bought(member, productId, 100)
    await expect.poll(() => balanceOf(member)).toBe(100)
    const orders = await times(8, () => place1(member, productId, 1, { points: 60, expectedTotal: 40 }))
    expect(wins(orders)).toBe(1)
    expect(refusals(orders)).toEqual(new Set(['insufficient_points']))
    expect(await balanceOf(member)).toBe(40)
    const won = orders.find(order => order.ok)
    must(await member.order.cancelOrder({ orderId: won?.ok ? won.value.orderId : '' }))
    await expect.poll(() => balanceOf(member)).toBe(100)
    // 70 of the 100 earned are spent; the refund of everything takes 30 back and 70 from the money.
    const spent = must(await place1(member, productId, 1, { points: 70, expectedTotal: 30 }))
    must(await pay(member, spent.orderId))
    const refund = must(await member.order.refundOrder({ orderId }))
    expect(refund).toMatchObject({ state: 'done', amount: 10_000 - 70, clawedBack: 30 })
    expect(await balanceOf(member)).toBeGreaterThanOrEqual(0)
  })

  it('counts each sale once in the ranking, and takes refunds off', async () => {
    const productId = await product(100)
    const guest = people.guest()
    const orderId = await bought(guest, productId, 90)
    must(await guest.order.refundOrder({ orderId, lines: [{ lineNo: 0, quantity: 10 }] }))
    const rowOf = async () => {
      const top = must(await boss.bestseller.bestSellers({ by: 'units', limit: 100 }))
      return top.rows.find(row => row.productId === productId)
    }
    await expect
      .poll(rowOf, { timeout: 10_000 })
      .toMatchObject({ units: 80, revenue: 8_000, refundedUnits: 10 })
    expect(must(await boss.bestseller.compareRanking({}))).toMatchObject({ differences: 0 })
  })
}

onEveryShop('the rules of the shop', suite)
