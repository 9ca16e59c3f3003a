// Customers of a seed: each wants one thing after the other, asks some process, asks again with the same key when nothing
// comes back or it is told "later", and now and then asks twice for no reason.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import type { Doors } from '../../services/compose.ts'
import type { Fleet } from './fleet.ts'
import type { Random } from './random.ts'
import type { Attempt, Fields, Recorder } from './recorder.ts'
import type { Scene } from './scene.ts'
import type { World } from './world.ts'

/** A customer waits so long for an answer, ms, */
const PATIENCE_MS = 2_500
/** asks so often for the same, and pauses so long in between, ms. */
const TRIES = 4
const AGAIN_MS = [30, 600] as const
/** Between two wishes, ms. */
const REST_MS = [1, 120] as const
/** Share of the writing calls that are sent twice at the same time, and of those that are repeated after they were answered. */
const TWINS = 0.08
const REPEATS = 0.1

export const ADMIN = 'm_admin'

/** Where a customer is at home: what all of them share. */
export interface Market {
  readonly world: World
  readonly fleet: Fleet
  readonly recorder: Recorder
  readonly scene: Scene
}

type Ask<T> = (doors: Doors, call: Call) => Promise<Result<T>>

export class Customer {
  readonly id: string
  protected readonly market: Market
  protected readonly random: Random
  private keys = 0
  /** Coupons that were issued to this customer, or may be yet. */
  private readonly claimed: string[] = []
  /** Orders of this customer that were placed, as far as it knows. */
  private readonly placed: { id: string; lines: number; paid: boolean }[] = []

  constructor(id: string, market: Market) {
    this.id = id
    this.market = market
    this.random = market.world.random
  }

  /** One wish, with all its repeats. */
  async wish(): Promise<void> {
    await this.rest()
    const wishes = [
      ...[3, 3, 3].map(() => () => this.claim()),
      ...[2, 2, 2, 2].map(() => () => this.buy()),
      ...[1, 1].map(() => () => this.changeMind()),
      ...[1, 1, 1].map(() => () => this.look()),
    ]
    await this.random.pick(wishes)()
  }

  protected rest(): Promise<void> {
    return this.market.world.pause(this.random.between(...REST_MS))
  }

  private async claim(): Promise<void> {
    const couponId = this.random.pick(this.market.scene.coupons)
    const answer = await this.insist('claimCoupon', { couponId }, (doors, call) =>
      doors.coupon.claimCoupon(call, { couponId }),
    )
    if (answer?.ok) this.claimed.push(couponId)
    if (!answer?.ok || answer.value.state !== 'accepted' || !('ticket' in answer.value)) return
    this.market.scene.tickets.push({ member: this.id, couponId, ticket: answer.value.ticket })
    await this.follow(couponId, answer.value.ticket, 6)
  }

  /** Looks what became of an accepted claim, a few times. True: it has its end. */
  async follow(couponId: string, ticket: string, looks: number): Promise<boolean> {
    for (let i = 0; i < looks; i++) {
      await this.market.world.pause(this.random.between(20, 150))
      const told = await this.once('claimProgress', ticket, { couponId, ticket }, (doors, call) =>
        doors.coupon.claimProgress(call, { couponId, ticket }),
      )
      if (told?.ok && told.value.state !== 'accepted') return true
    }
    return false
  }

  private async buy(): Promise<void> {
    const { random } = this
    const { products, price, coupons } = this.market.scene
    const orderId = `o-${this.id}-${this.keys}`
    const chosen = products.filter(() => random.chance(0.35)).slice(0, 3)
    const lines = (chosen.length > 0 ? chosen : [random.pick(products)]).map(productId => ({
      productId,
      quantity: 1 + random.below(2),
    }))
    const goods = lines.reduce((sum, line) => sum + line.quantity * price, 0)
    const points = random.chance(0.3) ? random.below(60) : 0
    const wanted = this.claimed.length > 0 ? this.claimed : coupons
    const couponId = random.chance(0.35) ? random.pick(wanted) : undefined
    const discount = couponId === undefined ? 0 : Math.floor(goods / 10)
    const input = {
      ...{ orderId, lines, expectedTotal: goods - discount - points },
      ...(points > 0 ? { points } : {}),
      ...(couponId === undefined ? {} : { couponId }),
    }
    const placed = await this.insist('placeOrder', input, (doors, call) =>
      doors.order.placeOrder(call, input),
    )
    if (!placed?.ok) return
    const order = { id: orderId, lines: lines.length, paid: false }
    this.placed.push(order)
    if (random.chance(0.8)) await this.pay(order)
  }

  private async pay(order: { id: string; paid: boolean }): Promise<void> {
    const token = this.random.chance(0.1) ? 'tok_declined' : 'tok_ok'
    const input = { orderId: order.id, paymentId: `p-${order.id}-${this.keys}`, token }
    const paid = await this.insist('payOrder', input, (doors, call) => doors.payment.payOrder(call, input))
    if (paid?.ok) order.paid = true
  }

  private async changeMind(): Promise<void> {
    const order = this.placed.at(-1 - this.random.below(3))
    if (order === undefined) return this.look()
    if (!order.paid && this.random.chance(0.3)) return this.pay(order)
    const part = this.random.chance(0.5)
      ? { lines: [{ lineNo: this.random.below(order.lines), quantity: 1 }] }
      : {}
    if (order.paid) {
      const input = { orderId: order.id, refundId: `r-${order.id}-${this.keys}`, ...part }
      await this.insist('refundOrder', input, (doors, call) => doors.order.refundOrder(call, input))
    } else {
      const input = { orderId: order.id, ...part }
      await this.insist('cancelOrder', input, (doors, call) => doors.order.cancelOrder(call, input))
    }
  }

  private async look(): Promise<void> {
    const { random } = this
    const { products, coupons, tokens } = this.market.scene
    const order = this.placed.at(-1)
    const looks: (() => Promise<unknown>)[] = [
      () => this.once('bestSellers', '', {}, (doors, call) => doors.bestseller.bestSellers(call, {})),
      () => {
        const productId = random.pick(products)
        return this.once('getProduct', '', { productId }, (doors, call) =>
          doors.product.getProduct(call, { productId }),
        )
      },
      () => {
        const couponId = random.pick(coupons)
        return this.once('getCoupon', '', { couponId }, (doors, call) =>
          doors.coupon.getCoupon(call, { couponId }),
        )
      },
      () => this.once('statement', '', {}, (doors, call) => doors.point.statement(call, {})),
      () => this.identify(tokens.get(this.id)!),
      () =>
        order === undefined
          ? this.identify(tokens.get(this.id)!)
          : this.once('getOrder', '', { orderId: order.id }, (doors, call) =>
              doors.order.getOrder(call, { orderId: order.id }),
            ),
    ]
    if (random.chance(0.2)) looks.push(() => this.leave())
    await random.pick(looks)()
  }

  /** Whoever looks after that is a stranger. */
  private async leave(): Promise<void> {
    await this.insist('revokeAllSessions', {}, (doors, call) => doors.account.revokeAllSessions(call, {}))
  }

  private async identify(token: string): Promise<void> {
    await this.once('identify', '', {}, async (_doors, _call, account) => {
      const found = await account.identify(token)
      return { ok: true, value: { principal: found?.id ?? null } }
    })
  }

  /** Asks until it knows, with one key. Null: it never came to know. */
  protected async insist<T extends object>(
    op: string,
    input: Fields,
    ask: Ask<T>,
  ): Promise<Result<T> | null> {
    const action = `${this.id}-${this.keys++}`
    const { random } = this
    if (random.chance(TWINS)) void this.once(op, action, input, ask)
    let answer: Result<T> | null = null
    for (let i = 0; i < TRIES; i++) {
      answer = await this.once(op, action, input, ask)
      if (answer?.ok || (answer !== null && answer.refusal.retryAfter === undefined)) break
      await this.market.world.pause(random.between(...AGAIN_MS))
    }
    if (random.chance(REPEATS)) {
      await this.market.world.pause(random.between(1, 300))
      await this.once(op, action, input, ask)
    }
    return answer
  }

  /** Null: nothing came back. */
  protected async once<T extends object>(
    op: string,
    action: string,
    input: Fields,
    ask: (doors: Doors, call: Call, account: Account) => Promise<Result<T>>,
  ): Promise<Result<T> | null> {
    const { fleet, recorder, world } = this.market
    const process = fleet.any()
    const attempt: Attempt = recorder.invoke({
      ...{ client: this.id, process: process?.name ?? 'nobody', op, input },
      action: action === '' ? `${op}-${recorder.attempts.length}` : action,
    })
    const answer =
      process === null
        ? await world.pause(1).then(() => null)
        : await fleet.ask(process, PATIENCE_MS, composed =>
            ask(process.doors!, this.call(action, op, input), composed.account!),
          )
    recorder.outcome(attempt, answer)
    return answer
  }

  private call(action: string, op: string, input: Fields): Call {
    return callOf(
      this.id,
      this.market.world,
      action === '' ? null : `${this.id} ${action}`,
      `${op} ${JSON.stringify(input)}`,
    )
  }
}

type Account = NonNullable<import('../../services/compose.ts').Composed['account']>

export function callOf(memberId: string, world: World, key: string | null, content = ''): Call {
  const roles = memberId === ADMIN ? (['administrator'] as const) : (['customer'] as const)
  return {
    principal: { kind: 'member', id: memberId, roles, channelId: null, email: null },
    requestId: key ?? 'look',
    deadline: Math.floor(world.now) + PATIENCE_MS,
    idempotency: key === null ? null : { id: shortHash(key), fingerprint: shortHash(content) },
  }
}
