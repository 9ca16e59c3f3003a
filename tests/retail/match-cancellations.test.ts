import fc from 'fast-check'
import { expect, test } from 'vitest'
import { classify, classifyAll } from '../../services/retail/classify.ts'
import { matchCancellations } from '../../services/retail/match-cancellations.ts'
import { planReplay } from '../../services/retail/plan.ts'
import { byBusinessOrder, type RetailLine } from '../../services/retail/retail-line.ts'

const base: RetailLine = {
  lineNumber: 2,
  invoiceNo: '1',
  stockCode: '10000a',
  description: 'LANTERN',
  quantity: 1,
  businessTimeMs: 0,
  unitPriceMinor: 100,
  customerId: 'ann',
  country: 'EIRE',
}

/** Lines in the order given, one a minute unless said otherwise. */
function file(...lines: Partial<RetailLine>[]): RetailLine[] {
  return lines.map((line, i) => ({
    ...base,
    invoiceNo: String(i),
    lineNumber: i + 2,
    businessTimeMs: i * 60_000,
    ...line,
  }))
}

function outcomes(lines: RetailLine[]) {
  const { sale, cancellation } = classifyAll(lines)
  return matchCancellations(sale, cancellation).map(({ outcome, parts }) => [
    outcome,
    ...parts.map(part => [part.saleLine.lineNumber, part.quantity]),
  ])
}

test('newest earlier line first, several lines if one has not enough', () => {
  const lines = file({ quantity: 4 }, { quantity: 3 }, { invoiceNo: 'C1', quantity: -5 })
  expect(outcomes(lines)).toEqual([['full', [3, 3], [2, 2]]])
})

test('what was taken back once is not there a second time', () => {
  const lines = file({ quantity: 4 }, { invoiceNo: 'C1', quantity: -3 }, { invoiceNo: 'C2', quantity: -3 })
  expect(outcomes(lines)).toEqual([
    ['full', [2, 3]],
    ['part', [2, 1]],
  ])
})

test('within a minute the place in the file decides', () => {
  const cancel = { invoiceNo: 'C1', quantity: -1, businessTimeMs: 0 }
  expect(outcomes(file({ businessTimeMs: 0 }, cancel))).toEqual([['full', [2, 1]]])
  expect(outcomes(file(cancel, { businessTimeMs: 0 }))).toEqual([['none']])
})

test('another customer, another case of the code, a later sale: nothing', () => {
  const cancel = { invoiceNo: 'C1', quantity: -1 }
  expect(outcomes(file({ customerId: 'bob' }, { stockCode: '10000A' }, cancel, {}))).toEqual([['none']])
})

test('no customer is said before not goods', () => {
  const cancel = { invoiceNo: 'C1', quantity: -1, stockCode: 'POST' }
  expect(outcomes(file({ ...cancel, customerId: null }, cancel))).toEqual([['no_customer'], ['not_goods']])
})

test('each class by its first reason', () => {
  expect(
    file(
      {},
      { invoiceNo: 'C1', stockCode: 'POST', quantity: -1 },
      { stockCode: '1234A', unitPriceMinor: 0 },
      { quantity: 0, unitPriceMinor: 0 },
      { unitPriceMinor: 0 },
      { unitPriceMinor: -1 },
    ).map(classify),
  ).toEqual(['sale', 'cancellation', 'not_goods', 'no_quantity', 'no_price', 'no_price'])
})

test('lines of one invoice that name two customers are refused', () => {
  expect(() => planReplay(file({ invoiceNo: '1' }, { invoiceNo: '1', customerId: 'bob' }))).toThrow(
    expect.objectContaining({ code: 'inconsistent_invoice', lineNumber: 3 }),
  )
})

test('names come from the last description of a sale, prices from its last line, stock is 10 % more', () => {
  const lines = file(
    { description: ' OLD ', quantity: 10 },
    { description: 'NEW ', unitPriceMinor: 90 },
    { description: '', unitPriceMinor: 80 },
    { description: 'damaged', unitPriceMinor: 0 },
  )
  expect(planReplay(lines).products).toEqual([{ id: '10000a', name: 'NEW', listPriceMinor: 80, stock: 14 }])
})

const anyFile = fc
  .array(
    fc.record({
      invoiceNo: fc.constantFrom('1', '2', '3', 'C1', 'C2'),
      stockCode: fc.constantFrom('10000a', '10000A', 'POST'),
      quantity: fc.integer({ min: -6, max: 6 }),
      businessTimeMs: fc.nat({ max: 3 }),
      unitPriceMinor: fc.nat({ max: 2 }),
    }),
    { maxLength: 30 },
  )
  .chain(lines =>
    fc.tuple(
      fc.constant(lines),
      fc.array(fc.constantFrom('ann', 'bob', null), { minLength: 5, maxLength: 5 }),
    ),
  )
  .map(([lines, customers]) =>
    file(
      ...lines.map(line => ({
        ...line,
        customerId: customers['123C1C2'.indexOf(line.invoiceNo) % 5] ?? null,
      })),
    ),
  )

test('never refunds more than was sold or asked for, only earlier lines of that customer and product', () => {
  fc.assert(
    fc.property(anyFile, lines => {
      const { sale, cancellation } = classifyAll(lines)
      const matches = matchCancellations(sale, cancellation)
      expect(new Set(matches.map(match => match.line))).toEqual(new Set(cancellation))
      const taken = new Map<RetailLine, number>()
      for (const { line, outcome, parts } of matches) {
        const units = parts.reduce((sum, part) => sum + part.quantity, 0)
        expect(units).toBeLessThanOrEqual(Math.max(0, -line.quantity))
        expect(outcome === 'full').toBe(units > 0 && units === -line.quantity)
        for (const { saleLine, quantity } of parts) {
          expect(quantity).toBeGreaterThan(0)
          expect(saleLine).toMatchObject({ customerId: line.customerId, stockCode: line.stockCode })
          expect(byBusinessOrder(saleLine, line)).toBeLessThan(0)
          taken.set(saleLine, (taken.get(saleLine) ?? 0) + quantity)
        }
        if (outcome !== 'part' && outcome !== 'none') continue
        // Whatever could have been given was given.
        for (const other of sale) {
          if (other.customerId !== line.customerId || other.stockCode !== line.stockCode) continue
          if (line.quantity < 0 && byBusinessOrder(other, line) < 0)
            expect(taken.get(other)).toBe(other.quantity)
        }
      }
      for (const [line, units] of taken) expect(units).toBeLessThanOrEqual(line.quantity)
    }),
    { numRuns: 500 },
  )
})

test('a plan puts every line in one count, and every refund behind the order it belongs to', () => {
  fc.assert(
    fc.property(anyFile, lines => {
      const { counts, steps } = planReplay(lines)
      const sum = (values: Record<string, number>) => Object.values(values).reduce((a, b) => a + b, 0)
      expect(sum(counts.byClass)).toBe(lines.length)
      expect(sum(counts.cancellations)).toBe(counts.byClass.cancellation)
      const left = new Map<string, number>()
      for (const step of steps) {
        if (step.kind === 'order') {
          for (const [i, line] of step.lines.entries()) left.set(`${step.invoiceNo}/${i}`, line.quantity)
          continue
        }
        for (const { invoiceNo, lineIndex, quantity } of step.parts) {
          const rest = (left.get(`${invoiceNo}/${lineIndex}`) ?? 0) - quantity
          expect(rest).toBeGreaterThanOrEqual(0)
          left.set(`${invoiceNo}/${lineIndex}`, rest)
        }
      }
    }),
  )
})
