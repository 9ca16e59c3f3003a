import { expect, test } from 'vitest'
import { classifyAll, isGoods } from '../../services/retail/classify.ts'
import { matchCancellations } from '../../services/retail/match-cancellations.ts'
import { planReplay } from '../../services/retail/plan.ts'
import { readAllLines } from '../../services/retail/read-lines.ts'
import { DECEMBER } from './december.ts'
import { type Figures, readIndependently } from './independent-reader.ts'

const lines = await readAllLines(DECEMBER)
const plan = planReplay(lines)
const independent = readIndependently(DECEMBER)
const orders = plan.steps.filter(step => step.kind === 'order')
const refunds = plan.steps.filter(step => step.kind === 'refund')

/** The figures that `docs/data.md` defines, written out here once more. */
test('the file has its known totals', () => {
  expect(plan.counts).toEqual({
    lines: 39_529,
    byClass: { sale: 38_508, cancellation: 680, not_goods: 139, no_quantity: 69, no_price: 133 },
    cancellations: { full: 263, part: 2, none: 365, no_customer: 36, not_goods: 14 },
  })
  expect(new Set(lines.map(line => line.invoiceNo)).size).toBe(1_893)
  expect(orders).toHaveLength(1_449)
  expect(plan.products).toHaveLength(2_739)
  expect(plan.members).toHaveLength(922)
  expect(refunds).toHaveLength(265)
  expect(independent).toMatchObject({
    lines: 39_529,
    invoices: 1_893,
    saleLines: 38_508,
    saleInvoices: 1_449,
    cancellationLines: 680,
    matches: { full: 263, part: 2, none: 365, noCustomer: 36, notGoods: 14 },
  })
  expect(independent.gross.total).toEqual({ units: 333_088, pence: 71_570_090 })
  expect(independent.net.total).toEqual({ units: 330_047, pence: 70_801_803 })
  expect(independent.gross.byDay.size).toBe(17)
  expect(independent.customers).toEqual(new Set(plan.members))
})

test('the rest of what docs/data.md states in its tables', () => {
  const { sale, cancellation } = classifyAll(lines)
  const different = (of: typeof lines, field: 'invoiceNo' | 'stockCode' | 'customerId') =>
    new Set(of.map(line => line[field]).filter(value => value !== null)).size
  expect(different(cancellation, 'invoiceNo')).toBe(299)
  expect(different(lines, 'invoiceNo') - different([...sale, ...cancellation], 'invoiceNo')).toBe(145)
  expect(different(lines, 'stockCode')).toBe(2_783)
  expect(
    different(
      lines.filter(line => !isGoods(line.stockCode)),
      'stockCode',
    ),
  ).toBe(11)
  expect(different(sale, 'customerId')).toBe(859)
  expect(plan.products.reduce((sum, product) => sum + product.stock, 0)).toBe(367_804)
  const units = { full: [0, 0], part: [0, 0], none: [0, 0], no_customer: [0, 0], not_goods: [0, 0] }
  let alsoNotGoods = 0
  for (const { line, outcome, parts } of matchCancellations(sale, cancellation)) {
    units[outcome][0]! -= line.quantity
    units[outcome][1]! += parts.reduce((sum, part) => sum + part.quantity, 0)
    if (outcome === 'no_customer' && !isGoods(line.stockCode)) alsoNotGoods++
  }
  expect(units).toEqual({
    full: [3_028, 3_028],
    part: [71, 13],
    none: [12_487, 0],
    no_customer: [119, 0],
    not_goods: [17, 0],
  })
  expect(alsoNotGoods).toBe(15)
})

test('stock codes are compared as bytes', () => {
  const pairs = (codes: Iterable<string>) => {
    const all = new Set(codes)
    return all.size - new Set([...all].map(code => code.toLowerCase())).size
  }
  expect(pairs(lines.map(line => line.stockCode))).toBe(50)
  expect(pairs(plan.products.map(product => product.id))).toBe(49)
})

test('the plan sells what the independent reader counted, per product, day and country', () => {
  const sums = sumsOf(false)
  expect(sums.byProduct).toEqual(independent.gross.byProduct)
  expect(sums.byDay).toEqual(independent.gross.byDay)
  expect(sums.byCountry).toEqual(independent.gross.byCountry)
  expect(sums.byDayCountryProduct).toEqual(independent.gross.byDayCountryProduct)
})

test('the plan refunds what the independent matcher took back, line by line', () => {
  const sums = sumsOf(true)
  expect(sums.byProduct).toEqual(independent.net.byProduct)
  expect(sums.byDay).toEqual(independent.net.byDay)
  expect(sums.byCountry).toEqual(independent.net.byCountry)
  expect(sums.byDayCountryProduct).toEqual(independent.net.byDayCountryProduct)
  const invoices = new Map(orders.map(order => [order.invoiceNo, order]))
  const parts = refunds.flatMap(refund =>
    refund.parts.map(({ invoiceNo, lineIndex, quantity }) => {
      const line = invoices.get(invoiceNo)!.lines[lineIndex]!
      return {
        cancellationLine: refund.lineNumber,
        saleLine: line.lineNumber,
        saleInvoice: invoiceNo,
        stockCode: line.productId,
        units: quantity,
        pence: quantity * line.unitPriceMinor,
      }
    }),
  )
  expect(parts).toHaveLength(266)
  expect(parts).toEqual(independent.refunds)
})

test('the plan can be carried out: in order, by the right customer, from stock that lasts', () => {
  const stock = new Map(plan.products.map(product => [product.id, product.stock]))
  const bought = new Map<string, string | null>()
  let last = 0
  for (const step of plan.steps) {
    expect(step.businessTimeMs).toBeGreaterThanOrEqual(last)
    last = step.businessTimeMs
    if (step.kind === 'order') {
      bought.set(step.invoiceNo, step.customerId)
      for (const line of step.lines) stock.set(line.productId, stock.get(line.productId)! - line.quantity)
    } else {
      for (const part of step.parts) expect(bought.get(part.invoiceNo)).toBe(step.customerId)
    }
  }
  expect(Math.min(...stock.values())).toBeGreaterThanOrEqual(1)
  expect(bought.size).toBe(1_449)
  expect(orders.filter(order => order.customerId === null)).toHaveLength(114)
  expect(plan.products.every(product => product.name !== '' && product.listPriceMinor > 0)).toBe(true)
})

/** Sums over the plan's steps; refunds count on the day and in the country of the order they belong to. */
function sumsOf(net: boolean) {
  const sums = {
    byProduct: new Map<string, Figures>(),
    byDay: new Map<string, Figures>(),
    byCountry: new Map<string, Figures>(),
    byDayCountryProduct: new Map<string, Figures>(),
  }
  const add = (
    order: (typeof orders)[number],
    line: (typeof orders)[number]['lines'][number],
    units: number,
  ) => {
    // In December London's day is the day of UTC.
    const day = new Date(order.businessTimeMs).toISOString().slice(0, 10)
    const entries = [
      [sums.byProduct, line.productId],
      [sums.byDay, day],
      [sums.byCountry, order.country],
      [sums.byDayCountryProduct, `${day}|${order.country}|${line.productId}`],
    ] as const
    for (const [map, key] of entries) {
      const before = map.get(key) ?? { units: 0, pence: 0 }
      map.set(key, { units: before.units + units, pence: before.pence + units * line.unitPriceMinor })
    }
  }
  const invoices = new Map(orders.map(order => [order.invoiceNo, order]))
  for (const order of orders) for (const line of order.lines) add(order, line, line.quantity)
  for (const part of net ? refunds.flatMap(refund => refund.parts) : []) {
    const order = invoices.get(part.invoiceNo)!
    add(order, order.lines[part.lineIndex]!, -part.quantity)
  }
  return sums
}
