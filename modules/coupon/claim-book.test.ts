// The decision on claims as such: random batches against a ledger of a few maps, with and without memory.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Row, Select, Update, Write } from '../../platform/sql/statements.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import { claimFamily } from './claim-memory.ts'
import type { QuotaRow } from './coupon.ts'

const NOW = 1_000
const member = (i: number) => `m_${i}`

/** Coupons and claims as a ledger keeps them: a write whose compare fails, or that doubles a key, fails whole. */
class Books {
  readonly coupons = new Map<string, QuotaRow>()
  readonly claims = new Set<string>()

  constructor(quotas: readonly number[]) {
    for (const [i, quota] of quotas.entries()) {
      const row = { coupon_id: `c${i}`, quota, issued: 0, owed: 0, opens_at: 0, closes_at: 2_000, version: 1 }
      this.coupons.set(row.coupon_id, row)
    }
  }

  select({ shape, ids }: Select): Row[] {
    if (shape.from === 'coupons') return ids.flatMap(id => structuredClone(this.coupons.get(id)) ?? [])
    return ids.filter(id => this.claims.has(id)).map(claim_id => ({ claim_id }))
  }

  /** False: somebody else was there, and nothing of it is left. */
  commit(writes: readonly Write[]): boolean {
    const update = writes.find(write => write.kind === 'update') as Update
    const claims = writes.flatMap(write =>
      write.kind === 'insert' ? write.rows.map(row => row[0] as string) : [],
    )
    if (claims.some((id, i) => this.claims.has(id) || claims.indexOf(id) !== i)) return false
    for (const [id, version, readIssued, readOwed] of update.rows) {
      const row = this.coupons.get(id as string)!
      if (row.version !== version || row.issued !== readIssued || row.owed !== readOwed) return false
    }
    for (const [id, , , , issued, owed] of update.rows)
      Object.assign(this.coupons.get(id as string)!, { issued, owed })
    for (const id of claims) this.claims.add(id)
    return true
  }

  check(): void {
    for (const { coupon_id, quota, issued } of this.coupons.values()) {
      expect(issued).toBeLessThanOrEqual(quota)
      expect([...this.claims].filter(id => id.startsWith(`${coupon_id}.`))).toHaveLength(issued)
    }
  }
}

/** A process: decides as the combiner does, from memory first. */
class Process {
  private readonly family = claimFamily()
  private readonly memory = this.family.memory!
  private readonly books: Books
  constructor(books: Books) {
    this.books = books
  }

  locked(
    requests: readonly ClaimRequest[],
    calls: readonly Call[] = requests.map(callOf),
  ): Outcome<ClaimAnswer>[] {
    const none = requests.map(() => false)
    const sets = this.family.reads(requests, none).map(read => this.books.select(read))
    const context = { now: NOW, missingMeansAbsent: true, retried: none }
    const { outcomes, writes } = this.family.decide(requests, calls, sets, context)
    expect(this.books.commit(writes)).toBe(true)
    this.memory.learn()
    return [...outcomes]
  }

  ahead(requests: readonly ClaimRequest[]): Outcome<ClaimAnswer>[] {
    const outcomes = new Map<ClaimRequest, Outcome<ClaimAnswer>>()
    for (const request of requests) {
      if (!this.memory.knows(request)) continue
      const outcome = this.memory.decide(request, callOf(), NOW)
      if (outcome !== 'parked' && outcome.result.ok) outcomes.set(request, outcome)
    }
    const { writes } = this.memory.flush()
    if (!this.books.commit(writes)) {
      this.memory.forget()
      outcomes.clear()
    }
    const careful = requests.filter(request => !outcomes.has(request))
    for (const [i, outcome] of this.locked(careful).entries()) outcomes.set(careful[i]!, outcome)
    return requests.map(request => outcomes.get(request)!)
  }
}

const callOf = (): Call => systemCall('test', NOW)
const codeOf = (outcome: Outcome<unknown>): string => {
  if (outcome === 'parked') return 'parked'
  return outcome.result.ok ? 'ok' : outcome.result.refusal.code
}

const quotas = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 })
const claim = fc.record({ coupon: fc.nat(3), member: fc.nat(9) })
/** Who decides, from memory or not, and what they are asked. An edit: one coupon's quota grows. */
const step = fc.oneof(
  fc.record({
    process: fc.nat(1),
    ahead: fc.boolean(),
    claims: fc.array(claim, { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ grows: fc.nat(2), by: fc.integer({ min: 1, max: 3 }) }),
)

it('never issues more than the quota nor two to a member, and says no only where it is so', () => {
  fc.assert(
    fc.property(quotas, fc.array(step, { maxLength: 12 }), (sizes, steps) => {
      const books = new Books(sizes)
      const processes = [new Process(books), new Process(books)]
      for (const each of steps) {
        if ('grows' in each) {
          const row = books.coupons.get(`c${each.grows}`)
          if (row !== undefined) {
            row.quota += each.by
            row.version++
          }
          continue
        }
        const requests = each.claims.map(({ coupon, member: i }) => ({
          couponId: `c${coupon}`,
          memberId: member(i),
        }))
        const process = processes[each.process]!
        const outcomes = each.ahead ? process.ahead(requests) : process.locked(requests)
        books.check()
        for (const [i, outcome] of outcomes.entries()) {
          const { couponId, memberId } = requests[i]!
          const row = books.coupons.get(couponId)
          const held = books.claims.has(`${couponId}.${memberId}`)
          const code = codeOf(outcome)
          if (code === 'ok' || code === 'coupon_already_claimed') expect(held).toBe(true)
          // After the whole batch it is still so: nobody was turned away while one was left.
          else if (code === 'coupon_sold_out') expect([held, row?.issued]).toEqual([false, row?.quota])
          else expect([code, row]).toEqual(['coupon_unknown', undefined])
        }
        const won = outcomes.filter(outcome => codeOf(outcome) === 'ok')
        expect(
          new Set(
            won.map(outcome => outcome !== 'parked' && outcome.result.ok && outcome.result.value.claimId),
          ).size,
        ).toBe(won.length)
      }
    }),
    { numRuns: 300 },
  )
})

it('issues all there are to those who keep asking', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (quota, members, ahead) => {
        const books = new Books([quota])
        const process = new Process(books)
        const requests = Array.from({ length: members }, (_, i) => ({ couponId: 'c0', memberId: member(i) }))
        for (let round = 0; round < 3; round++) ahead ? process.ahead(requests) : process.locked(requests)
        expect(books.coupons.get('c0')!.issued).toBe(Math.min(quota, members))
      },
    ),
  )
})

it('answers in order of arrival', () => {
  const requests = [3, 1, 3, 2, 0].map(i => ({ couponId: 'c0', memberId: member(i) }))
  const codes = new Process(new Books([2])).locked(requests).map(codeOf)
  expect(codes).toEqual(['ok', 'ok', 'coupon_already_claimed', 'coupon_sold_out', 'coupon_sold_out'])
})

it('leaves a coupon that somebody holds for later, and knows one that does not exist', () => {
  const family = claimFamily()
  const request = { couponId: 'c0', memberId: member(1) }
  const decide = (retried: boolean, there: readonly Row[]) =>
    codeOf(
      family.decide([request], [callOf()], [[], [], [...there]], {
        ...{ now: NOW, missingMeansAbsent: false },
        retried: [retried],
      }).outcomes[0]!,
    )
  expect(decide(false, [])).toBe('parked')
  expect(decide(true, [{ coupon_id: 'c0' }])).toBe('parked')
  expect(decide(true, [])).toBe('coupon_unknown')
})

it('notes claims that a channel makes for its people, and no others', () => {
  const books = new Books([2])
  const call = callOf()
  const principal = { ...call.principal, kind: 'member', id: 'm_1', roles: ['customer'] } as const
  const requests = [1, 2].map(i => ({ couponId: 'c0', memberId: member(i) }))
  const calls = [
    { ...call, principal },
    { ...call, principal: { ...principal, channelId: 'c_till' } },
  ]
  const noted = new Process(books)
    .locked(requests, calls)
    .map(outcome => outcome !== 'parked' && outcome.audit)
  expect(noted).toEqual([undefined, { subject: 'c0.m_2', detail: { memberId: 'm_2' } }])
})
