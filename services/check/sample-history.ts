// For the rules' tests: a small clean run, to be broken by hand in one place at a time.

import type { Call, Entry, Fields, History, LadderMove, Outcome, Row } from './history.ts'
import type { Rule } from './rule.ts'

type Tables = Record<string, Row[]>

/** What a test changes before it looks. */
export interface Sample {
  calls: Call[]
  faults: History['faults'][number][]
  moves: LadderMove[]
  tables: Tables
}

let calls = 0

/** One attempt that was answered at once, at this moment (ms). */
export function call(op: string, client: string, t: number, input: Fields, end: Partial<Outcome> = {}): Call {
  const id = calls++
  const outcome: Outcome = { type: 'outcome', id, t: t + 5, result: 'ok', ...end }
  return { id, t, client, process: 'shop-0', op, action: `${op}-${id}`, input, outcome }
}

const ORDER = { order_id: 'o-1', member_id: 'ann', goods_total: 200, discount: 0, points: 10, total: 190 }
const LINES = [{ productId: 'p', quantity: 2 }]

/** Ann claims, buys two with ten points, and pays; Bob claims by the line, and his order is cancelled; Cem comes too late. */
export function sample(): Sample {
  return {
    faults: [
      { type: 'fault', t: 10, name: 'redis killed', phase: 'begin' },
      { type: 'fault', t: 20, name: 'redis killed', phase: 'end' },
    ],
    moves: [],
    calls: [
      call('adjustStock', 'staff', 1, { productId: 'p', change: 10 }),
      call('claimCoupon', 'ann', 11, { couponId: 'c' }, { value: { state: 'issued' } }),
      call('claimCoupon', 'bob', 12, { couponId: 'c' }, { value: { state: 'accepted', ticket: 't' } }),
      call('claimProgress', 'bob', 13, { couponId: 'c', ticket: 't' }, { value: { state: 'issued' } }),
      call(...(['claimCoupon', 'cem', 14, { couponId: 'c' }] as const), {
        result: 'refused',
        code: 'coupon_sold_out',
      }),
      call(...(['placeOrder', 'ann', 21, { orderId: 'o-1', lines: LINES, points: 10 }] as const), {
        value: { orderId: 'o-1', total: 190 },
      }),
      call('payOrder', 'ann', 30, { orderId: 'o-1' }, { value: { state: 'captured' } }),
      call(
        ...(['placeOrder', 'bob', 31, { orderId: 'o-2', lines: [{ productId: 'p', quantity: 1 }] }] as const),
        { value: { orderId: 'o-2', total: 100 } },
      ),
      call('cancelOrder', 'bob', 40, { orderId: 'o-2' }, { value: {} }),
      call(...(['bestSellers', 'ann', 50, {}] as const), {
        value: { asOf: 45, rows: [{ productId: 'p', units: 2, refundedUnits: 0 }] },
      }),
    ],
    tables: {
      coupons: [{ coupon_id: 'c', quota: 2, issued: 2, owed: 0 }],
      coupon_claims: ['ann', 'bob'].map(member => ({ coupon_id: 'c', member_id: member, state: 'issued' })),
      stock: [{ product_id: 'p', initial: 0, adjusted: 10, available: 8, reserved: 0, sold: 2, returned: 0 }],
      stock_journal: [{ product_id: 'p', version: 3, kind: 'sell', order_id: 'o-1', at: 33 }],
      orders: [
        { ...ORDER, state: 'paid' },
        { ...ORDER, order_id: 'o-2', member_id: 'bob', state: 'cancelled', points: 0, total: 0 },
      ],
      order_lines: [
        { order_id: 'o-1', product_id: 'p', quantity: 2, cancelled: 0 },
        { order_id: 'o-2', product_id: 'p', quantity: 1, cancelled: 1 },
      ],
      payments: [{ payment_id: 'p-1', order_id: 'o-1', state: 'captured', amount: 190 }],
      payment_slots: [{ order_id: 'o-1', captured_payment_id: 'p-1', captured: 190, refunded: 0 }],
      payment_refunds: [],
      provider: [{ payment_id: 'p-1', state: 'captured', captured: 190, voided: 0, refunded: 0 }],
      point_accounts: [{ member_id: 'ann', balance: 91 }],
      point_transactions: [
        { transaction_id: 'g', member_id: 'ann', kind: 'adjust', points: 100, balance: 100, order_id: null },
        { transaction_id: 's', member_id: 'ann', kind: 'spend', points: -10, balance: 90, order_id: 'o-1' },
        { transaction_id: 'e', member_id: 'ann', kind: 'earn', points: 1, balance: 91, order_id: 'o-1' },
      ],
      point_entries: [...entries('g', 100), ...entries('s', -10), ...entries('e', 1)],
      bestseller_state: [{ generation: 1 }],
      bestseller_days: [{ generation: 1, product_id: 'p', units: 2 }],
      outbox: [],
      dead_letters: [],
    },
  }
}

const entries = (id: string, points: number): Row[] => [
  { transaction_id: id, account_id: 'ann', points },
  { transaction_id: id, account_id: 'shop', points: -points },
]

export function historyOfSample({ tables, ...rest }: Sample): History {
  return { run: null, ...rest, tables: new Map(Object.entries(tables)) }
}

/** What a rule finds once the sample was changed. */
export function found(rule: Pick<Rule, 'check'>, change: (sample: Sample) => void): string {
  const changed = sample()
  change(changed)
  return rule.check(historyOfSample(changed)).violations.join('\n')
}

/** The row of a table with these values, to be changed. */
export function row(sample: Sample, table: string, where: Row): Record<string, Row[string]> {
  const all = sample.tables[table] ?? []
  const rowFound = all.find(each => Object.entries(where).every(([column, value]) => each[column] === value))
  if (rowFound === undefined) throw new Error(`${table} has no such row`)
  return rowFound as Record<string, Row[string]>
}

/** The attempt of this client, by its operation. */
export function attempt(
  sample: Sample,
  op: string,
  client: string,
): Omit<Call, 'outcome'> & { outcome: Outcome | null } {
  const called = sample.calls.find(each => each.op === op && each.client === client)
  if (called === undefined) throw new Error(`${client} never did ${op}`)
  return called
}

/** Other values in the row of a table with these. */
export const set =
  (table: string, where: Row, values: Row) =>
  (run: Sample): void =>
    void Object.assign(row(run, table, where), values)

/** The sample as a run would have written it. */
export function historyEntries({ calls, faults, moves, tables }: Sample): Entry[] {
  const facts = Object.entries(tables).flatMap(([table, rows]) =>
    rows.map((row): Entry => ({ type: 'fact', table, row })),
  )
  const counts = Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.length]))
  return [
    ...calls.flatMap(({ outcome, ...invoke }): Entry[] => [
      { type: 'invoke', ...invoke },
      ...(outcome === null ? [] : [outcome]),
    ]),
    ...faults,
    ...moves,
    ...facts,
    { type: 'end', t: 1_000, tables: counts },
  ]
}
