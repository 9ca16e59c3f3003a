// For tests: all modules of the shop on a scratch ledger, in this process, with a little of everything in its books.

import { loadConfig } from '../../platform/config/load-config.ts'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { createDirectTransport } from '../../platform/events/direct-transport.ts'
import { shortHash } from '../../platform/events/event.ts'
import { Relay } from '../../platform/events/relay.ts'
import { createLog } from '../../platform/log/log.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { type Composed, compose, type Doors, schemas } from '../../services/compose.ts'
import type { LedgerEngine } from './engines.ts'
import { openScratchLedger, type ScratchLedger } from './ledgers.ts'

const HOUR = 3_600_000
const PRICE = 250

export class SmallShop {
  readonly scratch: ScratchLedger
  readonly doors: Doors
  private ahead = 0
  private readonly composed: Composed
  private readonly relay: Relay
  private keys = 0

  private constructor(scratch: ScratchLedger, composed: Composed, log: ReturnType<typeof createLog>) {
    this.scratch = scratch
    this.composed = composed
    this.doors = composed.doors
    const { ledger } = scratch
    const transport = createDirectTransport(composed.consumers, { ledger, clock: this.clock, log })
    this.relay = new Relay({ ledger, clock: this.clock, log, transport })
  }

  readonly clock = (): number => Date.now() + this.ahead

  static async open(engine: LedgerEngine): Promise<SmallShop> {
    const [, ...own] = schemas // the platform's are there
    const scratch = await openScratchLedger(engine, own)
    const log = createLog({ level: 'silent', name: 'test' })
    const composed = await compose({
      config: loadConfig({ env: { LEVEE_MAIL_TRANSPORT: 'none' }, folder: import.meta.dirname }),
      ledger: scratch.ledger,
      redis: null,
      kafka: null,
      health: new Map(),
      self: { process: 'test', service: 'shop' },
      log,
      clock: Date.now,
      secrets: { linkKey: 'link', webhookKey: 'webhook' },
      observe: () => {},
      baseUrl: 'http://shop.example.org',
      forget: () => {},
    })
    return new SmallShop(scratch, composed, log)
  }

  /** Ten of products A and B; coupon, points, a refund, a cancellation, an open order. Ids: `paid`, `spent`, … */
  async fill(): Promise<{ couponId: string }> {
    const { product, order, coupon, point } = this.doors
    const ids = ['A', 'B']
    const products = ids.map(productId => ({ productId, name: `product ${productId}`, price: PRICE }))
    await must(product.importProducts(this.system(), { products }))
    const stock = ids.map(productId => ({ productId, initial: 10, price: PRICE, version: 1 }))
    await must(order.openStock(this.system(), { products: stock }))
    await must(order.adjustStock(this.admin(), { productId: 'A', change: 5, reason: 'found in the attic' }))
    const now = this.clock()
    const { couponId } = await must(
      coupon.createCoupon(this.admin(), {
        ...{ name: 'ten off', kind: 'percent' as const, value: 10, quota: 3 },
        ...{ opensAt: now - HOUR, closesAt: now + HOUR, usableUntil: now + HOUR },
      }),
    )
    for (const memberId of ['m_1', 'm_2']) {
      await must(coupon.claimCoupon(this.member(memberId), { couponId }))
      await must(point.adjustPoints(this.admin(), { memberId, points: 100, reason: 'welcome' }))
    }
    await this.buy('m_1', 'order-paid', [2, 2])
    await this.buy('m_1', 'order-spent', [2, 1], { couponId, points: 50 })
    await this.buy('m_2', 'order-refunded', [2, 0])
    await this.place('m_2', 'order-open', [1, 1], { couponId })
    await this.place('m_2', 'order-cancelled', [1, 0])
    await must(order.cancelOrder(this.member('m_2'), { orderId: 'order-cancelled' }))
    const lines = [{ lineNo: 0, quantity: 1 }]
    await must(order.refundOrder(this.member('m_2'), { orderId: 'order-refunded', lines }))
    await this.deliver()
    return { couponId }
  }

  /** An order of so many of A and B. */
  async place(memberId: string, orderId: string, [a, b]: [number, number], more: object = {}): Promise<void> {
    const lines = [
      { productId: 'A', quantity: a },
      { productId: 'B', quantity: b },
    ].filter(line => line.quantity > 0)
    const goods = (a + b) * PRICE
    const { couponId, points = 0 } = more as { couponId?: string; points?: number }
    const expectedTotal = goods - (couponId === undefined ? 0 : Math.floor(goods / 10)) - points
    await must(this.doors.order.placeOrder(this.member(memberId), { orderId, lines, expectedTotal, ...more }))
  }

  async buy(memberId: string, orderId: string, units: [number, number], more: object = {}): Promise<void> {
    await this.place(memberId, orderId, units, more)
    await must(
      this.doors.payment.payOrder(this.member(memberId), {
        orderId,
        paymentId: `pay-${orderId}`,
        token: 'tok_ok',
      }),
    )
  }

  /** Every event to every consumer: 400 turns are more than any case needs. */
  async deliver(): Promise<void> {
    for (let turn = 0; turn < 400; turn++) {
      const db = this.scratch.ledger.reads<PlatformTables>()
      const left = await db.selectFrom('outbox').select('seq').limit(1).execute()
      if (left.length === 0) return
      await this.relay.turn()
      this.ahead += 50
    }
    throw new Error('events are still under way')
  }

  /** Every sweep, until nothing of it is due. */
  async sweep(): Promise<void> {
    for (const { module } of this.composed.modules)
      for (const sweep of module.sweeps) while ((await sweep.run(Date.now())) > 0);
  }

  async drop(): Promise<void> {
    await this.relay.stop()
    await Promise.all(this.composed.modules.map(({ module }) => module.drain()))
    await this.composed.close()
    await this.scratch.drop()
  }

  private system(): Call {
    return systemCall('test', this.clock())
  }
  private admin(): Call {
    return this.call('m_admin', 'administrator')
  }
  private member(memberId: string): Call {
    return this.call(memberId, 'customer')
  }
  private call(id: string, role: 'customer' | 'administrator'): Call {
    const key = `key-${this.keys++}`
    return {
      principal: { kind: 'member', id, roles: [role], channelId: null, email: null },
      requestId: key,
      deadline: Date.now() + 60_000,
      idempotency: { id: shortHash(key), fingerprint: shortHash(key) },
    }
  }
}

async function must<T>(result: Promise<Result<T>>): Promise<T> {
  const answer = await result
  if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.detail}`)
  return answer.value
}
