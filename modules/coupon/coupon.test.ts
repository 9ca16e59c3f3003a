// Coupons on real ledgers: never more than the quota, never two for one member, none stranded, each used once.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Call, type Role, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { discountOf } from './coupon.ts'
import { couponSchema, createCouponModule } from './index.ts'
import type { CouponTables } from './tables.ts'

type Module = ReturnType<typeof createCouponModule>
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const system = () => systemCall('test', Date.now())

let keys = 0
function callOf(id: string, role: Role = 'customer', key = `k${keys++}`, content = key): Call {
  return {
    principal: { kind: 'member', id, roles: [role], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + 60_000,
    idempotency: { id: shortHash(`${id} ${key}`), fingerprint: shortHash(content) },
  }
}
const admin = () => callOf('m_admin', 'administrator')

onEveryLedger('coupons', engine => {
  let scratch: ScratchLedger
  let coupon: Module
  let twin: Module
  let ahead = 0
  const clock = () => Date.now() + ahead
  const make = (ledger: Ledger) =>
    createCouponModule({
      ledger,
      clock,
      log: createLog({ level: 'silent', name: 'test' }),
      ladders: fixedLadders(),
      settings: { lockWait: 2_000 },
    })
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [couponSchema])
    coupon = make(scratch.ledger)
    twin = make(await scratch.another())
  })
  afterAll(() => scratch.drop())

  const HOUR = 3_600_000
  async function made(quota: number, more: object = {}): Promise<string> {
    const now = clock()
    const terms = { name: 'ten off', kind: 'percent' as const, value: 10, quota }
    const times = { opensAt: now - HOUR, closesAt: now + HOUR, usableUntil: now + 2 * HOUR }
    const result = await coupon.door.createCoupon(admin(), { ...terms, ...times, ...more })
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value.couponId
  }
  const claim = (couponId: string, member: string, on = coupon, call = callOf(member)) =>
    on.door.claimCoupon(call, { couponId })
  async function books(couponId: string): Promise<{ issued: number; claims: number; members: number }> {
    const db = scratch.ledger.reads<CouponTables>()
    const row = await db
      .selectFrom('coupons')
      .select('issued')
      .where('coupon_id', '=', couponId)
      .executeTakeFirstOrThrow()
    const claims = await db
      .selectFrom('coupon_claims')
      .selectAll()
      .where('coupon_id', '=', couponId)
      .execute()
    return {
      issued: row.issued,
      claims: claims.length,
      members: new Set(claims.map(each => each.member_id)).size,
    }
  }

  it('issues exactly the quota, one a member, through two processes', async () => {
    const couponId = await made(40)
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => claim(couponId, `m_${i % 100}`, i % 2 ? coupon : twin)),
    )
    expect(results.filter(result => result.ok)).toHaveLength(40)
    for (const result of results)
      expect(['ok', 'coupon_sold_out', 'coupon_already_claimed']).toContain(code(result))
    expect(await books(couponId)).toEqual({ issued: 40, claims: 40, members: 40 })
  })

  it('gives a member one, although it asks often and everywhere', async () => {
    const couponId = await made(10)
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => claim(couponId, 'm_greedy', i % 2 ? coupon : twin)),
    )
    expect(results.filter(result => result.ok)).toHaveLength(1)
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(
      new Set(['coupon_already_claimed']),
    )
    expect(await books(couponId)).toEqual({ issued: 1, claims: 1, members: 1 })
  })

  it('answers a winner’s repeat as the first time, also when all are gone', async () => {
    const couponId = await made(1)
    const call = callOf('m_winner')
    const first = await claim(couponId, 'm_winner', coupon, call)
    expect(first).toMatchObject({ ok: true, value: { state: 'issued' } })
    // Sold out, and both processes know.
    expect(code(await claim(couponId, 'm_late'))).toBe('coupon_sold_out')
    expect(code(await claim(couponId, 'm_late', twin))).toBe('coupon_sold_out')
    expect(await claim(couponId, 'm_winner', coupon, call)).toMatchObject(first)
    expect(await claim(couponId, 'm_winner', twin, call)).toMatchObject(first)
    expect(code(await claim(couponId, 'm_winner', twin))).toBe('coupon_already_claimed')
    const other = { ...call, idempotency: { ...call.idempotency!, fingerprint: shortHash('other') } }
    expect(code(await claim(couponId, 'm_winner', coupon, other))).toBe('idempotency_key_reused')
  })

  it('strands none: a raised quota is found by the process that raised it and by the others', async () => {
    const couponId = await made(1)
    await claim(couponId, 'm_1')
    expect(code(await claim(couponId, 'm_2'))).toBe('coupon_sold_out')
    expect(code(await claim(couponId, 'm_2', twin))).toBe('coupon_sold_out')
    const shown = await coupon.door.getCoupon(system(), { couponId })
    const version = shown.ok ? shown.value.version : 0
    expect(code(await coupon.door.editCoupon(admin(), { couponId, version, quota: 3 }))).toBe('ok')
    expect(code(await claim(couponId, 'm_2'))).toBe('ok')
    // The other believes its flag for a moment, then one request looks.
    ahead += 101
    expect(code(await claim(couponId, 'm_3', twin))).toBe('ok')
    ahead = 0
    expect(await books(couponId)).toEqual({ issued: 3, claims: 3, members: 3 })
  })

  it('edits by compare-and-set and keeps the quota above what is issued', async () => {
    const couponId = await made(5)
    await claim(couponId, 'm_1')
    await claim(couponId, 'm_2')
    const shown = await coupon.door.getCoupon(system(), { couponId })
    const version = shown.ok ? shown.value.version : 0
    const edit = (more: object) => coupon.door.editCoupon(admin(), { couponId, version, ...more })
    expect(code(await edit({ quota: 1 }))).toBe('quantity_exceeded')
    expect(code(await edit({ version: version - 1, quota: 9 }))).toBe('version_conflict')
    expect(code(await edit({ closesAt: 1 }))).toBe('invalid_request')
    expect(code(await edit({ quota: 2 }))).toBe('ok')
    expect(code(await claim(couponId, 'm_3'))).toBe('coupon_sold_out')
    expect(code(await coupon.door.editCoupon(admin(), { couponId: 'none', version: 1 }))).toBe(
      'coupon_unknown',
    )
  })

  it('is claimed only in its window', async () => {
    const now = clock()
    const early = await made(5, { opensAt: now + HOUR / 2 })
    const over = await made(5, { closesAt: now - 1_000 })
    expect(code(await claim(early, 'm_1'))).toBe('coupon_not_open')
    expect(code(await claim(over, 'm_1'))).toBe('coupon_not_open')
    expect(code(await claim('none', 'm_1'))).toBe('coupon_unknown')
    const listed = await coupon.door.listCoupons(callOf('m_1'), { limit: 100 })
    const ids = listed.ok ? listed.value.coupons.map(each => each.couponId) : []
    expect(ids).not.toContain(early)
    expect(ids).not.toContain(over)
    expect(code(await coupon.door.listCoupons(callOf('m_1'), { all: true }))).toBe('forbidden')
  })

  it('is used by one of a hundred orders at once, and the same order hears the same', async () => {
    const couponId = await made(1)
    await claim(couponId, 'm_1')
    const use = (orderId: string, on = coupon) =>
      on.door.redeem(system(), { orderId, memberId: 'm_1', couponId, goodsTotal: 1_000 })
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => use(`${couponId}-${i}`, i % 2 ? coupon : twin)),
    )
    const winner = results.findIndex(result => result.ok)
    expect(results.filter(result => result.ok)).toHaveLength(1)
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(new Set(['coupon_not_usable']))
    expect(await use(`${couponId}-${winner}`, twin)).toEqual({ ok: true, value: { discount: 100 } })
    const back = await Promise.all(
      [coupon, twin].map(on => on.door.giveBack(system(), { orderId: `${couponId}-${winner}` })),
    )
    expect(back.filter(result => result.ok && result.value.givenBack)).toHaveLength(1)
    expect(code(await use(`${couponId}-next`))).toBe('ok')
    expect(code(await use(`${couponId}-${winner}`))).toBe('coupon_not_usable')
  })

  it('is not used by an order that was given back before', async () => {
    const couponId = await made(1)
    await claim(couponId, 'm_1')
    const orderId = `${couponId}-dead`
    expect(await twin.door.giveBack(system(), { orderId })).toEqual({ ok: true, value: { givenBack: false } })
    const use = { memberId: 'm_1', couponId, goodsTotal: 1_000 }
    expect(code(await coupon.door.redeem(system(), { orderId, ...use }))).toBe('coupon_not_usable')
    expect(code(await coupon.door.redeem(system(), { orderId: `${orderId}-2`, ...use }))).toBe('ok')
  })

  it('is not used by strangers, below its minimum, or too late', async () => {
    const couponId = await made(5, { minOrder: 500 })
    await claim(couponId, 'm_1')
    const use = (memberId: string, goodsTotal: number, id = couponId) =>
      coupon.door.redeem(system(), { orderId: `o${keys++}`, memberId, couponId: id, goodsTotal })
    expect(code(await use('m_2', 1_000))).toBe('coupon_not_usable')
    expect(code(await use('m_1', 499))).toBe('coupon_not_usable')
    expect(code(await use('m_1', 1_000, 'none'))).toBe('coupon_unknown')
    ahead += 2 * HOUR
    expect(code(await use('m_1', 1_000))).toBe('coupon_not_usable')
    ahead -= 2 * HOUR
    expect(code(await use('m_1', 500))).toBe('ok')
  })

  it('shows a member its coupons in pages', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => made(1)))
    for (const id of ids) await claim(id, 'm_collector')
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const more = cursor === null ? {} : { cursor }
      const page = await twin.door.myCoupons(callOf('m_collector'), { limit: 2, ...more })
      if (!page.ok) throw new Error(page.refusal.detail)
      seen.push(...page.value.claims.map(each => each.couponId))
      cursor = page.value.nextCursor
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(ids.toSorted())
  })
})

it('a discount is never above the goods, its maximum or its value', () => {
  const money = fc.integer({ min: 0, max: 1_000_000_000_000 })
  fc.assert(
    fc.property(
      fc.constantFrom('percent' as const, 'amount' as const),
      fc.integer({ min: 1, max: 100 }),
      fc.option(money),
      money,
      (kind, value, max_discount, goods) => {
        const discount = discountOf({ kind, value, max_discount }, goods)
        expect(Number.isSafeInteger(discount)).toBe(true)
        expect(discount).toBeGreaterThanOrEqual(0)
        expect(discount).toBeLessThanOrEqual(Math.min(goods, max_discount ?? goods))
        if (kind === 'amount') expect(discount).toBeLessThanOrEqual(value)
        else expect(BigInt(discount) * 100n).toBeLessThanOrEqual(BigInt(goods) * BigInt(value))
      },
    ),
  )
})
