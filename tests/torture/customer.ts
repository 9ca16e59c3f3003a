// One customer of a run: member or guest, who does what was planned and looks after each action until its end is known.

import type { Caller, Intent } from './caller.ts'
import type { Random } from './random.ts'
import type { RunClock } from './run-clock.ts'
import { type Buy, planVisit, type Visit, type Wares } from './visit.ts'

/** Minor units of each product, and what a coupon takes off. */
export const PRICE = 100
export const COUPON_VALUE = 10
/** Between two looks at a claim in the line, ms: grows up to the second. */
const LOOK_FIRST_MS = 100
const LOOK_MOST_MS = 1_000
/** Rows of a ranking: every product of a run. */
const RANKS = 100

export interface CustomerOptions {
  readonly name: string
  readonly caller: Caller
  readonly isMember: boolean
  readonly random: Random
  readonly wares: Wares
  readonly clock: RunClock
}

export class Customer {
  private readonly options: CustomerOptions
  private readonly usable = new Set<string>()
  /** Coupons that it was told are sold out. */
  readonly soldOut = new Set<string>()
  private made = 0

  constructor(options: CustomerOptions) {
    this.options = options
  }

  /** Comes again and again until the load is over; ends when each of its actions has. */
  async shop(isOpen: () => boolean): Promise<void> {
    const { random, wares, clock } = this.options
    while (isOpen()) {
      const { visit, think, process } = planVisit(random, wares)
      await clock.wait(think)
      if (isOpen()) await this.visit(visit, process)
    }
  }

  /** Asks once more for what it was told is gone: by then a wrong "sold out" has been noticed. */
  async askOnceMore(): Promise<void> {
    for (const couponId of [...this.soldOut]) await this.claim(couponId, 0)
  }

  private visit(visit: Visit, process: number): Promise<unknown> {
    if (visit.kind === 'buy') return this.buy(visit, process)
    if (visit.kind === 'read') return this.read(visit.what, process)
    return this.options.isMember ? this.claim(visit.couponId, process) : this.read('coupon', process)
  }

  private id(what: string): string {
    return `${what}-${this.options.name}-${this.made++}`
  }

  private ask<T>(intent: Omit<Intent<T>, 'action'> & { action?: string }) {
    return this.options.caller.ask({ action: this.id(intent.op), ...intent })
  }

  private async buy(plan: Buy, process: number): Promise<void> {
    const { isMember } = this.options
    const orderId = this.id('order')
    const goods = plan.lines.reduce((sum, { quantity }) => sum + quantity * PRICE, 0)
    const [couponId] = plan.withCoupon ? this.usable : []
    const points = isMember ? plan.points : 0
    const input = {
      orderId,
      lines: plan.lines.map(line => ({ ...line })),
      expectedTotal: goods - points - (couponId === undefined ? 0 : COUPON_VALUE),
      ...(points > 0 ? { points } : {}),
      ...(couponId === undefined ? {} : { couponId }),
    }
    // A used coupon is not tried again, whatever becomes of the order.
    if (couponId !== undefined) this.usable.delete(couponId)
    const action = this.id('placeOrder')
    const place = (at: number) =>
      this.ask({
        ...{ op: 'placeOrder', action, input, process: at },
        call: (doors, options) => doors.order.placeOrder(input, options),
      })
    const placed = await place(process)
    if (!placed?.ok) return
    if (plan.repeat) await place(process + 1)
    await this.afterwards(plan, orderId, process)
  }

  private async afterwards(plan: Buy, orderId: string, process: number): Promise<void> {
    if (plan.ending === 'leave') return
    if (plan.ending === 'cancel') {
      await this.ask({
        ...{ op: 'cancelOrder', input: { orderId }, process, keep: () => ({}) },
        call: (doors, options) => doors.order.cancelOrder({ orderId }, options),
      })
      return
    }
    const windows = plan.ending === 'twice' ? [process, process + 1] : [process]
    const paid = await Promise.all(windows.map(at => this.payOrder(orderId, plan.token, at)))
    if (!plan.refund || !paid.some(result => result?.ok)) return
    const input = { orderId, refundId: this.id('refund') }
    await this.ask({
      ...{ op: 'refundOrder', input, process, keep: ({ state }: { state: string }) => ({ state }) },
      call: (doors, options) => doors.order.refundOrder(input, options),
    })
  }

  private payOrder(orderId: string, token: string, process: number) {
    const input = { orderId, token }
    return this.ask({
      ...{ op: 'payOrder', input, process },
      call: (doors, options) => doors.payment.payOrder(input, options),
      // The provider did not answer, or it is under way: the same key tells later.
      isUnknown: ({ state }) => state !== 'captured',
    })
  }

  private async claim(couponId: string, process: number): Promise<void> {
    const claimed = await this.ask({
      ...{ op: 'claimCoupon', input: { couponId }, process },
      call: (doors, options) => doors.coupon.claimCoupon({ couponId }, options),
    })
    if (claimed === null) return
    if (!claimed.ok) this.told(couponId, claimed.refusal.code)
    else if (claimed.value.state === 'accepted') await this.stand(couponId, claimed.value.ticket, process)
    else this.told(couponId, 'issued')
  }

  /** In the line, until it is told what became of the claim. */
  private async stand(couponId: string, ticket: string, process: number): Promise<void> {
    const { clock } = this.options
    for (let look = 1; !clock.isOver; look++) {
      await clock.wait(Math.min(LOOK_MOST_MS, LOOK_FIRST_MS * look))
      const asked = await this.ask({
        ...{ op: 'claimProgress', input: { couponId, ticket }, process: process + look },
        call: (doors, { deadlineMs }) => doors.coupon.claimProgress({ couponId, ticket }, { deadlineMs }),
        keep: ({ state, refusal }) => ({
          state,
          ticket,
          ...(refusal === null ? {} : { code: refusal.code }),
        }),
      })
      if (!asked?.ok || asked.value.state === 'accepted') continue
      this.told(couponId, asked.value.refusal?.code ?? 'issued')
      return
    }
  }

  private told(couponId: string, what: string): void {
    this.soldOut.delete(couponId)
    if (what === 'issued') this.usable.add(couponId)
    if (what === 'coupon_sold_out') this.soldOut.add(couponId)
  }

  private read(what: (Visit & { kind: 'read' })['what'], process: number) {
    const { wares, isMember } = this.options
    const couponId = wares.couponIds[this.made % wares.couponIds.length]!
    const productId = wares.productIds[this.made % wares.productIds.length]!
    const ask = <T>(intent: Pick<Intent<T>, 'op' | 'call' | 'input' | 'keep'>) =>
      this.ask({ ...intent, process })
    const nothing = { keep: () => ({}) }
    if (what === 'coupon')
      return ask({
        ...{ op: 'getCoupon', input: { couponId }, ...nothing },
        call: (doors, { deadlineMs }) => doors.coupon.getCoupon({ couponId }, { deadlineMs }),
      })
    if (what === 'product')
      return ask({
        ...{ op: 'getProduct', input: { productId }, ...nothing },
        call: (doors, { deadlineMs }) => doors.product.getProduct({ productId }, { deadlineMs }),
      })
    if (what === 'orders')
      return ask({
        ...{ op: 'listOrders', input: {}, ...nothing },
        call: (doors, { deadlineMs }) => doors.order.listOrders({ limit: 10 }, { deadlineMs }),
      })
    if (what === 'balance' && isMember)
      return ask({
        ...{ op: 'getBalance', input: {}, ...nothing },
        call: (doors, { deadlineMs }) => doors.point.getBalance({}, { deadlineMs }),
      })
    const ranking = { period: 'week', by: 'units', limit: RANKS } as const
    return ask({
      ...{ op: 'bestSellers', input: ranking },
      call: (doors, { deadlineMs }) => doors.bestseller.bestSellers(ranking, { deadlineMs }),
      keep: ({ asOf, rows }) => ({
        asOf,
        rows: rows.map(({ productId, units, refundedUnits }) => ({ productId, units, refundedUnits })),
      }),
    })
  }
}
