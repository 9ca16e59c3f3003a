import { isGoods } from './classify.ts'
import { byBusinessOrder, type RetailLine } from './retail-line.ts'

/**
 * How a cancellation line ended. The first that fits counts, in this order:
 * - `no_customer`: nobody is named, so no earlier purchase can be found
 * - `not_goods`: postage, a fee or a discount is taken back, which was never sold as goods
 * - `full`: earlier lines had all the units that are taken back
 * - `part`: they had some of them; only these are refunded
 * - `none`: nothing was left, mostly because the purchase was before the file begins
 */
export const CANCELLATION_OUTCOMES = ['full', 'part', 'none', 'no_customer', 'not_goods'] as const

export type CancellationOutcome = (typeof CANCELLATION_OUTCOMES)[number]

/** Units taken back from one sale line. */
export type MatchedPart = { readonly saleLine: RetailLine; readonly quantity: number }

export type CancellationMatch = {
  readonly line: RetailLine
  readonly outcome: CancellationOutcome
  /** Newest sale line first; quantities are above zero; empty unless the outcome is `full` or `part`. */
  readonly parts: readonly MatchedPart[]
}

type Lot = { readonly line: RetailLine; left: number }

/**
 * Finds for each cancellation line the sales it takes back: the customer's earlier sale lines of exactly
 * that stock code, newest first, each giving what it has left, until the quantity is reached.
 * "Earlier" is by `byBusinessOrder`, so a sale in the same minute counts if it stands before it in the file.
 * Prices are not compared: a refund pays back what the sale line cost.
 * @param sales lines of class `sale`, in any order
 * @param cancellations lines of class `cancellation`, in any order
 * @returns one match for each cancellation line, in business order
 */
export function matchCancellations(
  sales: readonly RetailLine[],
  cancellations: readonly RetailLine[],
): CancellationMatch[] {
  const lots = new Map<string, Lot[]>()
  for (const line of sales.toSorted(byBusinessOrder)) {
    if (line.customerId === null) continue
    const key = lotKey(line.customerId, line.stockCode)
    const held = lots.get(key)
    if (held === undefined) lots.set(key, [{ line, left: line.quantity }])
    else held.push({ line, left: line.quantity })
  }
  return cancellations.toSorted(byBusinessOrder).map(line => {
    if (line.customerId === null) return { line, outcome: 'no_customer', parts: [] }
    if (!isGoods(line.stockCode)) return { line, outcome: 'not_goods', parts: [] }
    return take(line, lots.get(lotKey(line.customerId, line.stockCode)) ?? [])
  })
}

function take(line: RetailLine, lots: readonly Lot[]): CancellationMatch {
  let wanted = Math.max(0, -line.quantity)
  const parts: MatchedPart[] = []
  for (const lot of lots.toReversed()) {
    if (wanted === 0) break
    if (lot.left === 0 || byBusinessOrder(lot.line, line) > 0) continue
    const quantity = Math.min(lot.left, wanted)
    lot.left -= quantity
    wanted -= quantity
    parts.push({ saleLine: lot.line, quantity })
  }
  return { line, outcome: parts.length === 0 ? 'none' : wanted === 0 ? 'full' : 'part', parts }
}

/** JSON quotes both, so no two pairs share a key. */
function lotKey(customerId: string, stockCode: string): string {
  return JSON.stringify([customerId, stockCode])
}
