// The promises of the payment book, whatever is asked in whatever order: a model of no more than its sums.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { InvariantBroken } from '../../platform/contract/result.ts'
import type { Row } from '../../platform/sql/statements.ts'
import { HOLD_MS } from './hold.ts'
import { PaymentBook } from './payment-book.ts'
import { isOpen, isTaken, mayMove, PAYMENT_MOVES, type PaymentState } from './payment-states.ts'
import type { PaymentRequest } from './requests.ts'
import type { PaymentRefundRow, PaymentRow } from './tables.ts'

const STATES = Object.keys(PAYMENT_MOVES) as PaymentState[]
const AMOUNT = 1_000
const orderId = fc.constantFrom('o1', 'o2')

/** Payment `p1.o2` is one of order `o2`: the door never mixes them. */
const request: fc.Arbitrary<PaymentRequest> = fc.oneof(
  fc.record({ orderId, n: fc.constantFrom(1, 2, 3) }).map(({ orderId, n }) => ({
    kind: 'open' as const,
    paymentId: `p${n}.${orderId}`,
    orderId,
    owner: 'g_1',
    token: 'tok_ok',
    amount: AMOUNT,
    currency: 'GBP',
    fingerprint: null,
    ...{ holder: 'h', until: 2_000 },
  })),
  fc
    .record({ orderId, n: fc.constantFrom(1, 2, 3), to: fc.constantFrom(...STATES) })
    .map(({ orderId, n, to }) => ({
      kind: 'move' as const,
      fence: Number.POSITIVE_INFINITY,
      paymentId: `p${n}.${orderId}`,
      orderId,
      to,
      cause: null,
      nextCheckAt: null,
    })),
  fc
    .record({ orderId, n: fc.integer({ min: 1, max: 5 }), amount: fc.integer({ min: 0, max: 600 }) })
    .map(({ orderId, n, amount }) => ({
      kind: 'refund' as const,
      refundId: `r${n}.${orderId}`,
      orderId,
      amount,
    })),
)

/** Applies what a book wrote to a ledger of plain rows, as an engine would: inserts, and updates by version. */
class Rows {
  readonly tables = { payment_slots: new Map(), payments: new Map(), payment_refunds: new Map() } as Record<
    string,
    Map<string, Row>
  >

  apply(book: PaymentBook): void {
    for (const write of book.writes()) {
      const table = this.tables[write.shape.table]!
      for (const values of write.rows) {
        const key = values[0] as string
        if (write.kind === 'insert') {
          expect(table.has(key), `${write.shape.table} ${key} exists`).toBe(false)
          table.set(key, Object.fromEntries(write.shape.columns.map((column, i) => [column, values[i]!])))
          continue
        }
        const row = table.get(key)!
        write.shape.keys.forEach((column, i) => {
          expect(row[column], `${column} of ${key}`).toBe(values[i])
        })
        write.shape.set.forEach((column, i) => {
          row[column] = values[write.shape.keys.length + i]!
        })
      }
    }
  }

  read(): Row[][] {
    const all = (name: string) => [...this.tables[name]!.values()].map(row => ({ ...row }))
    return [all('payment_slots'), all('payments'), all('payment_refunds'), [], []]
  }
}

it('keeps one capture a slot, refunds within it, and to its table of states, in whatever batches', () => {
  fc.assert(
    fc.property(fc.array(fc.array(request, { maxLength: 8 }), { maxLength: 12 }), batches => {
      const rows = new Rows()
      const call = systemCall('test', 0)
      for (const batch of batches) {
        const book = new PaymentBook(rows.read(), 1_000, true)
        for (const request of batch) {
          const before = stateBefore(book, request)
          const outcome = book.decide(request, call, false)
          if (outcome === 'parked') throw new Error('nothing is locked here')
          if (request.kind !== 'move' || !outcome.result.ok || before === undefined) continue
          const after = (outcome.result.value as PaymentRow).state
          expect(after === before || mayMove(before, after), `${before} → ${after}`).toBe(true)
        }
        rows.apply(book)
        check(rows)
      }
    }),
    { numRuns: 400 },
  )
})

/** State of the payment before a move, as the batch has it so far: nothing may move back to `created`. */
function stateBefore(book: PaymentBook, request: PaymentRequest): PaymentState | undefined {
  if (request.kind !== 'move') return undefined
  const probe = book.decide({ ...request, to: 'created' }, systemCall('test', 0), false)
  return probe !== 'parked' && probe.result.ok ? (probe.result.value as PaymentRow).state : undefined
}

function check(rows: Rows): void {
  const payments = [...rows.tables.payments!.values()] as unknown as PaymentRow[]
  const refunds = [...rows.tables.payment_refunds!.values()] as unknown as PaymentRefundRow[]
  for (const [orderId, slot] of rows.tables.payment_slots!) {
    const own = payments.filter(payment => payment.order_id === orderId)
    const captured = own.filter(payment => isTaken(payment.state))
    const open = own.filter(payment => isOpen(payment.state))
    expect(captured.length + open.length).toBeLessThanOrEqual(1)
    expect(slot.captured_payment_id).toBe(captured[0]?.payment_id ?? null)
    expect(slot.open_payment_id).toBe(open[0]?.payment_id ?? null)
    expect(slot.captured).toBe(captured.length * AMOUNT)
    expect(slot.refunded as number).toBeLessThanOrEqual(slot.captured as number)
    const given = refunds.filter(refund => refund.payment_id === slot.captured_payment_id)
    if (captured.length === 1)
      expect(given.reduce((sum, refund) => sum + refund.amount, 0)).toBe(slot.refunded)
  }
}

it('stops at a second capture of one order instead of booking it', () => {
  const row = (paymentId: string, state: PaymentState) => ({
    payment_id: paymentId,
    order_id: 'o1',
    owner: 'g_1',
    state,
    version: 1,
    amount: AMOUNT,
    currency: 'GBP',
    token: 't',
    fingerprint: null,
    cause: null,
    created_at: 0,
    next_check_at: null,
    checks: 0,
  })
  const slot = {
    order_id: 'o1',
    version: 1,
    open_payment_id: null,
    captured_payment_id: 'p1',
    captured: AMOUNT,
    refunded: 0,
    ...{ fence: 1, holder: null, held_until: null },
  }
  const book = new PaymentBook([[slot], [row('p1', 'captured'), row('p2', 'unknown')], [], [], []], 0, true)
  const move = {
    kind: 'move',
    fence: 1,
    paymentId: 'p2',
    orderId: 'o1',
    to: 'captured',
    cause: null,
    nextCheckAt: null,
  }
  expect(() => book.decide(move as PaymentRequest, systemCall('test', 0), false)).toThrow(InvariantBroken)
})

it('does not say no to a repeat whose payment somebody else holds: the no would let its order go', () => {
  const slot = {
    order_id: 'o1',
    version: 3,
    captured: 0,
    refunded: 0,
    fence: 1,
    holder: null,
    held_until: null,
  }
  const open = (paymentId: string, slots: Row) => {
    const request = {
      kind: 'open',
      paymentId,
      orderId: 'o1',
      owner: 'g_1',
      token: 'tok_ok',
      amount: AMOUNT,
    } as const
    // Its row is left out of what could be locked.
    const book = new PaymentBook([[slots], [], []], 0, false)
    const hold = { holder: 'h', until: 1 }
    return book.decide(
      { ...request, ...hold, currency: 'GBP', fingerprint: null },
      systemCall('test', 0),
      false,
    )
  }
  const underWay = { ...slot, open_payment_id: 'p1', captured_payment_id: null }
  const captured = { ...slot, open_payment_id: null, captured_payment_id: 'p1' }
  expect(open('p1', underWay)).toBe('parked')
  expect(open('p1', captured)).toBe('parked')
  expect(open('p2', underWay)).toMatchObject({ result: { refusal: { code: 'payment_open' } } })
  expect(open('p2', captured)).toMatchObject({ result: { refusal: { code: 'payment_state' } } })
})

describe('the lock of an order', () => {
  const call = systemCall('test', 0)
  const NOW = 5_000
  const open = (holder: string, paymentId = 'p1') => ({
    ...{ kind: 'open' as const, paymentId, orderId: 'o1', owner: 'g_1', token: 'tok_ok', amount: AMOUNT },
    ...{ currency: 'GBP', fingerprint: null, holder, until: NOW + HOLD_MS },
  })
  const take = (holder: string, until = NOW + HOLD_MS) => ({
    ...{ kind: 'take' as const, paymentId: 'p1', orderId: 'o1', holder, until },
  })
  const moveTo = (to: PaymentState, fence: number) => ({
    ...{ kind: 'move' as const, paymentId: 'p1', orderId: 'o1', to, fence, cause: null, nextCheckAt: null },
  })
  const value = (book: PaymentBook, request: PaymentRequest) => {
    const outcome = book.decide(request, call, false)
    if (outcome === 'parked') throw new Error('nothing is locked here')
    return outcome.result.ok ? outcome.result.value : outcome.result.refusal.code
  }
  const begun = (holder = 'a') => {
    const book = new PaymentBook([[], [], []], NOW, true)
    expect(value(book, open(holder))).toMatchObject({ fence: 1, held: true })
    return book
  }

  it('is had with the booking, by one at a time; the same one again has lost only the answer', () => {
    const book = begun()
    expect(value(book, take('b'))).toBe('payment_open')
    expect(value(book, open('b'))).toMatchObject({ fence: 1, held: false })
    expect(value(book, open('a'))).toMatchObject({ fence: 1, held: true })
    book.now += HOLD_MS
    expect(value(book, take('b', book.now + HOLD_MS))).toMatchObject({ fence: 2, held: true })
    expect(value(book, open('a'))).toMatchObject({ fence: 2, held: false })
  })

  it.each(STATES)('an older fence moves nothing to %s, and a newer one as the table says', to => {
    const book = begun()
    book.now += HOLD_MS
    value(book, take('b'))
    book.settle()
    const older = value(book, moveTo(to, 1))
    if (mayMove('created', to)) expect(older).toBe('payment_open')
    else expect(older).toMatchObject({ state: 'created' })
    expect(book.writes().flatMap(write => write.rows)).toEqual([])
    const { state } = value(book, moveTo(to, 2)) as PaymentRow
    expect(state).toBe(mayMove('created', to) ? to : 'created')
  })

  it('who only asks whether it is captured needs no turn', () => {
    const book = begun()
    value(book, moveTo('captured', 1))
    value(book, take('b'))
    expect(value(book, moveTo('captured', 1))).toMatchObject({ state: 'captured' })
  })

  it('is let go with the last move, and kept between two steps', () => {
    for (const to of ['captured', 'declined', 'unknown', 'voided'] as const) {
      const book = begun()
      if (mayMove('authorised', to)) value(book, moveTo('authorised', 1))
      expect(value(book, take('b'))).toBe('payment_open')
      value(book, moveTo(to, 1))
      expect(value(book, { ...take('a'), kind: 'keep', until: null })).toBe('payment_open')
      const next = value(book, take('b'))
      expect(next).toMatchObject(isOpen(to) || to === 'captured' ? { fence: 2, held: true } : { held: false })
    }
  })

  it('is kept longer and let go by its holder only', () => {
    const book = begun()
    const keep = (holder: string, until: number | null) =>
      value(book, { kind: 'keep', paymentId: 'p1', orderId: 'o1', holder, until })
    expect(keep('b', null)).toBe('payment_open')
    expect(keep('a', NOW + 2 * HOLD_MS)).toMatchObject({ payment_id: 'p1' })
    book.now += HOLD_MS
    expect(value(book, take('b'))).toBe('payment_open')
    expect(keep('a', null)).toMatchObject({ payment_id: 'p1' })
    expect(value(book, take('b'))).toMatchObject({ fence: 2 })
  })

  it('grows the version of its payment, so that what is remembered elsewhere is behind', () => {
    const book = begun()
    const { version } = value(book, moveTo('unknown', 1)) as PaymentRow
    expect(value(book, take('b'))).toMatchObject({ payment: { version: version + 1 } })
  })

  it('made by a clock that is far ahead it holds nobody up', () => {
    const book = begun()
    value(book, { kind: 'keep', paymentId: 'p1', orderId: 'o1', holder: 'a', until: NOW + 10 * HOLD_MS })
    expect(value(book, take('b'))).toMatchObject({ fence: 2 })
  })
})
