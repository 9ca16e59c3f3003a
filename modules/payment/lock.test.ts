// The lock of an order on its rungs, the same cases on each pair of them: money is taken once, and by whoever's turn it is.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Rung } from '../../resilience/ladders.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { Gate } from '../../tests/support/gate.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { AMOUNT, callOf, code, PaymentBed } from '../../tests/support/payment-bed.ts'
import { HOLD_MS } from './hold.ts'
import type { PaymentProvider } from './provider.ts'
import { redisRung } from './rung-redis.ts'

type LockRung = Rung<'payment.lock'>
const PAIRS: readonly [LockRung, LockRung][] = [
  ['sql', 'sql'],
  ['redis', 'sql'],
  ['redis', 'redis'],
]
const log = createLog({ level: 'silent', name: 'test' })

onEveryLedger('the payment lock', engine =>
  onEveryRedis('on', program => {
    let bed: PaymentBed
    let server: OwnRedis
    let redis: Redis
    beforeAll(async () => {
      bed = await PaymentBed.open(engine)
      server = await OwnRedis.start(program)
      redis = await openRedis({ url: server.url, commandTimeout: 1_000, log })
      // Webhooks would settle by themselves what is left behind here.
      vi.spyOn(bed.sandbox.webhooks, 'tell').mockImplementation(() => {})
    })
    afterAll(async () => {
      vi.restoreAllMocks()
      await redis.close()
      await bed.drop()
      await server.drop()
    })

    const state = (orderId: string) => bed.orders.orders.get(orderId)!
    async function expectPaidOnce(orderId: string): Promise<void> {
      expect(state(orderId)).toMatchObject({ state: 'paid', timesPaid: 1 })
      expect(await bed.takenFor(orderId)).toEqual({ captured: AMOUNT, kept: AMOUNT, held: 0, times: 1 })
      expect(await bed.slot(orderId)).toMatchObject({ captured: AMOUNT, refunded: 0, holder: null })
    }
    const asked = (paymentId: string) => bed.sandbox.books.of(paymentId)?.requests
    const system = () => systemCall('test', bed.clock())
    const only = async (orderId: string) => {
      const [row, ...more] = await bed.rows(orderId)
      expect(more).toEqual([])
      return row!
    }

    describe.each(PAIRS)('%s and %s', (first, second) => {
      const start = (rung: LockRung, change: Partial<PaymentProvider> = {}, ledger = bed.scratch.ledger) =>
        bed.process(
          {
            redis,
            ladders: fixedLadders({ 'payment.lock': rung }),
            provider: { ...bed.provider, ...change },
          },
          ledger,
        )
      /** A process on the second rung, and one on the first that stops where its provider has answered. */
      async function withSleeper(token = 'tok_ok') {
        const orderId = bed.orders.make()
        const gate = new Gate()
        const authorise: PaymentProvider['authorise'] = async charge => {
          const answer = await bed.provider.authorise(charge)
          return gate.pass(async () => answer)
        }
        const sleeper = start(first, { authorise })
        const paying = bed.pay(orderId, token, callOf(), sleeper)
        await gate.reached
        const { payment_id: paymentId } = await only(orderId)
        return { orderId, paymentId, paying, gate, awake: start(second, {}, await bed.scratch.another()) }
      }

      it('the provider is asked once for an order that many pay at once', async () => {
        const processes = [start(first), start(second, {}, await bed.scratch.another())]
        const orderIds = Array.from({ length: 8 }, () => bed.orders.make())
        await Promise.all(
          orderIds.map(orderId => {
            const call = callOf()
            const same = processes.flatMap(on => [1, 2].map(() => bed.pay(orderId, 'tok_ok', call, on)))
            const others = processes.map(on => bed.pay(orderId, 'tok_ok', callOf(), on))
            return Promise.all([...same, ...others])
          }),
        )
        await bed.sweepAll()
        for (const orderId of orderIds) {
          // An idle connection may close just when a request takes it: then it never arrived, and the buyer tries again.
          if (state(orderId).state === 'placed') await bed.pay(orderId)
          await expectPaidOnce(orderId)
          for (const { payment_id } of await bed.rows(orderId))
            for (const step of ['authorise', 'capture'] as const)
              expect(asked(payment_id)?.[step] ?? 0).toBeLessThanOrEqual(1)
        }
      })

      it('who comes second waits for a moment, is told to come again, and then hears the answer', async () => {
        const { orderId, paymentId, paying, gate, awake } = await withSleeper()
        const settling = awake.door.settlePayment(system(), { paymentId })
        expect(await settling).toMatchObject({ refusal: { code: 'payment_open', retryAfter: 1 } })
        gate.open()
        expect(await paying).toMatchObject({ value: { state: 'captured' } })
        const settled = await awake.door.settlePayment(system(), { paymentId })
        expect(settled).toMatchObject({ value: { state: 'captured' } })
        await expectPaidOnce(orderId)
        expect(asked(paymentId)).toMatchObject({ authorise: 1, capture: 1 })
      })

      it('a holder that slept past its time finds what became of it, and changes nothing', async () => {
        const { orderId, paymentId, paying, gate, awake } = await withSleeper()
        bed.ahead += HOLD_MS
        await redis.command('DEL', keyOf('test', families.paymentLock, orderId))
        const settled = await awake.door.settlePayment(system(), { paymentId })
        expect(settled).toMatchObject({ value: { state: 'captured' } })
        const row = await only(orderId)
        gate.open()
        expect(await paying).toMatchObject({ value: { state: 'captured' } })
        expect(await only(orderId)).toMatchObject({ state: row.state, checks: row.checks })
        bed.ahead = 0
        await expectPaidOnce(orderId)
        expect(asked(paymentId)).toMatchObject({ authorise: 1, capture: 1 })
      })

      it('a holder that slept is stopped by the fence while the next one is at work', async () => {
        const { orderId, paymentId, paying, gate } = await withSleeper()
        bed.ahead += HOLD_MS
        await redis.command('DEL', keyOf('test', families.paymentLock, orderId))
        const looking = new Gate()
        const lookUp: PaymentProvider['lookUp'] = id => looking.pass(() => bed.provider.lookUp(id))
        const next = start(second, { lookUp }, await bed.scratch.another())
        const settling = next.door.settlePayment(system(), { paymentId })
        await looking.reached
        const before = await only(orderId)
        gate.open()
        expect(code(await paying)).toBe('payment_open')
        expect(await only(orderId)).toEqual(before)
        expect(asked(paymentId)).not.toMatchObject({ capture: 1 })
        looking.open()
        expect(await settling).toMatchObject({ value: { state: 'captured' } })
        bed.ahead = 0
        await expectPaidOnce(orderId)
      })

      it('a sleeper whose card was declined does not let go of what the next one holds', async () => {
        const { orderId, paymentId, paying, gate } = await withSleeper('tok_declined')
        bed.ahead += HOLD_MS
        await redis.command('DEL', keyOf('test', families.paymentLock, orderId))
        const looking = new Gate()
        const lookUp: PaymentProvider['lookUp'] = id => looking.pass(() => bed.provider.lookUp(id))
        const next = start(second, { lookUp }, await bed.scratch.another())
        const settling = next.door.settlePayment(system(), { paymentId })
        await looking.reached
        gate.open()
        expect(code(await paying)).toBe('payment_open')
        expect(state(orderId)).toMatchObject({ state: 'paying', paymentId })
        looking.open()
        await settling
        bed.ahead = 0
        expect(state(orderId)).toMatchObject({ state: 'placed', paymentId: null })
      })

      it('stays right while Redis is emptied in the middle, and while it is away', async () => {
        const emptied = await withSleeper()
        await server.restart()
        await vi.waitFor(() => redis.ping(), 10_000)
        const early = await emptied.awake.door.settlePayment(system(), { paymentId: emptied.paymentId })
        expect(code(early)).toBe('payment_open')
        emptied.gate.open()
        expect(await emptied.paying).toMatchObject({ value: { state: 'captured' } })
        await expectPaidOnce(emptied.orderId)

        const away = await withSleeper()
        await server.kill()
        const late = await away.awake.door.settlePayment(system(), { paymentId: away.paymentId })
        expect(code(late)).toBe('payment_open')
        away.gate.open()
        expect(await away.paying).toMatchObject({ value: { state: 'captured' } })
        await expectPaidOnce(away.orderId)
        const orderId = bed.orders.make()
        expect(await bed.pay(orderId, 'tok_ok', callOf(), start(first))).toMatchObject({ ok: true })
        await expectPaidOnce(orderId)
        await server.restart()
        await vi.waitFor(() => redis.ping(), 10_000)
      })

      it('money that is about to go back stays, if its order was paid with it in between', async () => {
        const orderId = bed.orders.make()
        const call = callOf()
        const refused = new Gate()
        let letGo = true
        const door = {
          ...bed.orders.door,
          markPaid: async (...args: Parameters<typeof bed.orders.door.markPaid>) => {
            if (!letGo) return bed.orders.door.markPaid(...args)
            letGo = false
            // As a sweep on another process does that believes the payment never arrived.
            Object.assign(state(orderId), { state: 'placed', paymentId: null })
            const result = await bed.orders.door.markPaid(...args)
            return refused.pass(async () => result)
          },
        }
        const voider = bed.process({ redis, ladders: fixedLadders({ 'payment.lock': first }), order: door })
        const voiding = bed.pay(orderId, 'tok_ok', call, voider)
        await refused.reached
        // A repeat on a process that does not wait for the first: its key ran out in Redis.
        await redis.command('DEL', keyOf('test', families.paymentLock, orderId))
        const repeat = start(second, {}, await bed.scratch.another())
        expect(await bed.pay(orderId, 'tok_ok', call, repeat)).toMatchObject({ value: { state: 'captured' } })
        refused.open()
        expect(await voiding).toMatchObject({ value: { state: 'captured' } })
        await expectPaidOnce(orderId)
        expect(asked(state(orderId).paymentId!)).not.toMatchObject({ void: 1 })
      })
    })

    describe('in Redis', () => {
      const gate = () => redisRung(redis, 'test')
      const key = keyOf('test', families.paymentLock, 'o')
      const value = () => redis.command('GET', key)

      it('is held by one, with a life, and let go by whoever holds it only', async () => {
        const [one, two] = [gate(), gate()]
        expect(await one.enter('o', 'a')).toBe(true)
        expect(await two.enter('o', 'b')).toBe(false)
        expect(await redis.command('PTTL', key)).toBeGreaterThan(HOLD_MS / 2)
        // Its time ran out, and the next one is in.
        await redis.command('DEL', key)
        expect(await two.enter('o', 'b')).toBe(true)
        await redis.command('PEXPIRE', key, HOLD_MS / 2)
        one.extend('o', 'a')
        one.leave('o', 'a')
        // On the same connection: done before this is answered.
        expect(await value()).toBe('b')
        expect(await redis.command('PTTL', key)).toBeLessThanOrEqual(HOLD_MS / 2)
        two.extend('o', 'b')
        await expect.poll(() => redis.command('PTTL', key)).toBeGreaterThan(HOLD_MS / 2)
        two.leave('o', 'b')
        await expect.poll(value).toBeNull()
      })
    })
  }),
)
