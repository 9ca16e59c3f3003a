// The steps of one order arriving twice at the same moment: its caller and a sweeper, or a client that asks again.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { couponSchema, createCouponModule } from './index.ts'
import type { CouponTables } from './tables.ts'

/** The combiner has the real time, so the windows are about now. */
const NOW = Date.now()
const HOUR_MS = 3_600_000
const settings = { lockWait: 2_000 }
const log = createLog({ level: 'silent', name: 'test' })
const system = () => systemCall('test', Date.now())

onEveryLedger('one order, twice at once', engine => {
  let scratch: ScratchLedger
  let processes: ReturnType<typeof createCouponModule>[]
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [couponSchema])
    const make = (ledger: Ledger) =>
      createCouponModule({ ledger, clock: () => NOW, log, ladders: fixedLadders(), settings })
    processes = [make(scratch.ledger), make(await scratch.another())]
  })
  afterAll(() => scratch.drop())

  /** A member with this coupon. */
  async function holder(name: string) {
    const times = { opensAt: NOW - HOUR_MS, closesAt: NOW + HOUR_MS, usableUntil: NOW + 2 * HOUR_MS }
    const made = await processes[0]!.door.createCoupon(system(), {
      ...{ name, kind: 'percent', value: 10, quota: 1 },
      ...times,
    })
    if (!made.ok) throw new Error(made.refusal.detail)
    const { couponId } = made.value
    const memberId = `m_${name}`
    const principal = { ...system().principal, id: memberId }
    await processes[0]!.door.claimCoupon({ ...system(), principal }, { couponId })
    return { couponId, memberId, goodsTotal: 1_000 }
  }

  it('hears the same discount each time', async () => {
    for (let round = 0; round < 20; round++) {
      const asked = { ...(await holder(`same-${round}`)), orderId: `same-${round}` }
      const results = await Promise.all(
        Array.from({ length: 6 }, (_, i) => processes[i % 2]!.door.redeem(system(), asked)),
      )
      for (const result of results) expect(result).toEqual({ ok: true, value: { discount: 100 } })
    }
  })

  it('ends given back or used, never both, when it is used and given back at once', async () => {
    for (let round = 0; round < 20; round++) {
      const asked = { ...(await holder(`both-${round}`)), orderId: `both-${round}` }
      const [used, back] = await Promise.all([
        processes[0]!.door.redeem(system(), asked),
        processes[1]!.door.giveBack(system(), { orderId: asked.orderId }),
      ])
      expect(back.ok).toBe(true)
      const db = scratch.ledger.reads<CouponTables>()
      const claim = await db
        .selectFrom('coupon_claims')
        .selectAll()
        .where('coupon_id', '=', asked.couponId)
        .executeTakeFirstOrThrow()
      // Whichever came first, the order is given back, and the coupon is free for another.
      expect(claim).toMatchObject({ state: 'issued', order_id: null })
      expect(used.ok && back.ok && !back.value.givenBack).toBe(false)
      const next = await processes[1]!.door.redeem(system(), { ...asked, orderId: `next-${round}` })
      expect(next.ok).toBe(true)
    }
  })
})
