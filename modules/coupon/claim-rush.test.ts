// A rush on real ledgers, by two processes at once, while an administrator changes the coupon under it.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { type GateReads, watchedGate } from '../../tests/support/watched-gate.ts'
import { couponSchema, createCouponModule } from './index.ts'
import type { CouponTables } from './tables.ts'

const HOUR_MS = 3_600_000
const log = createLog({ level: 'silent', name: 'test' })
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const counted = (results: readonly Result<unknown>[]) =>
  Object.fromEntries([...Map.groupBy(results, codeOf)].map(([code, all]) => [code, all.length]))

function callOf(memberId: string, key: string, content = ''): Call {
  const call = systemCall(key, Date.now())
  const principal = { ...call.principal, kind: 'member', id: memberId, roles: ['customer'] } as const
  return {
    ...call,
    principal,
    idempotency: { id: shortHash(`${memberId} ${key}`), fingerprint: shortHash(content) },
  }
}

onEveryLedger('a rush for coupons', engine => {
  let scratch: ScratchLedger
  let processes: ReturnType<typeof createCouponModule>[]
  let gate: GateReads
  let now = Date.now()
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [couponSchema])
    gate = { reads: 0, cut: false }
    const make = (ledger: Ledger) =>
      createCouponModule({
        ledger,
        clock: () => now,
        log,
        ladders: fixedLadders(),
        settings: { lockWait: 5_000 },
      })
    processes = [make(watchedGate(scratch.ledger, gate)), make(await scratch.another())]
  })
  afterAll(() => scratch.drop())
  beforeEach(() => {
    now = Date.now()
  })

  const staff = () => systemCall('staff', now)
  async function made(quota: number, times: object = {}): Promise<string> {
    const window = { opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + 2 * HOUR_MS }
    const terms = { name: 'rush', kind: 'amount', value: 100, quota, ...window, ...times } as const
    const result = await processes[0]!.door.createCoupon(staff(), terms)
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value.couponId
  }
  const claim = (couponId: string, memberId: string, { key = memberId, on = 0, content = '' } = {}) =>
    processes[on]!.door.claimCoupon(callOf(memberId, `${couponId} ${key}`, content), { couponId })
  async function shown(couponId: string) {
    const result = await processes[1]!.door.getCoupon(staff(), { couponId })
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value
  }
  const edit = async (couponId: string, change: object) =>
    processes[1]!.door.editCoupon(staff(), { couponId, version: (await shown(couponId)).version, ...change })
  const claimsOf = (couponId: string) =>
    scratch.ledger
      .reads<CouponTables>()
      .selectFrom('coupon_claims')
      .select('member_id')
      .where('coupon_id', '=', couponId)
      .execute()

  it('issues 100 to 300 members who all ask three times, through both processes', async () => {
    const couponId = await made(100)
    const first = new Map<string, Result<unknown>>()
    for (let round = 0; round < 3; round++) {
      // The same key each time: a client that asks again.
      const results = await Promise.all(
        Array.from({ length: 300 }, (_, i) => claim(couponId, `m_${i}`, { on: (i + round) % 2 })),
      )
      expect(counted(results)).toEqual({ ok: 100, coupon_sold_out: 200 })
      for (const [i, result] of results.entries()) {
        const before = first.get(`m_${i}`)
        if (before === undefined) first.set(`m_${i}`, result)
        else expect([result.ok, result.ok && result.value]).toEqual([before.ok, before.ok && before.value])
      }
    }
    const members = (await claimsOf(couponId)).map(row => row.member_id)
    expect([members.length, new Set(members).size]).toEqual([100, 100])
    expect(await shown(couponId)).toMatchObject({ issued: 100, left: 0 })
  })

  it('lets an administrator raise and lower the quota in the middle of it', async () => {
    const couponId = await made(50)
    const rush = Array.from({ length: 400 }, async (_, i) => {
      // Arriving over many turns of the loop, so that edits come between batches.
      for (let turn = 0; turn < i % 20; turn++) await new Promise<void>(resolve => setImmediate(resolve))
      return claim(couponId, `m_${i}`, { on: i % 2 })
    })
    const edits = []
    for (const quota of [120, 90, 150]) {
      const result = await edit(couponId, { quota })
      edits.push(codeOf(result))
      // Lowered below what is issued: refused, and nothing is lost.
      if (!result.ok) expect(codeOf(result)).toBe('quantity_exceeded')
    }
    expect([edits[0], edits[2]]).toEqual(['ok', 'ok'])
    const results = await Promise.all(rush)
    const late = await Promise.all(Array.from({ length: 400 }, (_, i) => claim(couponId, `late_${i}`)))
    expect(counted([...results, ...late]).ok).toBe(150)
    expect(await shown(couponId)).toMatchObject({
      issued: 150,
      quota: 150,
      version: 1 + edits.filter(code => code === 'ok').length,
    })
  })

  it('stops at once where another process closes it, whatever this one remembers', async () => {
    const couponId = await made(1_000)
    expect(
      counted(await Promise.all(Array.from({ length: 20 }, (_, i) => claim(couponId, `m_${i}`)))),
    ).toEqual({ ok: 20 })
    expect(codeOf(await edit(couponId, { closesAt: now - 1_000 }))).toBe('ok')
    const after = await Promise.all(Array.from({ length: 20 }, (_, i) => claim(couponId, `n_${i}`)))
    expect(counted(after)).toEqual({ coupon_not_open: 20 })
    expect(await shown(couponId)).toMatchObject({ issued: 20, left: 980 })
  })

  it('refuses by one read for many, and never by the flag alone', async () => {
    const couponId = await made(1)
    await claim(couponId, 'm_winner')
    expect(codeOf(await claim(couponId, 'm_first'))).toBe('coupon_sold_out')
    gate.reads = 0
    const late = await Promise.all(Array.from({ length: 100 }, (_, i) => claim(couponId, `m_${i}`)))
    expect(counted(late)).toEqual({ coupon_sold_out: 100 })
    expect(gate.reads).toBe(1)
    // Raised elsewhere: the very next claim gets it, no time has to pass.
    expect(codeOf(await edit(couponId, { quota: 2 }))).toBe('ok')
    expect(codeOf(await claim(couponId, 'm_first'))).toBe('ok')
  })

  it('tells members what is theirs, though the coupon is gone', async () => {
    const couponId = await made(1)
    const first = await claim(couponId, 'm_winner', { key: 'winning' })
    await claim(couponId, 'm_late')
    expect(await claim(couponId, 'm_winner', { key: 'winning' })).toMatchObject(first)
    expect(codeOf(await claim(couponId, 'm_winner', { key: 'another' }))).toBe('coupon_already_claimed')
    expect(codeOf(await claim(couponId, 'm_winner', { key: 'winning', content: 'other' }))).toBe(
      'idempotency_key_reused',
    )
  })

  it('asks the judge where the look fails', async () => {
    const couponId = await made(1)
    await claim(couponId, 'm_winner')
    await claim(couponId, 'm_late')
    await edit(couponId, { quota: 2 })
    gate.cut = true
    expect(codeOf(await claim(couponId, 'm_winner', { key: 'again' }))).toBe('coupon_already_claimed')
    expect(codeOf(await claim(couponId, 'm_late', { key: 'again' }))).toBe('ok')
    expect(codeOf(await claim(couponId, 'm_later'))).toBe('coupon_sold_out')
    gate.cut = false
  })

  it('opens on time for those who asked before', async () => {
    const opensAt = Date.now() + 1_000
    const couponId = await made(3, { opensAt })
    const ask = () => Promise.all(['m_1', 'm_2', 'm_3', 'm_4'].map(id => claim(couponId, id)))
    expect(counted(await ask())).toEqual({ coupon_not_open: 4 })
    await expect
      .poll(async () => {
        now = Date.now()
        return counted(await ask())
      })
      .toEqual({ ok: 3, coupon_sold_out: 1 })
    expect(now).toBeGreaterThanOrEqual(opensAt)
  })

  it('shows customers a coupon half a second old at most, and staff as it is', async () => {
    const couponId = await made(5)
    const look = async () => {
      const result = await processes[0]!.door.getCoupon(callOf('m_1', 'look'), { couponId })
      return result.ok ? result.value.left : -1
    }
    expect(await look()).toBe(5)
    await claim(couponId, 'm_1')
    expect((await shown(couponId)).left).toBe(4)
    now += 500
    expect(await look()).toBe(4)
    expect(codeOf(await processes[0]!.door.getCoupon(callOf('m_1', 'look'), { couponId: 'none' }))).toBe(
      'coupon_unknown',
    )
  })

  it('is idle when it is drained', async () => {
    const couponId = await made(2)
    const claims = Array.from({ length: 10 }, (_, i) => claim(couponId, `m_${i}`))
    await Promise.all([...claims, processes[0]!.drain()])
    const late = Array.from({ length: 10 }, (_, i) => claim(couponId, `n_${i}`))
    let answered = 0
    for (const each of late) void each.then(() => answered++)
    await processes[0]!.drain()
    await Promise.resolve()
    expect(answered).toBe(10)
  })
})
