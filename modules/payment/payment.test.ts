// Payments on real ledgers with the sandbox provider as a real server: one capture an order, whatever goes wrong.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { Gate } from '../../tests/support/gate.ts'
import { AMOUNT, callOf, code, KEY, PaymentBed } from '../../tests/support/payment-bed.ts'
import type { PaymentProvider } from './provider.ts'
import { webhookSignature } from './receive-webhook.ts'
import { NEVER_ARRIVED_MS } from './settle-payment.ts'

onEveryLedger('payments', engine => {
  let bed: PaymentBed
  beforeAll(async () => {
    bed = await PaymentBed.open(engine)
  })
  afterAll(() => bed.drop())

  const state = (orderId: string) => bed.orders.orders.get(orderId)!
  /** The order is paid once, by one capture of its whole amount. */
  async function expectPaidOnce(orderId: string): Promise<void> {
    expect(state(orderId)).toMatchObject({ state: 'paid', timesPaid: 1 })
    expect(await bed.takenFor(orderId)).toEqual({ captured: AMOUNT, kept: AMOUNT, held: 0, times: 1 })
    const slot = await bed.slot(orderId)
    expect(slot).toMatchObject({ captured: AMOUNT, refunded: 0, open_payment_id: null })
    const captured = (await bed.rows(orderId)).filter(row => row.state === 'captured')
    expect(captured.map(row => row.payment_id)).toEqual([state(orderId).paymentId])
    expect(captured[0]).toMatchObject({ next_check_at: null })
  }
  /** Nothing is kept and nothing is held. */
  async function expectNothingTaken(orderId: string): Promise<void> {
    expect(await bed.takenFor(orderId)).toMatchObject({ kept: 0, held: 0 })
    expect(await bed.slot(orderId)).toMatchObject({ captured_payment_id: null, captured: 0 })
  }
  const signed = (paymentId: string, type = 'payment.captured', key = KEY) => {
    const message = { timestamp: Math.floor(bed.clock() / 1000), eventId: 'e1', type, paymentId }
    return { ...message, signature: webhookSignature(key, message) }
  }
  const system = () => systemCall('test', bed.clock())

  it('takes an order’s money and answers a repeat the same', async () => {
    const orderId = bed.orders.make()
    const call = callOf()
    const first = await bed.pay(orderId, 'tok_ok', call)
    expect(first).toMatchObject({ ok: true, value: { state: 'captured', amount: AMOUNT } })
    expect(await bed.pay(orderId, 'tok_ok', call, bed.twin)).toEqual(first)
    expect(code(await bed.pay(orderId))).toBe('order_state')
    await expectPaidOnce(orderId)
  })

  it('captures once when retries, another process, a webhook and time-outs meet', async () => {
    const orderIds = Array.from({ length: 6 }, () => bed.orders.make())
    bed.sandbox.control('capture', 'slow', 4)
    await Promise.all(
      orderIds.map(async (orderId, i) => {
        const call = callOf()
        const token = i % 2 ? 'tok_slow' : 'tok_webhook_twice'
        const tries = [bed.payment, bed.twin, bed.payment, bed.twin].map(on =>
          bed.pay(orderId, token, call, on),
        )
        const others = [bed.pay(orderId, 'tok_ok'), bed.pay(orderId, 'tok_ok', callOf(), bed.twin)]
        await vi.waitFor(async () => expect(await bed.rows(orderId)).not.toHaveLength(0))
        const [row] = await bed.rows(orderId)
        const hooks = [bed.payment, bed.twin].map(on =>
          on.door.receiveWebhook(system(), signed(row!.payment_id)),
        )
        await Promise.all([...tries, ...others, ...hooks])
      }),
    )
    await bed.sweepAll(bed.twin)
    for (const orderId of orderIds) await expectPaidOnce(orderId)
  })

  it('does not know after a dropped answer, asks, and never charges twice', async () => {
    const orderId = bed.orders.make()
    const call = callOf()
    // Without its webhook, which would settle it at once.
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    expect(await bed.pay(orderId, 'tok_drop', call)).toMatchObject({ ok: true, value: { state: 'unknown' } })
    expect(state(orderId).state).toBe('paying')
    expect(code(await bed.pay(orderId))).toBe('payment_open')
    await bed.sweepAll()
    quiet.mockRestore()
    await expectPaidOnce(orderId)
    expect(await bed.pay(orderId, 'tok_drop', call)).toMatchObject({ value: { state: 'captured' } })
    const [row] = await bed.rows(orderId)
    expect(bed.sandbox.books.of(row!.payment_id)?.requests).toMatchObject({ authorise: 1, capture: 1 })
  })

  it('gives up what never reached the provider only when it cannot arrive any more', async () => {
    const orderId = bed.orders.make()
    bed.sandbox.control('authorise', 'lost', 1)
    expect(await bed.pay(orderId)).toMatchObject({ value: { state: 'unknown' } })
    const [row] = await bed.rows(orderId)
    bed.ahead += NEVER_ARRIVED_MS / 2
    await bed.payment.door.settlePayment(system(), { paymentId: row!.payment_id })
    expect(await bed.rows(orderId)).toMatchObject([{ state: 'unknown' }])
    await bed.sweepAll()
    expect(await bed.rows(orderId)).toMatchObject([{ state: 'declined', next_check_at: null }])
    // Should it come after all, it finds the void.
    const { payment_id: paymentId, amount, currency } = row!
    const late = await bed.provider.authorise({ paymentId, amount, currency, token: 'tok_ok' })
    expect(late.state).toBe('voided')
    expect(await bed.pay(orderId)).toMatchObject({ value: { state: 'captured' } })
    await expectPaidOnce(orderId)
  })

  it('keeps nothing of a request that arrives while its payment is given up', async () => {
    const orderId = bed.orders.make()
    const slow = new Gate()
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    const laggard = bed.process({
      provider: {
        ...bed.provider,
        authorise: async charge => slow.pass(() => bed.provider.authorise(charge)),
      },
    })
    const paying = bed.pay(orderId, 'tok_ok', callOf(), laggard)
    await slow.reached
    await bed.sweepAll(bed.twin)
    slow.open()
    expect(code(await paying)).toBe('payment_declined')
    quiet.mockRestore()
    await expectNothingTaken(orderId)
    expect(state(orderId).state).toBe('placed')
    expect(await bed.pay(orderId)).toMatchObject({ value: { state: 'captured' } })
    await expectPaidOnce(orderId)
  })

  it('tries again after an error of the provider', async () => {
    const orderId = bed.orders.make()
    expect(await bed.pay(orderId, 'tok_error')).toMatchObject({ value: { state: 'unknown' } })
    await bed.sweepAll()
    // Nothing was done at the error, so nothing was taken, and the order can be paid.
    await expectNothingTaken(orderId)
    expect(await bed.pay(orderId)).toMatchObject({ value: { state: 'captured' } })
  })

  it('lets an order be paid after a decline', async () => {
    const orderId = bed.orders.make()
    const call = callOf()
    expect(code(await bed.pay(orderId, 'tok_declined', call))).toBe('payment_declined')
    expect(code(await bed.pay(orderId, 'tok_declined', call, bed.twin))).toBe('payment_declined')
    expect(await bed.pay(orderId, 'tok_ok', callOf(), bed.twin)).toMatchObject({
      value: { state: 'captured' },
    })
    await expectPaidOnce(orderId)
  })

  it('does not hold an order again by a webhook that was on its way when the decline was told', async () => {
    const orderId = bed.orders.make()
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    const slow = new Gate()
    const laggard = bed.process({
      provider: {
        ...bed.provider,
        authorise: async charge => slow.pass(() => bed.provider.authorise(charge)),
      },
    })
    const claims: string[] = []
    const hooked = bed.process({
      order: {
        ...bed.orders.door,
        claimForPayment: async (call, input) => {
          claims.push(input.paymentId)
          return bed.orders.door.claimForPayment(call, input)
        },
      },
    })
    const paying = bed.pay(orderId, 'tok_declined', callOf(), laggard)
    await slow.reached
    const [row] = await bed.rows(orderId)
    const hook = () => hooked.door.receiveWebhook(system(), signed(row!.payment_id))
    // Not its turn: whoever is at it will know.
    expect(code(await hook())).toBe('ok')
    expect(claims).toEqual([])
    slow.open()
    expect(code(await paying)).toBe('payment_declined')
    expect(code(await hook())).toBe('ok')
    expect(claims).toEqual([])
    expect(state(orderId).state).toBe('placed')
    expect(await bed.rows(orderId)).toMatchObject([{ state: 'declined' }])
    quiet.mockRestore()
  })

  it('lets go of an order that another payment still holds', async () => {
    const orderId = bed.orders.make()
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    const first = await bed.pay(orderId, 'tok_drop')
    if (!first.ok) throw new Error(first.refusal.detail)
    // A process that died after it let go of the order and before it closed its payment.
    Object.assign(state(orderId), { state: 'placed', paymentId: null })
    expect(['payment_open', 'payment_state']).toContain(code(await bed.pay(orderId)))
    expect(state(orderId).paymentId === null || state(orderId).paymentId === first.value.paymentId).toBe(true)
    await bed.sweepAll()
    quiet.mockRestore()
    await expectPaidOnce(orderId)
  })

  it('voids the money of an order that died', async () => {
    const orderId = bed.orders.make()
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    expect(await bed.pay(orderId, 'tok_drop')).toMatchObject({ value: { state: 'unknown' } })
    Object.assign(state(orderId), { state: 'cancelled', paymentId: null })
    bed.sandbox.control('void', 'error', 2)
    await bed.sweepAll()
    quiet.mockRestore()
    expect(await bed.rows(orderId)).toMatchObject([{ state: 'voided', next_check_at: null }])
    await expectNothingTaken(orderId)
  })

  it('gives back what was captured for an order that died, although the first void fails', async () => {
    const orderId = bed.orders.make()
    const dying = bed.process({
      provider: {
        ...bed.provider,
        capture: async paymentId => {
          Object.assign(state(orderId), { state: 'cancelled', paymentId: null })
          return bed.provider.capture(paymentId)
        },
      },
    })
    const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    bed.sandbox.control('void', 'error', 1)
    expect(code(await bed.pay(orderId, 'tok_ok', callOf(), dying))).toBe('provider_unavailable')
    const [row] = await bed.rows(orderId)
    // What the consumer of the capture's event does.
    const settled = await bed.twin.door.settlePayment(system(), { paymentId: row!.payment_id })
    expect(settled).toMatchObject({ ok: true, value: { state: 'voided' } })
    quiet.mockRestore()
    await expectNothingTaken(orderId)
  })

  describe('a process that dies between two steps', () => {
    const steps = ['authorise', 'capture', 'claimForPayment', 'markPaid', 'releasePayment'] as const
    const cases = steps.flatMap(step => [
      { step, when: 'before' as const },
      { step, when: 'after' as const },
    ])
    it.each(cases)('$when $step: the sweeps bring it to its end', async ({ step, when }) => {
      const orderId = bed.orders.make()
      const call = callOf()
      const quiet = vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
      let deaths = 0
      const death = new Error('the process died')
      const dying = <T extends object>(neighbour: T): T =>
        new Proxy(neighbour, {
          get(target, name, self) {
            const real = Reflect.get(target, name, self) as unknown
            if (name !== step || typeof real !== 'function') return real
            return async (...args: unknown[]) => {
              if (deaths++ > 0) return real.apply(target, args)
              if (when === 'after') await real.apply(target, args)
              throw death
            }
          },
        })
      const mortal = bed.process({
        provider: dying(bed.provider as PaymentProvider),
        order: dying(bed.orders.door),
      })
      await bed
        .pay(orderId, step === 'releasePayment' ? 'tok_declined' : 'tok_ok', call, mortal)
        .catch(error => {
          expect(error).toBe(death)
        })
      expect(deaths).toBeGreaterThan(0)
      // A restarted shop: the sweeps, and the event of a capture, which marks its order as paid.
      await bed.sweepAll(bed.twin)
      for (const row of await bed.rows(orderId))
        await bed.twin.door.settlePayment(system(), { paymentId: row.payment_id })
      const taken = await bed.takenFor(orderId)
      expect(taken.held).toBe(0)
      if (taken.kept > 0) await expectPaidOnce(orderId)
      else if (await bed.slot(orderId)) await expectNothingTaken(orderId)
      // The buyer tries again with the same key, or with another card: in the end it is paid once.
      const again = await bed.pay(orderId, 'tok_ok', callOf(), bed.twin)
      if (state(orderId).state === 'paying')
        // Claimed by an attempt that was never booked: its own retry goes on with it.
        expect(await bed.pay(orderId, 'tok_ok', call, bed.twin)).toMatchObject({ ok: true })
      else expect(['ok', 'order_state']).toContain(code(again))
      quiet.mockRestore()
      await expectPaidOnce(orderId)
    })
  })

  it('takes webhooks twice, late and out of order as hints, and none with a wrong signature', async () => {
    for (const token of ['tok_webhook_twice', 'tok_webhook_late', 'tok_webhook_reordered']) {
      const orderId = bed.orders.make()
      expect(await bed.pay(orderId, token)).toMatchObject({ value: { state: 'captured' } })
      const { paymentId } = state(orderId)
      const told = () => bed.webhooks.filter(hook => hook.paymentId === paymentId)
      await vi.waitFor(() => expect(told()).toHaveLength(token === 'tok_webhook_twice' ? 4 : 2), 5_000)
      expect(told().every(hook => hook.said === 'ok')).toBe(true)
      if (token === 'tok_webhook_reordered')
        expect(bed.sandbox.books.of(paymentId!)?.requests).toMatchObject({ authorise: 1, capture: 1 })
      await expectPaidOnce(orderId)
    }
    const orderId = bed.orders.make()
    const dropped = await bed.pay(orderId, 'tok_ok')
    if (!dropped.ok) throw new Error(dropped.refusal.detail)
    const good = signed(dropped.value.paymentId)
    for (const forged of [
      signed(dropped.value.paymentId, 'payment.captured', 'another key'),
      { ...good, type: 'payment.voided' },
      { ...good, paymentId: 'another' },
      { ...good, timestamp: good.timestamp - 1 },
    ])
      expect(code(await bed.payment.door.receiveWebhook(system(), forged))).toBe('bad_signature')
    const message = { timestamp: good.timestamp - 301, eventId: 'e1', type: 't', paymentId: 'p' }
    const old = { ...message, signature: webhookSignature(KEY, message) }
    expect(code(await bed.payment.door.receiveWebhook(system(), old))).toBe('bad_signature')
    expect(code(await bed.payment.door.receiveWebhook(system(), signed('never-heard-of')))).toBe('ok')
  })

  it('settles by its webhook what nobody else would', async () => {
    const orderId = bed.orders.make()
    // The webhook of the authorisation comes while its answer is lost.
    await bed.pay(orderId, 'tok_drop')
    await vi.waitFor(() => expect(state(orderId).state).toBe('paid'), 5_000)
    await expectPaidOnce(orderId)
  })

  it('never gives back more than was captured, and each refund once', async () => {
    const orderId = bed.orders.make()
    await bed.pay(orderId)
    const refund = (refundId: string, amount: number, on = bed.payment) =>
      on.door.refundPayment(system(), { refundId, orderId, amount })
    bed.sandbox.control('refund', 'drop', 2)
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        refund(`${orderId}-r${i % 6}`, 300, i % 2 ? bed.payment : bed.twin),
      ),
    )
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(new Set(['payment_state']))
    await bed.sweepAll()
    expect(await bed.slot(orderId)).toMatchObject({ captured: AMOUNT, refunded: 900 })
    expect(await bed.takenFor(orderId)).toMatchObject({ kept: 100, times: 1 })
    expect(code(await refund(`${orderId}-rest`, 101))).toBe('payment_state')
    expect(await refund(`${orderId}-rest`, 100)).toMatchObject({ value: { status: 'done' } })
    expect(await bed.takenFor(orderId)).toMatchObject({ kept: 0, times: 1 })
  })

  it('refuses other content under the id of a payment', async () => {
    const orderId = bed.orders.make()
    const paid = await bed.payment.door.payOrder(callOf('k1'), {
      orderId,
      token: 'tok_ok',
      paymentId: 'mine-0001',
    })
    expect(paid).toMatchObject({ value: { paymentId: 'mine-0001' } })
    const other = bed.orders.make()
    const stolen = await bed.twin.door.payOrder(callOf('k2'), {
      orderId: other,
      token: 'tok_ok',
      paymentId: 'mine-0001',
    })
    expect(code(stolen)).toBe('id_taken')
    expect(state(other)).toMatchObject({ state: 'placed', paymentId: null })
  })
})
