// Batches of the line as such: any records, in any batches, handed over again and again.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Row } from '../../platform/sql/statements.ts'
import { decidedIn, emptyOutcomes, UNDECIDED, VOID } from './block.ts'
import { claimIdOf, type QuotaRow } from './coupon.ts'
import { type Fate, QueueBook } from './queue-book.ts'
import { queueFamily } from './queue-family.ts'
import { type QueuedClaim, readRecord, writeRecord } from './queue-record.ts'
import { isSealed, readTicket, ticketText } from './ticket.ts'

const NOW = 1_000
const SIZE = 12

/** What the ledger has, as far as the line goes. */
class Books {
  readonly coupon: QuotaRow
  readonly claims = new Set<string>()
  readonly keys = new Map<string, string>()
  outcomes = emptyOutcomes(SIZE)
  decided = 0

  constructor(quota: number) {
    this.coupon = { coupon_id: 'c', quota, issued: 0, owed: SIZE, opens_at: 0, closes_at: 2_000, version: 1 }
  }

  /** One transaction. */
  commit(records: readonly QueuedClaim[]): Fate[] {
    const block = {
      block_id: 'b',
      coupon_id: 'c',
      size: SIZE,
      outcomes: this.outcomes,
      decided: this.decided,
    }
    const sets = {
      coupons: [structuredClone(this.coupon) as unknown as Row],
      blocks: [block],
      claims: [...this.claims].map(claim_id => ({ claim_id })),
      keys: [...this.keys].map(([id, fingerprint]) => ({ id, fingerprint })),
      ...{ couponsThere: [], blocksThere: [] },
    }
    const book = new QueueBook(sets, NOW, false)
    expect(book.waits(records, false)).toBe(false)
    const fates = records.map(record => book.decide(record))
    for (const [i, fate] of fates.entries()) {
      const { key } = { key: records[i]!.call.idempotency! }
      if (fate.kind === 'decided' && fate.letter === 'i') this.keys.set(key.id, key.fingerprint)
    }
    for (const write of book.writes()) {
      if (write.kind === 'insert') for (const row of write.rows) this.claims.add(row[0] as string)
      else if (write.shape.table === 'coupons')
        for (const [, , , owedRead, issued, owed] of write.rows) {
          expect(owedRead).toBe(this.coupon.owed)
          Object.assign(this.coupon, { issued, owed })
        }
      else
        for (const [, read, now, outcomes] of write.rows) {
          expect(read).toBe(this.decided)
          this.decided = now as number
          this.outcomes = outcomes as string
        }
    }
    return fates
  }
}

const record = (member: number, index: number, key = member): QueuedClaim => ({
  ...{ couponId: 'c', memberId: `m${member}`, block: 'b', index, at: NOW },
  call: {
    principal: { kind: 'member', id: `m${member}`, roles: ['customer'], channelId: null, email: null },
    requestId: 'r',
    idempotency: { id: `k${key}`, fingerprint: `f${member}` },
  },
})

it('issues in the order of the line, each place once, however often batches come again', () => {
  const claim = fc.record({ member: fc.nat(5), key: fc.nat(7) })
  const line = fc.array(claim, { minLength: 1, maxLength: SIZE })
  fc.assert(
    fc.property(
      line,
      fc.nat(6),
      fc.array(fc.nat(SIZE), { maxLength: 8 }),
      fc.nat(SIZE),
      (claims, quota, cuts, gone) => {
        const records = claims.map(({ member, key }, i) => record(member, i, key))
        const books = new Books(quota)
        // Closed by a sweep before some of it came: what comes all the same is decided.
        books.outcomes = emptyOutcomes(SIZE - gone) + VOID.repeat(gone)
        books.decided = gone
        books.coupon.owed -= gone
        const voids = () => [...books.outcomes].filter(letter => letter === VOID).length
        let at = 0
        for (const cut of cuts) {
          // Batches that begin before where the last one ended: they were not committed.
          const from = Math.max(0, at - cut)
          const to = Math.min(records.length, from + cut)
          const fates = books.commit(records.slice(from, to))
          for (const [i, fate] of fates.entries()) expect(fate.kind === 'before').toBe(from + i < at)
          at = Math.max(at, to)
        }
        books.commit(records)
        const { issued } = books.coupon
        expect(issued).toBe(books.claims.size)
        expect(issued).toBeLessThanOrEqual(quota)
        expect(books.decided).toBe(decidedIn(books.outcomes))
        expect(books.coupon.owed).toBe(SIZE - books.decided)
        expect([...books.outcomes].filter(letter => letter === 'i')).toHaveLength(issued)
        expect(books.outcomes.slice(0, records.length)).not.toContain(UNDECIDED)
        expect(voids()).toBe(Math.min(gone, SIZE - records.length))
        // Whoever came first has it: the first place of each member whose key was free, up to the quota.
        const expected = new Set<string>()
        const used = new Set<number>()
        for (const { member, key } of claims) {
          const id = claimIdOf('c', `m${member}`)
          if (used.has(key) || expected.has(id) || expected.size >= quota) continue
          used.add(key)
          expected.add(id)
        }
        expect(books.claims).toEqual(expected)
      },
    ),
    { numRuns: 300 },
  )
})

it('waits for rows that somebody else holds, and for none that is not there', () => {
  const none = { coupons: [], blocks: [], claims: [], keys: [], couponsThere: [], blocksThere: [] }
  const held = new QueueBook(none, NOW, false)
  expect(held.waits([record(1, 0)], false)).toBe(true)
  expect(held.waits([record(1, 0)], true)).toBe(false)
  expect(new QueueBook(none, NOW, true).waits([record(1, 0)], false)).toBe(false)
  const there = { ...none, couponsThere: [{ coupon_id: 'c' }] }
  expect(new QueueBook(there, NOW, false).waits([record(1, 0)], true)).toBe(true)
  expect(held.decide(record(1, 0))).toEqual({ kind: 'dead', cause: 'there is no block b' })
})

it('decides by the time of acceptance, and by none to come', () => {
  const family = queueFamily('coupon')
  const coupon = { coupon_id: 'c', quota: 5, issued: 0, opens_at: 500, closes_at: 900, version: 1 }
  const block = { block_id: 'b', coupon_id: 'c', size: 5, outcomes: '.....', decided: 0 }
  const records = [499, 500, 899, 900, 5_000].map((at, i) => ({ ...record(i, i), at }))
  const batch = { partition: 0, records, nextOffset: 5, pace: 1 }
  const { outcomes, writes } = family.decide([batch], [], [[coupon], [block], [], []], {
    now: 1_000,
    missingMeansAbsent: false,
    retried: [false],
  })
  const [outcome] = outcomes
  const fates = outcome !== 'parked' && outcome!.result.ok ? outcome!.result.value : []
  expect(fates.map(fate => fate.kind === 'decided' && fate.letter)).toEqual(['n', 'i', 'i', 'n', 'n'])
  // Claims, first answers, places and position: all in one transaction.
  const tables = writes.filter(write => write.rows.length > 0).map(write => write.shape.table)
  expect(tables.sort()).toEqual([
    'coupon_blocks',
    'coupon_claims',
    'coupon_positions',
    'coupons',
    'idempotency',
  ])
})

it('reads what it wrote, and says of anything else why not', () => {
  const claim = { ...record(1, 7), at: 99 }
  const { key, value } = writeRecord(claim)
  const taken = { topic: 't', partition: 0, offset: 1, key, value, timestamp: 0 }
  expect(readRecord(taken)).toEqual(claim)
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), text => {
      expect(typeof readRecord({ ...taken, value: text })).toBe('string')
    }),
  )
  expect(readRecord({ ...taken, key: null })).toContain('coupon id')
  expect(readRecord({ ...taken, value: null })).toContain('empty')
})

it('seals a ticket for one member', () => {
  const ticket = { blockId: '0195-ab', index: 999, partition: 3, offset: 123_456_789_012 }
  const text = ticketText(ticket, 'secret', 'm_1')
  const read = readTicket(text)!
  expect(read).toMatchObject(ticket)
  expect([
    isSealed(read, 'secret', 'm_1'),
    isSealed(read, 'secret', 'm_2'),
    isSealed(read, 'other', 'm_1'),
  ]).toEqual([true, false, false])
  expect(isSealed({ ...read, offset: 1 }, 'secret', 'm_1')).toBe(false)
  for (const odd of ['', 'a.b', `${text}x`, text.replace('.', '/')]) expect(readTicket(odd)).toBeNull()
})
