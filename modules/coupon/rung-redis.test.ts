// Permits in a real Redis: what it says is never the last word, whatever becomes of it in the middle of a rush.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { ClaimBed, codeOf, counted, memberCall, type Process } from '../../tests/support/claim-bed.ts'
import { type LedgerEngine, onEveryLedger, redisUrl } from '../../tests/support/engines.ts'
import { OwnRedis, redisPrograms } from '../../tests/support/own-redis.ts'
import { watchedGate } from '../../tests/support/watched-gate.ts'
import type { QuotaRow } from './coupon.ts'
import { allOf, PermitGate } from './permit-gate.ts'
import { learnMembers } from './permit-scripts.ts'

const members = (many: number, name = 'm') => Array.from({ length: many }, (_, i) => `${name}_${i}`)
/** However busy the machine is. */
const PATIENT = { timeout: 20_000, interval: 2 }
const log = createLog({ level: 'silent', name: 'test' })

function suite(engine: LedgerEngine): void {
  let bed: ClaimBed
  let one: Process
  let other: Process
  const seen = { reads: 0, cut: false }
  beforeAll(async () => {
    bed = await ClaimBed.open(engine)
    one = await bed.process('redis', { over: ledger => watchedGate(ledger, seen) })
    other = await bed.process('redis')
  })
  afterAll(() => bed?.drop())

  const key = (couponId: string) => keyOf(bed.prefix, families.couponGate, couponId)
  const all = (couponId: string, who: readonly string[]) =>
    Promise.all(who.map((member, i) => bed.claim(i % 2 ? other : one, couponId, member)))
  const hash = async (couponId: string, field: string) =>
    bed.redis!.command<string | null>('HGET', key(couponId), field)
  /** Until the set in Redis is that of the ledger. */
  const learned = (couponId: string, issued: number) =>
    vi.waitUntil(async () => {
      await bed.claim(one, couponId, 'm_nobody')
      return (await hash(couponId, '#known')) === allOf(issued)
    }, PATIENT)

  it('issues all there are while its key is deleted again and again', async () => {
    const couponId = await bed.coupon(300)
    const heard = []
    for (const some of [members(400), members(400, 'n'), members(400)]) {
      const asking = all(couponId, some)
      for (let i = 0; i < 5; i++) await bed.redis!.command('DEL', key(couponId))
      heard.push(...(await asking))
    }
    const { issued, claims, members: holders } = await bed.books(couponId)
    expect([issued, claims, holders.size]).toEqual([300, 300, 300])
    await bed.redis!.command('DEL', key(couponId))
    // Nothing of what it knew is left, and everybody still hears what is so.
    expect(counted(await all(couponId, [...holders]))).toEqual({ ok: 300 })
    await learned(couponId, 300)
    expect(counted(await all(couponId, [...holders]))).toEqual({ ok: 300 })
  })

  it('refuses without a read once it knows who holds one, and only by a word that is young', async () => {
    const couponId = await bed.coupon(50)
    await all(couponId, members(100))
    await learned(couponId, 50)
    await bed.claim(one, couponId, 'm_nobody')
    seen.reads = 0
    const late = await Promise.all(members(300, 'late').map(member => bed.claim(one, couponId, member)))
    expect(counted(late)).toEqual({ coupon_sold_out: 300 })
    expect(seen.reads).toBeLessThanOrEqual(2)
    // A holder that it knows, by whatever way it got its claim, hears of it.
    const { members: holders } = await bed.books(couponId)
    const [holder] = [...holders]
    expect(codeOf(await bed.claim(one, couponId, holder!, 'another key'))).toBe('coupon_already_claimed')
    await bed.raise(couponId, 51)
    // As old as the word may be.
    await expect.poll(async () => codeOf(await bed.claim(one, couponId, 'late_0'))).toBe('ok')
    expect((await bed.books(couponId)).claims).toBe(51)
  })

  it('asks the ledger where its permits are gone and units are left', async () => {
    const couponId = await bed.coupon(20)
    await bed.claim(one, couponId, 'm_first')
    await vi.waitUntil(async () => (await hash(couponId, '#left')) !== null, PATIENT)
    // Taken by processes that died, or lost on their way back.
    await bed.redis!.command('HSET', key(couponId), '#left', '0')
    expect(counted(await all(couponId, members(30)))).toEqual({ ok: 19, coupon_sold_out: 11 })
  })

  it('gives back a permit that the ledger refused, but not one that nobody can use', async () => {
    const couponId = await bed.coupon(5, {
      opensAt: bed.clock() + 3_600_000,
      closesAt: bed.clock() + 3_700_000,
    })
    await bed.claim(one, couponId, 'm_early')
    await vi.waitUntil(async () => (await hash(couponId, '#left')) === '5', PATIENT)
    const fresh = await bed.process('redis')
    expect(codeOf(await bed.claim(fresh, couponId, 'm_early', 'again'))).toBe('coupon_not_open')
    await expect.poll(() => hash(couponId, '#left')).toBe('5')
    expect(await hash(couponId, 'm_early')).toBeNull()
  })

  describe('the gate as such', () => {
    const row = (couponId: string, quota: number, issued: number, version = 1): QuotaRow => ({
      ...{ coupon_id: couponId, quota, issued, version, owed: 0 },
      ...{ opens_at: 0, closes_at: 1 },
    })
    const ask = async (gate: PermitGate, couponId: string, who: readonly string[], admit = true) =>
      (await Promise.all(who.map(memberId => gate.ask({ couponId, memberId }, admit)))).map(
        said => said.verdict,
      )

    it('hands out as many permits as there are, one a member', async () => {
      const gate = new PermitGate(bed.redis!, bed.prefix, log)
      expect(await ask(gate, 'c1', ['a'])).toEqual(['empty'])
      await gate.fill(row('c1', 3, 1))
      expect(await ask(gate, 'c1', ['a', 'a', 'b', 'c', 'a'])).toEqual([
        'admitted',
        'known',
        'admitted',
        'none',
        'known',
      ])
      expect(await ask(gate, 'c1', ['a', 'd'], false)).toEqual(['known', 'none'])
      gate.giveBack({ couponId: 'c1', memberId: 'a' }, true)
      await expect.poll(() => ask(gate, 'c1', ['a'], false)).toEqual(['none'])
      expect(await ask(gate, 'c1', ['d', 'a'])).toEqual(['admitted', 'none'])
      const many = Array.from({ length: 1_200 }, (_, i) => `x${i}`)
      await gate.fill(row('c2', 700, 0))
      expect(Object.groupBy(await ask(gate, 'c2', many), said => said).admitted).toHaveLength(700)
    })

    it('does not take what was read earlier for what was read later', async () => {
      const gate = new PermitGate(bed.redis!, bed.prefix, log)
      await gate.fill(row('c3', 10, 8))
      await gate.fill(row('c3', 10, 2))
      expect(await ask(gate, 'c3', ['a', 'b', 'c'])).toEqual(['admitted', 'admitted', 'none'])
      await gate.fill(row('c3', 10, 8))
      expect(await ask(gate, 'c3', ['c'])).toEqual(['none'])
      await gate.fill(row('c3', 11, 8, 2))
      expect(await ask(gate, 'c3', ['c'])).toEqual(['admitted'])
    })

    it('does not claim to know all where it was lost in the middle of learning', async () => {
      const gate = new PermitGate(bed.redis!, bed.prefix, log)
      const step = (...args: string[]) => gate.run<number>(learnMembers, 'c4', args)
      expect(await step('', 't 0', 'a')).toBe(0)
      await gate.fill(row('c4', 2, 2))
      expect(await step('', 't 0', 'a')).toBe(1)
      await bed.redis!.command('DEL', keyOf(bed.prefix, families.couponGate, 'c4'))
      await gate.fill(row('c4', 2, 2))
      expect(await step('t 0', allOf(2), 'b')).toBe(0)
      // Another process began anew: who was first does not go on.
      expect(await step('', 'u 0', 'a')).toBe(1)
      expect(await step('t 0', allOf(2), 'b')).toBe(0)
      expect(await step('u 0', allOf(2), 'b')).toBe(1)
      const [said] = await Promise.all([gate.ask({ couponId: 'c4', memberId: 'z' }, false)])
      expect(said).toEqual({ verdict: 'none', known: allOf(2) })
      // Who holds a claim stays in the set, whoever gives back what.
      gate.giveBack({ couponId: 'c4', memberId: 'a' }, true)
      await gate.ask({ couponId: 'c4', memberId: 'z' }, false)
      expect((await gate.ask({ couponId: 'c4', memberId: 'a' }, false)).verdict).toBe('known')
    })
  })
}

onEveryLedger('claims through permits', engine => {
  if (redisUrl() === undefined) describe.skipIf(true)('with Redis', () => suite(engine))
  else describe('with Redis', () => suite(engine))

  describe.skipIf(redisPrograms.length === 0)('with a Redis that ends', () => {
    it('issues all there are though it is killed and comes back empty in the middle', async () => {
      const redis = await OwnRedis.start()
      const bed = await ClaimBed.open(engine, redis.url)
      const processes = [await bed.process('redis'), await bed.process('redis')]
      const couponId = await bed.coupon(400)
      let answered = 0
      const wave = (name: string) =>
        Promise.all(
          members(500, name).map(async (member, i) => {
            const result = await bed.claim(processes[i % 2]!, couponId, member)
            answered++
            return result
          }),
        )
      const rush = (async () => [...(await wave('a')), ...(await wave('b')), ...(await wave('a'))])()
      await vi.waitUntil(() => answered > 100, PATIENT)
      await redis.restart()
      await vi.waitUntil(() => answered > 700, PATIENT)
      await redis.kill()
      const results = await rush
      expect(new Set(results.map(codeOf))).toEqual(new Set(['ok', 'coupon_sold_out']))
      const { issued, claims, members: holders } = await bed.books(couponId)
      expect([issued, claims, holders.size]).toEqual([400, 400, 400])
      // And without any Redis: the ledger alone.
      const late = await processes[0]!.module.door.claimCoupon(memberCall('late', `${couponId} late`), {
        couponId,
      })
      expect(codeOf(late)).toBe('coupon_sold_out')
      await bed.drop()
      await redis.drop()
    })
  })
})
