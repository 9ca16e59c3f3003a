// The book's decisions under random requests: pure, on rows in memory. What must hold after every batch is
// what `design.md` promises: the equation of stock, nothing below zero, legal states, a gapless journal.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Insert, Row, Select, Update, Value } from '../../platform/sql/statements.ts'
import { orderFamily, orderMemory } from './order-book.ts'
import type { OrderRequest, Part } from './requests.ts'
import type { LineRow, OrderRow, StockRow } from './tables.ts'

const KEYS: Record<string, readonly string[]> = {
  stock: ['product_id'],
  orders: ['order_id'],
  order_lines: ['order_id', 'line_no'],
  stock_journal: ['product_id', 'version'],
  order_refunds: ['refund_id'],
  order_sagas: ['saga_id'],
  member_purchases: ['purchase_id'],
}

/** Tables as maps; inserts refuse duplicates and updates refuse missing rows, as the ledger does. */
class Rows {
  readonly tables = new Map<string, Map<string, Row>>(Object.keys(KEYS).map(name => [name, new Map()]))

  rows<T>(table: string): T[] {
    return [...this.tables.get(table)!.values()] as T[]
  }
  select({ shape, ids }: Select): Row[] {
    return this.rows<Row>(shape.from)
      .filter(row => ids.includes(row[shape.key] as string))
      .map(row => ({ ...row }))
  }
  write(write: Insert | Update): void {
    const table = this.tables.get(write.shape.table)!
    const names = KEYS[write.shape.table]!
    for (const values of write.rows) {
      if (write.kind === 'insert') {
        const row = Object.fromEntries(write.shape.columns.map((column, i) => [column, values[i] as Value]))
        const key = names.map(name => row[name]).join('|')
        expect(table.has(key), `duplicate in ${write.shape.table}`).toBe(false)
        table.set(key, row)
      } else {
        const { keys, set } = write.shape
        const found = [...table.values()].filter(row => keys.every((name, i) => row[name] === values[i]))
        expect(found, `${write.shape.table} ${values.join()}`).toHaveLength(1)
        for (const [i, name] of set.entries()) found[0]![name] = values[keys.length + i] as Value
      }
    }
  }
}

const PRODUCTS = ['a', 'b', 'c']
const rules = { currency: 'GBP', paymentWindow: 1_000 }
const family = orderFamily(rules, orderMemory(rules))
const call = systemCall('test', 0)

function open(available: number): Rows {
  const rows = new Rows()
  for (const product_id of PRODUCTS) {
    rows.tables.get('stock')!.set(product_id, {
      ...{
        product_id,
        initial: available,
        adjusted: 0,
        available,
        reserved: 0,
        sold: 0,
        returned: 0,
        version: 0,
      },
      ...{ price: 100, on_sale: 1, sale_starts_at: null, member_limit: null, offer_version: 1 },
    })
  }
  return rows
}

function run(rows: Rows, requests: readonly OrderRequest[], now: number): readonly Outcome<unknown>[] {
  const fresh = requests.map(() => false)
  const sets = family.reads(requests, fresh).map(read => rows.select(read))
  const context = { now, missingMeansAbsent: true, retried: fresh }
  const { outcomes, writes } = family.decide(
    requests,
    requests.map(() => call),
    sets,
    context,
  )
  for (const write of writes) rows.write(write)
  return outcomes
}

const product = fc.constantFrom(...PRODUCTS)
const line = fc.record({ productId: product, quantity: fc.integer({ min: 1, max: 4 }) })
const orderNo = fc.integer({ min: 0, max: 11 })
const part: fc.Arbitrary<Part> = fc.record({
  lineNo: fc.integer({ min: 0, max: 2 }),
  quantity: fc.integer({ min: 1, max: 3 }),
})
const parts = fc.option(fc.array(part, { minLength: 1, maxLength: 3 }), { nil: null })
const paymentId = fc.constantFrom('p1', 'p2')

const request: fc.Arbitrary<OrderRequest> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(orderNo, fc.array(line, { minLength: 1, maxLength: 3 }))
      .map(([no, lines]) => place(no, lines)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(orderNo, paymentId)
      .map(([no, id]) => ({ kind: 'claim', orderId: `o${no}`, paymentId: id }) as const),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(orderNo, paymentId)
      .map(([no, id]) => ({ kind: 'release', orderId: `o${no}`, paymentId: id }) as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(orderNo, paymentId)
      .map(
        ([no, id]) =>
          ({ kind: 'paid', orderId: `o${no}`, paymentId: id, paidAt: 1, productIds: PRODUCTS }) as const,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(orderNo, parts, fc.constantFrom('cancelled', 'expired')).map(
      ([no, some, to]) =>
        ({
          kind: 'drop',
          orderId: `o${no}`,
          to,
          reason: 'test',
          parts: some,
          memberId: null,
          productIds: PRODUCTS,
        }) as const,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(orderNo, fc.integer({ min: 0, max: 30 }), parts, fc.boolean()).map(
      ([no, id, some, restock]) =>
        ({
          kind: 'refund',
          orderId: `o${no}`,
          refundId: `r${id}`,
          parts: some,
          restock,
          reason: null,
          businessTime: null,
          memberId: null,
          productIds: PRODUCTS,
        }) as const,
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(product, fc.integer({ min: -5, max: 5 }))
      .map(
        ([productId, change]) =>
          ({ kind: 'adjust', productId, change, reason: 'test', version: null }) as const,
      ),
  },
)

function place(no: number, lines: readonly { productId: string; quantity: number }[]): OrderRequest {
  const expectedTotal = lines.reduce((sum, each) => sum + each.quantity * 100, 0)
  return {
    ...{ kind: 'place', orderId: `o${no}`, idChosen: true, owner: 'g_1', memberId: null, channelId: null },
    ...{ email: null, country: null, lines, expectedTotal, saga: null, businessTime: null },
  }
}

function checkBooks(rows: Rows): void {
  const orders = rows.rows<OrderRow>('orders')
  const lines = rows.rows<LineRow>('order_lines')
  const unitsIn = (productId: string, states: readonly string[]): number => {
    const ids = new Set(orders.filter(order => states.includes(order.state)).map(order => order.order_id))
    return lines
      .filter(each => each.product_id === productId && ids.has(each.order_id))
      .reduce((sum, each) => sum + each.quantity - each.cancelled, 0)
  }
  for (const stock of rows.rows<StockRow>('stock')) {
    expect(stock.initial + stock.adjusted).toBe(
      stock.available + stock.reserved + stock.sold - stock.returned,
    )
    for (const value of [stock.available, stock.reserved, stock.sold, stock.returned])
      expect(value).toBeGreaterThanOrEqual(0)
    expect(stock.reserved).toBe(unitsIn(stock.product_id, ['reserving', 'placed', 'paying']))
    expect(stock.sold).toBe(unitsIn(stock.product_id, ['paid', 'refunded']))
    const journal = rows.rows<{ product_id: string; version: number }>('stock_journal')
    const versions = journal.filter(each => each.product_id === stock.product_id).map(each => each.version)
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: stock.version }, (_, i) => i + 1))
  }
  for (const each of lines) {
    expect(each.cancelled + each.refunded).toBeLessThanOrEqual(each.quantity)
    expect(Math.min(each.cancelled, each.refunded)).toBeGreaterThanOrEqual(0)
  }
}

describe('the order book', () => {
  it('keeps its promises whatever is asked, in whatever batches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.array(fc.array(request, { minLength: 1, maxLength: 12 }), { maxLength: 12 }),
        (available, batches) => {
          const rows = open(available)
          for (const [i, batch] of batches.entries()) {
            run(rows, batch, i * 300)
            checkBooks(rows)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('sums the lines of one product before it judges', () => {
    const rows = open(5)
    const [outcome] = run(
      rows,
      [
        place(1, [
          { productId: 'a', quantity: 3 },
          { productId: 'a', quantity: 3 },
        ]),
      ],
      0,
    )
    expect(outcome).toMatchObject({ result: { ok: false, refusal: { code: 'out_of_stock' } } })
  })

  it('answers each of a mixed batch of 512 for itself, in order of arrival', () => {
    const rows = open(200)
    const batch = Array.from({ length: 512 }, (_, i) =>
      i % 4 === 3
        ? place(i, [{ productId: 'nowhere', quantity: 1 }])
        : place(i, [{ productId: 'a', quantity: 1 }]),
    )
    const codes = run(rows, batch, 0).map(outcome => {
      if (outcome === 'parked') return 'parked'
      return outcome.result.ok ? 'ok' : outcome.result.refusal.code
    })
    const wished = codes.filter((_, i) => i % 4 !== 3)
    expect(wished.slice(0, 200)).toEqual(Array(200).fill('ok'))
    expect(wished.slice(200)).toEqual(Array(184).fill('out_of_stock'))
    expect(codes.filter((_, i) => i % 4 === 3)).toEqual(Array(128).fill('product_unknown'))
    checkBooks(rows)
  })
})
