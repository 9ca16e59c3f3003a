// The order module on real ledgers: the faults that other shops had, at the module's door.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Call, Principal } from '../../platform/contract/call.ts'
import { systemCall } from '../../platform/contract/call.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Module } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import type { orderContract } from './contract.ts'
import type { OrderSiblings } from './deps.ts'
import { createOrder, orderSchema } from './index.ts'

type Order = Module<typeof orderContract>
const settings = {
  currency: 'GBP',
  paymentWindow: 60_000,
  lockWait: 2_000,
  earnPercent: 1,
  linkKey: 'secret',
}
const log = createLog({ level: 'silent', name: 'test' })
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

/** Siblings that agree to everything and note it. */
/** Payments that there are, for those who ask what became of one. */
const booked = new Set<string>()

function agreeable(noted: string[] = []): OrderSiblings {
  const note = <T>(text: string, value: T): Result<T> => {
    noted.push(text)
    return ok(value)
  }
  return {
    coupon: {
      redeem: async (_call, { orderId }) => note(`redeem ${orderId}`, { discount: 50 }),
      giveBack: async (_call, { orderId }) => note(`giveBack ${orderId}`, {}),
    },
    point: {
      spend: async (_call, { points }) => note(`spend ${points}`, {}),
      returnSpent: async (_call, { points }) => note(`return ${points}`, {}),
      clawBack: async (_call, { points }) => note(`claw ${points}`, { clawed: points, short: 0 }),
    },
    payment: {
      settlePayment: async (_call, { paymentId }) =>
        booked.has(paymentId)
          ? note(`settle ${paymentId}`, { state: 'created' as const })
          : refuse('not_found', 'never booked'),
      refundPayment: async (_call, { amount }) => note(`refund ${amount}`, { status: 'done' as const }),
    },
  }
}

let made = 0
function callOf(id: string, key = `key-${made++}`, kind: Principal['kind'] = 'guest', content = key): Call {
  return {
    principal: { kind, id, roles: [], channelId: null, email: null },
    requestId: key,
    // Beyond all that the clock of these tests is put forward.
    deadline: Date.now() + 86_400_000,
    idempotency: { id: shortHash(`${id}${key}`), fingerprint: shortHash(content) },
  }
}

onEveryLedger('orders', engine => {
  let scratch: ScratchLedger
  let order: Order
  let twin: Order
  let now = Date.now()
  const noted: string[] = []
  const system = systemCall('test', Date.now() + 60_000)
  const make = (ledger: Ledger) =>
    createOrder({ ledger, clock: () => now, log, settings, siblings: agreeable(noted) })

  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [orderSchema])
    order = make(scratch.ledger)
    twin = make(await scratch.another())
  })
  afterAll(() => scratch.drop())

  let products = 0
  async function product(initial: number): Promise<string> {
    const productId = `p${products++}`
    await order.door.openStock(system, { products: [{ productId, initial, price: 100, version: 1 }] })
    return productId
  }
  const place = (on: Order, call: Call, productId: string, quantity = 1, more: object = {}) =>
    on.door.placeOrder(call, { lines: [{ productId, quantity }], expectedTotal: quantity * 100, ...more })
  async function stock(productId: string) {
    const result = await order.door.getStock(system, { productId })
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value
  }
  async function paid(call: Call, productId: string, quantity = 1, more: object = {}): Promise<string> {
    const placed = await place(order, call, productId, quantity, more)
    if (!placed.ok) throw new Error(placed.refusal.detail)
    const { orderId } = placed.value
    await order.door.claimForPayment(call, { orderId, paymentId: `pay-${orderId}` })
    await order.door.markPaid(call, { orderId, paymentId: `pay-${orderId}`, paidAt: now })
    return orderId
  }

  it('sells exactly 50 of 50 to 200 buyers at once, through two processes', async () => {
    const productId = await product(50)
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => place(i % 2 ? order : twin, callOf(`g_${i}`), productId)),
    )
    expect(results.filter(result => result.ok)).toHaveLength(50)
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(new Set(['out_of_stock']))
    expect(await stock(productId)).toMatchObject({ available: 0, reserved: 50, version: 50 })
  })

  it('goes on from memory while another process changes the same rows', async () => {
    const productId = await product(10_000)
    let placed = 0
    for (let round = 0; round < 12; round++) {
      const on = round % 3 === 2 ? [order, twin] : [round % 2 ? order : twin]
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => place(on[i % on.length]!, callOf(`g_${i}`), productId)),
      )
      placed += results.filter(result => result.ok).length
    }
    expect(placed).toBe(480)
    expect(await stock(productId)).toMatchObject({ available: 9_520, reserved: 480, version: 480 })
  })

  it('answers a repeat as the first time, from either process, and refuses other content', async () => {
    const productId = await product(10)
    const first = await place(order, callOf('g_1', 'same'), productId)
    expect(await place(order, callOf('g_1', 'same'), productId)).toEqual(first)
    expect(await place(twin, callOf('g_1', 'same'), productId)).toEqual(first)
    expect(code(await place(order, callOf('g_1', 'same', 'guest', 'other'), productId, 2))).toBe(
      'idempotency_key_reused',
    )
    expect(await stock(productId)).toMatchObject({ reserved: 1 })
  })

  it('takes a new price from the event, and the old expectation is refused with the new total', async () => {
    const productId = await product(10)
    await place(order, callOf('g_1'), productId)
    const payload = { productId, price: 120, onSale: true, saleStartsAt: null, memberLimit: null }
    const offers = twin.consumers.find(consumer => consumer.types.includes('product.changed'))!
    await offers.handle([{ type: 'product.changed', key: productId, version: 2, payload }])
    const refused = await place(order, callOf('g_2'), productId)
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'price_changed', fields: { total: 120 } } })
    await offers.handle([
      { type: 'product.changed', key: productId, version: 1, payload: { ...payload, price: 1 } },
    ])
    expect(
      code(
        await order.door.placeOrder(callOf('g_3'), {
          lines: [{ productId, quantity: 1 }],
          expectedTotal: 120,
        }),
      ),
    ).toBe('ok')
  })

  it('lets either expiry or payment have an order, never both', async () => {
    const productId = await product(100)
    const buyers = Array.from({ length: 40 }, (_, i) => callOf(`g_${i}`))
    const orders = await Promise.all(buyers.map(call => place(order, call, productId)))
    now += settings.paymentWindow + 1
    for (const i of orders.keys()) booked.add(`p${i}`)
    const expiry = twin.sweeps.find(sweep => sweep.name === 'order.expiry')!
    const [claims] = await Promise.all([
      Promise.all(
        orders.map((result, i) => {
          if (!result.ok) throw new Error(result.refusal.detail)
          return order.door.claimForPayment(buyers[i]!, { orderId: result.value.orderId, paymentId: `p${i}` })
        }),
      ),
      expiry.run(now),
    ])
    await expiry.run(now)
    const claimed = claims.filter(result => result.ok).length
    expect(new Set(claims.filter(result => !result.ok).map(code)).size).toBeLessThanOrEqual(1)
    expect(await stock(productId)).toMatchObject({ reserved: claimed, available: 100 - claimed })
  })

  it('says nothing from memory that another process may have changed', async () => {
    const productId = await product(10)
    const call = callOf('g_1')
    const placed = await place(order, call, productId)
    const orderId = placed.ok ? placed.value.orderId : ''
    const claim = (on: Order, paymentId: string) => on.door.claimForPayment(call, { orderId, paymentId })
    expect(code(await claim(order, 'first'))).toBe('ok')
    expect(code(await twin.door.releasePayment(call, { orderId, paymentId: 'first' }))).toBe('ok')
    expect(code(await claim(twin, 'second'))).toBe('ok')
    expect(code(await claim(order, 'first'))).toBe('payment_open')
  })

  it('refunds never more than was bought, however many ask at once', async () => {
    const productId = await product(10)
    const call = callOf('g_1')
    const orderId = await paid(call, productId, 5)
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? order : twin).door.refundOrder(callOf('g_1'), {
          orderId,
          lines: [{ lineNo: 0, quantity: 2 }],
        }),
      ),
    )
    expect(results.filter(result => result.ok)).toHaveLength(2)
    expect(await stock(productId)).toMatchObject({ sold: 5, returned: 4, available: 9 })
    const after = await order.door.getOrder(call, { orderId })
    expect(after).toMatchObject({ ok: true, value: { state: 'paid', refundedTotal: 400 } })
    const rest = await order.door.refundOrder(callOf('g_1'), { orderId })
    expect(rest).toMatchObject({ ok: true, value: { amount: 100, state: 'done' } })
    expect(await order.door.getOrder(call, { orderId })).toMatchObject({
      value: { state: 'refunded', refundedTotal: 500 },
    })
  })

  it('shows an order to its owner and by its secret link, to nobody else', async () => {
    const productId = await product(1)
    const call = callOf('g_owner')
    const placed = await place(order, call, productId)
    const orderId = placed.ok ? placed.value.orderId : ''
    expect(code(await order.door.getOrder(callOf('g_other'), { orderId }))).toBe('not_found')
    expect(code(await order.door.cancelOrder(callOf('g_other'), { orderId }))).toBe('not_found')
    expect(code(await order.door.getOrder(callOf('g_other'), { orderId, secret: 'wrong' }))).toBe('not_found')
  })

  it('runs an order with coupon and points as a saga, and gives all back when it is cancelled', async () => {
    const productId = await product(10)
    const call = callOf('m_1', 'saga-1', 'member')
    const placed = await place(order, call, productId, 4, { couponId: 'c1', points: 30, expectedTotal: 320 })
    expect(placed).toMatchObject({ ok: true, value: { state: 'placed', total: 320 } })
    expect(
      await place(order, call, productId, 4, { couponId: 'c1', points: 30, expectedTotal: 320 }),
    ).toEqual(placed)
    const orderId = placed.ok ? placed.value.orderId : ''
    noted.length = 0
    const part = await order.door.cancelOrder(callOf('m_1', undefined, 'member'), {
      orderId,
      lines: [{ lineNo: 0, quantity: 1 }],
    })
    expect(part).toMatchObject({ ok: true, value: { goodsTotal: 300, discount: 38, points: 23, total: 239 } })
    await order.sweeps.find(sweep => sweep.name === 'order.sagas')!.run(now + 60_000)
    expect(noted).toEqual(['return 7'])
    const whole = await order.door.cancelOrder(callOf('m_1', undefined, 'member'), { orderId })
    expect(whole).toMatchObject({ ok: true, value: { state: 'cancelled', total: 0 } })
    expect(noted).toEqual(['return 7', `giveBack ${orderId}`, 'return 23'])
    expect(await stock(productId)).toMatchObject({ available: 10, reserved: 0 })
  })

  it('turns a saga round when the total is not the expected one', async () => {
    const productId = await product(10)
    const call = callOf('m_1', 'saga-2', 'member')
    const wrong = { couponId: 'c1', points: 30, expectedTotal: 999 }
    expect(code(await place(order, call, productId, 4, wrong))).toBe('price_changed')
    expect(code(await place(order, call, productId, 4, wrong))).toBe('price_changed')
    expect(await stock(productId)).toMatchObject({ available: 10, reserved: 0 })
  })

  it('keeps a limit per member over many orders at once, and gives it back', async () => {
    const productId = await product(100)
    const offers = order.consumers.find(consumer => consumer.types.includes('product.changed'))!
    const payload = { productId, price: 100, onSale: true, saleStartsAt: null, memberLimit: 3 }
    await offers.handle([{ type: 'product.changed', key: productId, version: 2, payload }])
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        place(i % 2 ? order : twin, callOf('m_9', undefined, 'member'), productId),
      ),
    )
    expect(results.filter(result => result.ok)).toHaveLength(3)
    expect(code(await place(order, callOf('g_9'), productId))).toBe('members_only')
    const first = results.find(result => result.ok)
    const orderId = first?.ok ? first.value.orderId : ''
    expect(code(await order.door.cancelOrder(callOf('m_9', undefined, 'member'), { orderId }))).toBe('ok')
    expect(code(await place(order, callOf('m_9', undefined, 'member'), productId))).toBe('ok')
    expect(code(await place(order, callOf('m_9', undefined, 'member'), productId))).toBe('purchase_limit')
  })

  it('adjusts stock never below zero, and keeps a journal without a gap', async () => {
    const productId = await product(5)
    const adjust = (change: number) =>
      order.door.adjustStock(callOf('m_boss'), { productId, change, reason: 'count' })
    const results = await Promise.all([-3, -3, 4, -3, -3].map(adjust))
    expect(results.filter(result => result.ok).length).toBeGreaterThanOrEqual(3)
    const journal = await order.door.stockJournal(system, { productId })
    const { available, version } = await stock(productId)
    expect(available).toBeGreaterThanOrEqual(0)
    if (!journal.ok) throw new Error('no journal')
    expect(journal.value.changes.map(change => change.version)).toEqual(
      Array.from({ length: version }, (_, i) => version - i),
    )
  })
})
