// A shop that is asked for every cell of the failure matrix.

import { expect, vi } from 'vitest'
import {
  type CapabilityName,
  type Cell,
  capabilities,
  capabilityNames,
  cellOf,
} from '../../resilience/failure-matrix.ts'
import { type Engine, type Ladder, ladderNames, ladders } from '../../resilience/ladders.ts'
import { codeOf, type Member, must, type Person } from './people.ts'
import type { ShopKind } from './shop-kinds.ts'
import { Stall } from './stall.ts'

/** Until a move that has to come, ms. */
export const SOON = { timeout: 30_000, interval: 20 }
/** More than any row sells and gives away. */
const PLENTY = 100_000

type Asked = Exclude<CapabilityName, 'events'>
export const askedNames = capabilityNames.filter((name): name is Asked => name !== 'events')

export class MatrixBed {
  readonly stall: Stall
  readonly productId: string
  member: Member
  private readonly orderId: string
  private readonly couponId: string
  private readonly failedBefore = new Set<Engine>()

  private constructor(stall: Stall, member: Member, productId: string, orderId: string, couponId: string) {
    this.stall = stall
    this.member = member
    this.productId = productId
    this.orderId = orderId
    this.couponId = couponId
  }

  /** `coupon`: terms other than usual. */
  static async open(kind: ShopKind, env: Readonly<Record<string, string>>, coupon = {}): Promise<MatrixBed> {
    const stall = await Stall.open(kind, { customers: 200, env })
    const [member] = (await stall.members(1)) as [Member]
    const productId = await stall.product(PLENTY)
    const orderId = await stall.bought(member, productId)
    return new MatrixBed(stall, member, productId, orderId, await stall.coupon(PLENTY, coupon))
  }

  close(): Promise<void> {
    return this.stall.close()
  }

  /** What fails again so soon is a relapse, and is left alone for longer each time: each row is the first of its shop. */
  async afresh(down: readonly Engine[], env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (Object.keys(env).length > 0 || down.some(engine => this.failedBefore.has(engine)))
      await this.restart(env)
    for (const engine of down) this.failedBefore.add(engine)
    await this.settled(new Set())
  }

  private async restart(env: Readonly<Record<string, string>>): Promise<void> {
    await this.stall.shop.stop()
    await this.stall.restart(env)
    this.member = { ...this.stall.people.person(this.member.authorization), memberId: this.member.memberId }
    this.failedBefore.clear()
  }

  async standings(): Promise<ReadonlyMap<Ladder, string>> {
    const shown = must(await this.stall.boss.ladder.listLadders({}))
    return new Map(shown.ladders.map(({ ladder, standing }) => [ladder as Ladder, standing]))
  }

  /** Why the best rung of a ladder is out, or was last. */
  async whyOut(name: Ladder): Promise<string | null> {
    const shown = must(await this.stall.boss.ladder.listLadders({}))
    return shown.ladders.find(({ ladder }) => ladder === name)?.rungs[0]?.cause ?? null
  }

  /** Each ladder stands where it has to without these. */
  settled(down: ReadonlySet<Engine>): Promise<void> {
    return vi.waitFor(async () => {
      const expected = new Map<Ladder, string>()
      for (const name of ladderNames) {
        // Made ready from the ledger: whoever left it for a moment has to wait for that.
        if (name === 'bestseller.read' && down.has('ledger')) continue
        const capability = capabilityNames.find(each => capabilities[each].ladder === name)
        const without = new Set([...down].filter(engine => engine !== 'ledger'))
        if (capability !== undefined) expected.set(name, cellOf(capability, without).by)
        else expected.set(name, down.has('ledger') ? 'read-only' : ladders[name][0])
      }
      const here = [...(await this.standings())].filter(([name]) => expected.has(name))
      expect(new Map(here.sort())).toEqual(new Map([...expected].sort()))
    }, SOON)
  }

  /** Asks for it once. Returns `ok` or the code of the refusal. */
  async ask(name: Asked, who: Person = this.member): Promise<string> {
    const { stall, productId, orderId, couponId } = this
    switch (name) {
      case 'browse':
        return codeOf(await who.product.getProduct({ productId }))
      case 'ranking':
        return codeOf(await who.bestseller.bestSellers({}))
      case 'session':
        return codeOf(await who.account.me({}))
      case 'ownOrder':
        return codeOf(await who.order.getOrder({ orderId }))
      case 'signIn':
        return codeOf(await stall.people.nobody().account.signIn(stall.place.administrator!))
      case 'order':
        return codeOf(await stall.order(who, productId))
      case 'pay': {
        const placed = await stall.order(who, productId)
        return placed.ok ? codeOf(await stall.pay(who, placed.value.orderId)) : placed.refusal.code
      }
      case 'claim': {
        const claimed = await who.coupon.claimCoupon({ couponId })
        // Who has it already was judged all the same.
        return !claimed.ok && claimed.refusal.code === 'coupon_already_claimed' ? 'ok' : codeOf(claimed)
      }
    }
  }

  /** Something was bought, and counts. */
  async counts(): Promise<void> {
    const before = await this.points()
    await this.stall.bought(this.member, this.productId)
    await expect.poll(() => this.points(), SOON).toBeGreaterThan(before)
  }

  async points(): Promise<number> {
    return must(await this.member.point.getBalance({})).balance
  }

  /** Begins it, asks for every cell, ends it, and sees that all is as it was. */
  async proves(name: string, down: ReadonlySet<Engine>, fault: Fault): Promise<void> {
    const before = await this.points()
    await fault.begin()
    const paid = await this.asTheMatrixSays(name, down).finally(() => fault.end())
    await this.settled(new Set())
    // What waited is done, and what is asked for now works again.
    await this.stall.bought(this.member, this.productId, 1)
    await expect.poll(() => this.points(), SOON).toBeGreaterThanOrEqual(before + paid + 1)
  }

  /** Returns how many orders were paid meanwhile. */
  private async asTheMatrixSays(name: string, down: ReadonlySet<Engine>): Promise<number> {
    await this.settled(down)
    for (const capability of askedNames) {
      const cell = cellOf(capability, down)
      await expect
        .poll(() => this.ask(capability), { ...SOON, message: `${name}: ${capability}` })
        .toBe(heard(cell))
    }
    if (cellOf('events', down).what === 'waits') return 0
    await this.counts()
    return 1
  }
}

export interface Fault {
  begin(): Promise<unknown> | unknown
  end(): Promise<unknown> | unknown
}

const heard = ({ what, by }: Cell): string => (what === 'refused' ? by : 'ok')
