// Points on real ledgers, and the promises of their decision.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, type Role, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { platformSchema } from '../../platform/sql/platform-tables.ts'
import { migrate } from '../../platform/sql/schema.ts'
import type { Row } from '../../platform/sql/statements.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { createPoint, pointSchema, pointsEarned } from './index.ts'
import { type PointRequest, pointFamily } from './point-book.ts'
import type { PointTables } from './tables.ts'

type Point = ReturnType<typeof createPoint>
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const system = () => systemCall('test', Date.now())

function callOf(id: string, role: Role, key = `${id}-${Math.random()}`): Call {
  return {
    principal: { kind: 'member', id, roles: [role], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + 60_000,
    idempotency: { id: shortHash(key), fingerprint: shortHash(key) },
  }
}

onEveryLedger('points', engine => {
  let scratch: ScratchLedger
  let point: Point
  let twin: Point
  const make = (ledger: Ledger) =>
    createPoint({
      ledger,
      clock: Date.now,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { earnPercent: 1, lockWait: 2_000 },
    })
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [pointSchema])
    point = make(scratch.ledger)
    twin = make(await scratch.another())
  })
  afterAll(() => scratch.drop())

  let members = 0
  /** A new member with this many points. */
  async function member(points = 0): Promise<string> {
    const memberId = `m_${members++}`
    if (points > 0) await point.door.earn(system(), { orderId: `first-${memberId}`, memberId, points })
    return memberId
  }
  async function balance(memberId: string): Promise<number> {
    const result = await twin.door.getBalance(callOf(memberId, 'customer'), {})
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value.balance
  }

  it('earns once for an order, however often and wherever it is told', async () => {
    const memberId = await member()
    const tell = { orderId: `${memberId}-o`, memberId, points: 70 }
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? point : twin).door.earn(system(), tell)),
    )
    expect(new Set(results.map(code))).toEqual(new Set(['ok']))
    expect(await balance(memberId)).toBe(70)
  })

  it('earns by the event of a paid order: once, rounded down, nothing for guests', async () => {
    const memberId = await member()
    const paid = (key: string, version: number, who: string | null, money: number) => {
      return { type: 'order.paid', key, version, payload: { orderId: key, memberId: who, paid: money } }
    }
    const events = [paid(`${memberId}-a`, 2, memberId, 199), paid(`${memberId}-b`, 2, null, 9_900)]
    const [consumer] = point.consumers
    await consumer!.handle(events)
    await twin.consumers[0]!.handle([...events, paid(`${memberId}-c`, 2, memberId, 99)])
    expect(await balance(memberId)).toBe(1)
  })

  it('never spends more than there is, whoever spends at once', async () => {
    const memberId = await member(100)
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? point : twin).door.spend(system(), { orderId: `${memberId}-${i}`, memberId, points: 30 }),
      ),
    )
    expect(results.filter(result => result.ok)).toHaveLength(3)
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(new Set(['insufficient_points']))
    expect(await balance(memberId)).toBe(10)
  })

  it('lets exactly as many of 200 spend at once as the balance bears', async () => {
    const memberId = await member(50)
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        (i % 2 ? point : twin).door.spend(system(), { orderId: `${memberId}-${i}`, memberId, points: 1 }),
      ),
    )
    expect(results.filter(result => result.ok)).toHaveLength(50)
    expect(new Set(results.filter(result => !result.ok).map(code))).toEqual(new Set(['insufficient_points']))
    expect(await balance(memberId)).toBe(0)
  })

  it('does not spend for an order that was given back before', async () => {
    const memberId = await member(100)
    const orderId = `${memberId}-o`
    const back = { orderId, memberId, cause: `order:${orderId}:undo`, points: 40 }
    expect(code(await point.door.returnSpent(system(), back))).toBe('ok')
    expect(code(await twin.door.spend(system(), { orderId, memberId, points: 40 }))).toBe('order_state')
    expect(await balance(memberId)).toBe(100)
  })

  it('gives back what was spent, once per cause and never more', async () => {
    const memberId = await member(100)
    const orderId = `${memberId}-o`
    await point.door.spend(system(), { orderId, memberId, points: 40 })
    const back = { orderId, memberId, cause: `order:${orderId}:undo`, points: 90 }
    await Promise.all([point, twin, point].map(on => on.door.returnSpent(system(), back)))
    expect(await balance(memberId)).toBe(100)
  })

  it('takes back what an order earned: earned first if need be, down to zero, and says what is missing', async () => {
    const memberId = await member()
    const orderId = `${memberId}-o`
    const claw = { orderId, memberId, cause: 'refund:1', points: 30, earned: 50 }
    expect(await point.door.clawBack(system(), claw)).toMatchObject({ value: { clawed: 30, short: 0 } })
    // The event of the payment comes late: it is booked already.
    await twin.door.earn(system(), { orderId, memberId, points: 50 })
    expect(await balance(memberId)).toBe(20)
    await point.door.spend(system(), { orderId: `${memberId}-next`, memberId, points: 15 })
    const rest = { ...claw, cause: 'refund:2', points: 20 }
    const first = await twin.door.clawBack(system(), rest)
    expect(first).toMatchObject({ value: { clawed: 5, short: 15 } })
    expect(await point.door.clawBack(system(), rest)).toEqual(first)
    expect(await balance(memberId)).toBe(0)
  })

  it('lets an administrator adjust, never below zero, once per key', async () => {
    const memberId = await member(10)
    const call = callOf('m_admin', 'administrator')
    const change = { memberId, points: 5, reason: 'sorry' }
    const first = await point.door.adjustPoints(call, change)
    expect(await twin.door.adjustPoints(call, change)).toMatchObject({ value: { balance: 15 } })
    expect(first).toMatchObject({ ok: true, value: { balance: 15 } })
    const less = { ...change, points: -16 }
    expect(code(await point.door.adjustPoints(callOf('m_admin', 'administrator'), less))).toBe(
      'insufficient_points',
    )
    expect(await balance(memberId)).toBe(15)
  })

  it('shows every change in pages, to the member and to staff only', async () => {
    const memberId = await member()
    for (let i = 1; i <= 7; i++)
      await point.door.earn(system(), { orderId: `${memberId}-${i}`, memberId, points: i })
    const call = callOf(memberId, 'customer')
    const points: number[] = []
    const balances: number[] = []
    let cursor: string | null = null
    do {
      const page = await point.door.statement(call, { limit: 3, ...(cursor === null ? {} : { cursor }) })
      if (!page.ok) throw new Error(page.refusal.detail)
      points.push(...page.value.entries.map(entry => entry.points))
      balances.push(...page.value.entries.map(entry => entry.balance))
      cursor = page.value.nextCursor
    } while (cursor !== null)
    expect(points).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(balances).toEqual([28, 21, 15, 10, 6, 3, 1])
    expect(code(await point.door.statement(callOf('m_other', 'customer'), { memberId }))).toBe('forbidden')
    expect(code(await point.door.getBalance(callOf('m_other', 'operator'), { memberId }))).toBe('ok')
    expect(code(await point.door.statement(call, { cursor: 'x' }))).toBe('invalid_request')
  })

  it('shows what happened in one millisecond, or in one commit, in its order', async () => {
    const memberId = await member()
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => {
        const orderId = `${memberId}-${(i * 7) % 30}`
        return i % 3 === 2
          ? point.door.spend(system(), { orderId, memberId, points: 5 })
          : point.door.earn(system(), { orderId, memberId, points: 10 })
      }),
    )
    const page = await point.door.statement(callOf(memberId, 'customer'), { limit: 100 })
    if (!page.ok) throw new Error(page.refusal.detail)
    let before = 0
    for (const entry of page.value.entries.toReversed()) {
      expect(entry.balance).toBe(before + entry.points)
      before = entry.balance
    }
    expect(before).toBe(await balance(memberId))
  })

  it('gives transactions of the version before their place in the statement', async () => {
    const old = await openScratchLedger(engine, [{ '2026-11-23-point': pointSchema['2026-11-23-point']! }])
    try {
      await old.ledger.write<Record<string, Record<string, unknown>>, void>(async tx => {
        const row = { member_id: 'm_1', kind: 'earn', short: 0, order_id: null, reason: null }
        const rows = [3, 1, 2].map(n => {
          return { ...row, transaction_id: `m_1|${n}`, points: n, balance: n, created_at: n }
        })
        await tx.insertInto('point_transactions').values(rows).execute()
      })
      await migrate(old.ledger, [platformSchema, pointSchema])
      const shown = await make(old.ledger).door.statement(callOf('m_1', 'customer'), {})
      expect(shown.ok && shown.value.entries.map(entry => entry.at)).toEqual([3, 2, 1])
    } finally {
      await old.drop()
    }
  })

  it('keeps entries that add up to zero in the ledger', async () => {
    const db = scratch.ledger.reads<PointTables>()
    const entries = await db.selectFrom('point_entries').selectAll().execute()
    expect(entries.reduce((sum, entry) => sum + entry.points, 0)).toBe(0)
  })
})

describe('the decision on points', () => {
  const memberId = fc.constantFrom('m_1', 'm_2')
  const orderId = fc.constantFrom('o1', 'o2', 'o3')
  const points = fc.integer({ min: 0, max: 100 })
  const cause = fc.constantFrom('c1', 'c2', 'c3')
  const request: fc.Arbitrary<PointRequest> = fc.oneof(
    fc.record({ kind: fc.constant('earn' as const), memberId, orderId, points }),
    fc.record({ kind: fc.constant('spend' as const), memberId, orderId, points }),
    fc.record({ kind: fc.constant('return' as const), memberId, orderId, cause, points }),
    fc.record({ kind: fc.constant('claw' as const), memberId, orderId, cause, points, earned: points }),
    fc.record({
      kind: fc.constant('adjust' as const),
      memberId,
      cause,
      points: fc.integer({ min: -100, max: 100 }),
      reason: fc.constant('why'),
    }),
  )

  it('books each cause once, in entries that add up to zero, and nobody falls below zero', () => {
    fc.assert(
      fc.property(fc.array(fc.array(request, { maxLength: 10 }), { maxLength: 8 }), batches => {
        const accounts = new Map<string, Row>()
        const transactions = new Map<string, Row>()
        const entries: Row[] = []
        for (const batch of batches) {
          const sets = [accounts, transactions].map(table => [...table.values()].map(row => ({ ...row })))
          const calls = batch.map(() => systemCall('test', 0))
          const context = { now: 1, missingMeansAbsent: true, retried: batch.map(() => false) }
          const { writes, outcomes } = pointFamily.decide(batch, calls, [...sets, []], context)
          expect(outcomes).toHaveLength(batch.length)
          for (const write of writes) {
            for (const values of write.rows) {
              if (write.kind === 'update') {
                const row = accounts.get(values[0] as string)!
                expect(row.version).toBe(values[1])
                Object.assign(row, { version: values[2], balance: values[3] })
                continue
              }
              const row = Object.fromEntries(write.shape.columns.map((column, i) => [column, values[i]!]))
              if (write.shape.table === 'point_entries') entries.push(row)
              else {
                const table = write.shape.table === 'point_accounts' ? accounts : transactions
                const id = values[0] as string
                expect(table.has(id), `${id} twice`).toBe(false)
                table.set(id, row)
              }
            }
          }
          const sum = (account: string) =>
            entries
              .filter(row => row.account_id === account)
              .reduce((all, row) => all + Number(row.points), 0)
          for (const [id, row] of accounts) {
            expect(row.balance).toBeGreaterThanOrEqual(0)
            expect(row.balance).toBe(sum(id))
          }
          for (const [id, row] of accounts) {
            const places = [...transactions.values()].filter(each => each.member_id === id)
            expect(
              places.map(each => each.account_version).toSorted((a, b) => Number(a) - Number(b)),
            ).toEqual(Array.from({ length: Number(row.version) }, (_, i) => i + 1))
          }
          for (const id of transactions.keys()) {
            const own = entries.filter(row => row.transaction_id === id)
            expect(own).toHaveLength(2)
            expect(own.reduce((all, row) => all + Number(row.points), 0)).toBe(0)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('earns no more for parts than for the whole', () => {
    const money = fc.integer({ min: 0, max: 1_000_000_000_000 })
    fc.assert(
      fc.property(money, money, fc.integer({ min: 0, max: 100 }), (a, b, percent) => {
        expect(pointsEarned(a, percent) + pointsEarned(b, percent)).toBeLessThanOrEqual(
          pointsEarned(a + b, percent),
        )
      }),
    )
  })
})
