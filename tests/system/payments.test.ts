// Payments before a provider that is a server of its own, and behaves badly: one capture an order, whatever arrives
// twice, late or never; and never more given back than was taken. What counts is what the provider's books say.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { webhookSignature } from '../../modules/payment/receive-webhook.ts'
import { type Account, refundedOf } from '../../services/sandbox-provider/books.ts'
import { type SandboxProvider, startSandboxProvider } from '../../services/sandbox-provider/server.ts'
import { codeOf, must, type Person } from '../support/people.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times, wins } from '../support/stall.ts'

const KEY = 'a-key-that-both-sides-know'
/** Longest wait of the shop for the provider, and what `tok_slow` takes, ms. */
const TIMEOUT_MS = 800
const SLOW_MS = 1_800
/** Until a sweep has looked again, ms. */
const SOON = { timeout: 25_000 }
const PAYMENT_WINDOW_S = 1

function suite(engine: ShopKind): void {
  let stall: Stall
  let provider: SandboxProvider

  beforeAll(async () => {
    provider = await startSandboxProvider({ port: 0, slowFor: SLOW_MS, webhookKey: KEY })
    stall = await Stall.open(engine, {
      env: {
        LEVEE_PAYMENT_PROVIDER_URL: provider.url,
        LEVEE_PAYMENT_PROVIDER_TIMEOUT: String(TIMEOUT_MS),
        LEVEE_PAYMENT_WEBHOOK_KEY: KEY,
      },
    })
    tellTheShop()
  })
  afterAll(async () => {
    await stall?.close()
    await provider?.close()
  })

  function tellTheShop(): void {
    provider.webhooks.options = {
      url: `${stall.shop.url}/v1/webhooks/payments`,
      key: KEY,
      lateFor: 300,
    }
  }
  const guest = () => stall.people.guest()
  const stateOf = async (who: Person, orderId: string) => must(await who.order.getOrder({ orderId })).state
  /** The provider's books of all attempts of an order. */
  async function accounts(who: Person, orderId: string): Promise<Account[]> {
    const attempts = await stall.payments(who, orderId)
    return attempts.flatMap(({ paymentId }) => provider.books.of(paymentId) ?? [])
  }
  /** What the customer has paid in the end. */
  const kept = (accountsOf: readonly Account[]): number =>
    accountsOf.reduce((sum, account) => sum + account.captured - account.voided - refundedOf(account), 0)
  async function paidOnce(who: Person, orderId: string, amount: number): Promise<void> {
    expect(await stateOf(who, orderId)).toBe('paid')
    const attempts = await stall.payments(who, orderId)
    expect(attempts.filter(attempt => attempt.state === 'captured')).toHaveLength(1)
    expect(kept(await accounts(who, orderId))).toBe(amount)
  }
  const signed = (paymentId: string, more: object = {}) => {
    const hook = {
      eventId: `e-${paymentId}`,
      type: 'payment.captured',
      paymentId,
      timestamp: nowS(),
      ...more,
    }
    return { ...hook, signature: webhookSignature(KEY, hook) }
  }
  const nowS = () => Math.floor(Date.now() / 1000)

  it('takes one payment under one key, however often it is asked at once', async () => {
    const productId = await stall.product(10)
    const who = guest()
    const orderId = await stall.placed(who, productId)
    const results = await times(30, () => stall.pay(who, orderId, 'tok_ok', 'the-only-key'))
    const { ok, request_in_flight: twins } = tally(results)
    expect([ok! > 0, ok! + (twins ?? 0)]).toEqual([true, 30])
    const first = must(await stall.pay(who, orderId, 'tok_ok', 'the-only-key'))
    for (const result of results) if (result.ok) expect(result.value).toEqual(first)
    expect(await stall.payments(who, orderId)).toHaveLength(1)
    await paidOnce(who, orderId, PRICE)
    expect(codeOf(await stall.pay(who, orderId, 'tok_other', 'the-only-key'))).toBe('idempotency_key_reused')
  })

  it('takes one payment of many under keys of their own, and says why to the others', async () => {
    const productId = await stall.product(10)
    const who = guest()
    for (const token of ['tok_ok', 'tok_webhook_twice', 'tok_webhook_reordered', 'tok_webhook_late']) {
      const orderId = await stall.placed(who, productId)
      const results = await times(12, () => stall.pay(who, orderId, token))
      expect(wins(results)).toBe(1)
      const codes = Object.keys(tally(results)).filter(code => code !== 'ok')
      expect(codes.filter(code => !['payment_open', 'order_state', 'payment_state'].includes(code))).toEqual(
        [],
      )
      expect(codeOf(await stall.pay(who, orderId))).toBe('order_state')
      await paidOnce(who, orderId, PRICE)
    }
    expect(await stall.stock(productId)).toMatchObject({ reserved: 0, sold: 4 })
  })

  it('captures once where client and webhooks come together', async () => {
    const productId = await stall.product(100)
    const who = guest()
    const orders = await times(20, () => stall.placed(who, productId))
    await times(orders.length, async i => {
      const orderId = orders[i]!
      const paymentId = `together-${engine.name}-${i}`
      const hooks = () => times(3, () => stall.people.nobody().payment.receiveWebhook(signed(paymentId)))
      const pay = () =>
        who.payment.payOrder(
          { orderId, paymentId, token: 'tok_webhook_twice' },
          { idempotencyKey: `together-${i}` },
        )
      const [paid, heard] = await Promise.all([pay(), hooks(), pay(), hooks()])
      expect(['ok', 'request_in_flight']).toContain(codeOf(paid))
      expect(wins(heard)).toBe(3)
    })
    for (const orderId of orders) {
      await expect.poll(() => stateOf(who, orderId), SOON).toBe('paid')
      await paidOnce(who, orderId, PRICE)
    }
    expect(await stall.stock(productId)).toMatchObject({ reserved: 0, sold: 20 })
  })

  it.each(['tok_drop', 'tok_slow'])(
    'asks what became of a payment without an answer (%s): charged once',
    async token => {
      const productId = await stall.product(10)
      const who = guest()
      const orderId = await stall.placed(who, productId)
      const key = `unknown-${token}`
      // The webhooks stay away: the shop must find out by itself.
      provider.webhooks.options = { ...provider.webhooks.options, url: '' }
      provider.control('lookUp', 'lost', 1)
      expect(must(await stall.pay(who, orderId, token, key)).state).toBe('unknown')
      expect(codeOf(await stall.pay(who, orderId))).toBe('payment_open')
      expect(codeOf(await who.order.cancelOrder({ orderId }))).toBe('order_state')
      await expect.poll(() => stateOf(who, orderId), SOON).toBe('paid')
      tellTheShop()
      await paidOnce(who, orderId, PRICE)
      expect(await stall.payments(who, orderId)).toHaveLength(1)
      expect(must(await stall.pay(who, orderId, token, key)).orderId).toBe(orderId)
      await paidOnce(who, orderId, PRICE)
    },
  )

  it('sees a capture through whose answer was lost', async () => {
    const productId = await stall.product(10)
    const who = guest()
    const orderId = await stall.placed(who, productId)
    provider.control('capture', 'drop', 1)
    must(await stall.pay(who, orderId))
    await expect.poll(() => stateOf(who, orderId), SOON).toBe('paid')
    await paidOnce(who, orderId, PRICE)
  })

  it('lets who was declined try again, and charges only what was accepted', async () => {
    const productId = await stall.product(10)
    const who = guest()
    const orderId = await stall.placed(who, productId)
    const declined = () => stall.pay(who, orderId, 'tok_declined', 'the-declined-key')
    expect(codeOf(await declined())).toBe('payment_declined')
    expect(codeOf(await declined())).toBe('payment_declined')
    expect(await stateOf(who, orderId)).toBe('placed')
    must(await stall.pay(who, orderId))
    expect(codeOf(await declined())).toMatch(/payment_declined|order_state/)
    const states = (await stall.payments(who, orderId)).map(attempt => attempt.state)
    expect(states.sort()).toEqual(['captured', 'declined'])
    await paidOnce(who, orderId, PRICE)
  })

  it('hears only webhooks that are signed, fresh and as they were signed', async () => {
    const productId = await stall.product(10)
    const who = guest()
    const orderId = await stall.placed(who, productId)
    const { paymentId } = must(await stall.pay(who, orderId))
    const tell = (hook: ReturnType<typeof signed>) => stall.people.nobody().payment.receiveWebhook(hook)
    const good = signed(paymentId)
    expect(codeOf(await tell(good))).toBe('ok')
    expect(codeOf(await tell(signed('nobody-knows-it')))).toBe('ok')
    const forged = [
      { ...good, signature: '0'.repeat(64) },
      { ...good, paymentId: 'another-payment' },
      { ...good, type: 'payment.voided' },
      { ...good, eventId: 'another-event' },
      { ...good, timestamp: good.timestamp + 1 },
      { ...good, signature: webhookSignature('another-key-than-ours', good) },
      signed(paymentId, { timestamp: nowS() - 3_600 }),
      signed(paymentId, { timestamp: nowS() + 3_600 }),
    ]
    expect(tally(await times(forged.length, i => tell(forged[i]!)))).toEqual({ bad_signature: forged.length })
    // What a webhook says is a hint: a paid order stays paid though it says the payment was voided.
    expect(codeOf(await tell(signed(paymentId, { type: 'payment.voided' })))).toBe('ok')
    await paidOnce(who, orderId, PRICE)
  })

  it('refunds once each what many ask for at once, and no more than was bought', async () => {
    const productId = await stall.product(50)
    const who = guest()
    const orderId = await stall.bought(who, productId, 7)
    const refund = (quantity: number, key: string, refundId?: string) =>
      who.order.refundOrder(
        { orderId, lines: [{ lineNo: 0, quantity }], ...(refundId === undefined ? {} : { refundId }) },
        { idempotencyKey: key },
      )
    const same = await times(8, () => refund(1, 'one-refund-key'))
    expect(Object.keys(tally(same)).filter(code => !['ok', 'request_in_flight'].includes(code))).toEqual([])
    expect(await stall.stock(productId)).toMatchObject({ returned: 1 })
    const race = await times(10, i => refund(2, `racing-refund-${i}`))
    expect(tally(race)).toEqual({ ok: 3, [codeOf(race.find(one => !one.ok)!)]: 7 })
    expect(codeOf(await refund(1, 'one-too-many'))).toBe('order_state')
    await expect
      .poll(async () => must(await who.order.getOrder({ orderId })), SOON)
      .toMatchObject({ state: 'refunded', refundedTotal: 7 * PRICE })
    expect(kept(await accounts(who, orderId))).toBe(0)
    expect(await stall.stock(productId)).toMatchObject({ sold: 7, returned: 7, available: 50 })
  })

  it('gives money back once where the provider loses the refund, or its answer', async () => {
    const productId = await stall.product(50)
    const who = guest()
    for (const behaviour of ['lost', 'drop', 'error'] as const) {
      const orderId = await stall.bought(who, productId, 2)
      provider.control('refund', behaviour, 1)
      const refund = () =>
        who.order.refundOrder(
          { orderId, lines: [{ lineNo: 0, quantity: 1 }] },
          { idempotencyKey: `refund-${behaviour}` },
        )
      const first = must(await refund())
      expect(first.state).toBe('pending')
      await expect.poll(async () => kept(await accounts(who, orderId)), SOON).toBe(PRICE)
      expect(must(await refund()).refundId).toBe(first.refundId)
      expect(kept(await accounts(who, orderId))).toBe(PRICE)
    }
    expect(await stall.stock(productId)).toMatchObject({ sold: 6, returned: 3 })
  })

  it('lets one order’s failure touch no other order', async () => {
    const productId = await stall.product(50)
    const who = guest()
    const [good, bad] = [await stall.bought(who, productId), await stall.placed(who, productId)]
    const taken = must(await stall.pay(who, await stall.placed(who, productId))).paymentId
    expect(codeOf(await who.payment.payOrder({ orderId: bad, paymentId: taken, token: 'tok_ok' }))).toBe(
      'id_taken',
    )
    expect(codeOf(await stall.pay(who, bad, 'tok_declined'))).toBe('payment_declined')
    must(await who.order.cancelOrder({ orderId: bad }))
    await paidOnce(who, good, PRICE)
    await stall.booksBalance()
  })

  it('lets payment or expiry win, never both and never neither', { timeout: 60_000 }, async () => {
    expect(await stall.shop.stop()).toBe(0)
    await stall.restart({ LEVEE_ORDER_PAYMENT_WINDOW: String(PAYMENT_WINDOW_S) })
    const productId = await stall.product(100)
    const who = guest()
    const orders = await times(24, () => stall.order(who, productId)).then(all => all.map(must))
    // Held by a payment without an answer when its time is over: it waits for the outcome.
    provider.webhooks.options = { ...provider.webhooks.options, url: '' }
    const holding = await stall.placed(who, productId)
    provider.control('authorise', 'drop', 1)
    provider.control('lookUp', 'lost', 3)
    expect(must(await stall.pay(who, holding)).state).toBe('unknown')

    // All at once, at the moment in which the first orders expire.
    await expect
      .poll(() => Date.now(), { interval: 1, timeout: 5_000 })
      .toBeGreaterThanOrEqual(Math.min(...orders.map(order => order.expiresAt!)))
    const racing = await times(orders.length, async i => {
      const { orderId } = orders[i]!
      return { orderId, paid: await stall.pay(who, orderId) }
    })
    for (const { orderId, paid } of racing) {
      await expect.poll(() => stateOf(who, orderId), SOON).toMatch(/^(paid|expired)$/)
      const state = await stateOf(who, orderId)
      expect([state, codeOf(paid)]).toEqual(paid.ok ? ['paid', 'ok'] : ['expired', 'order_state'])
      expect(kept(await accounts(who, orderId))).toBe(state === 'paid' ? PRICE : 0)
    }
    await expect.poll(() => stateOf(who, holding), SOON).toBe('paid')
    await paidOnce(who, holding, PRICE)
    const sold = racing.filter(one => one.paid.ok).length + 1
    expect(await stall.stock(productId)).toMatchObject({ sold, reserved: 0, available: 100 - sold })
    const late = await stall.placed(who, productId)
    await expect.poll(() => stateOf(who, late), SOON).toBe('expired')
    expect(codeOf(await stall.pay(who, late))).toBe('order_state')
    expect(await accounts(who, late)).toEqual([])
    await stall.booksBalance()
  })
}

onEveryShop('payments', suite)
