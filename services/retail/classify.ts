import type { RetailLine } from './retail-line.ts'

/**
 * What a line is. The first that fits counts, in this order, so that every line has exactly one:
 * - `cancellation`: the invoice number begins with C
 * - `not_goods`: the stock code does not begin with five digits (postage, fees, discounts, vouchers)
 * - `no_quantity`: quantity is zero or below (a stock correction)
 * - `no_price`: price is zero or below (a gift, a correction)
 * - `sale`: everything else, which is what the shop sold
 */
export const LINE_CLASSES = ['sale', 'cancellation', 'not_goods', 'no_quantity', 'no_price'] as const

export type LineClass = (typeof LINE_CLASSES)[number]

/** Whether a stock code names goods. Only ASCII digits count. */
export function isGoods(stockCode: string): boolean {
  return /^[0-9]{5}/.test(stockCode)
}

export function classify(line: RetailLine): LineClass {
  if (line.invoiceNo.startsWith('C')) return 'cancellation'
  if (!isGoods(line.stockCode)) return 'not_goods'
  if (line.quantity <= 0) return 'no_quantity'
  if (line.unitPriceMinor <= 0) return 'no_price'
  return 'sale'
}

/** All lines by class, each class in the order given: the lengths add up to the number of lines. */
export function classifyAll(lines: Iterable<RetailLine>): Record<LineClass, RetailLine[]> {
  const byClass: Record<LineClass, RetailLine[]> = {
    sale: [],
    cancellation: [],
    not_goods: [],
    no_quantity: [],
    no_price: [],
  }
  for (const line of lines) byClass[classify(line)].push(line)
  return byClass
}
