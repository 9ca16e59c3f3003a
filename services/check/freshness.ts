import type { History } from './history.ts'
import { byAction, callsOf, count, type Finding, isOk, type Rule, rows, text } from './rule.ts'

/** Clocks of processes on one machine are one clock; an answer is written down a little after it was made, ms. */
const LEEWAY_MS = 50

export const freshness: Rule = {
  name: 'freshness',
  proves: 'a ranking that says up to when it counts has every sale that was acknowledged before',
  check(history): Finding {
    const reads = callsOf(history, 'bestSellers').filter(isOk)
    const sales = salesOf(history)
    const violations = reads.flatMap(read => {
      const asOf = Number(read.outcome?.value?.asOf)
      if (!(asOf <= read.outcome!.t + LEEWAY_MS))
        return [`call ${read.id}: says it is of ${asOf}, and came at ${read.outcome!.t}`]
      const ranked = (read.outcome?.value?.rows ?? []) as readonly Ranked[]
      const shown = new Map(ranked.map(row => [row.productId, row.units + row.refundedUnits]))
      return [...salesBefore(sales, asOf)].flatMap(([productId, units]) => {
        const counted = shown.get(productId) ?? 0
        return counted >= units
          ? []
          : [`call ${read.id}: ${counted} of ${productId} at ${asOf}, ${units} were acknowledged by then`]
      })
    })
    return { checked: reads.length, violations }
  },
}

interface Ranked {
  readonly productId: string
  readonly units: number
  readonly refundedUnits: number
}
interface Sale {
  readonly at: number
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[]
}

/**
 * When each sale was there at the latest: both acknowledged and in the journal of stock. A payment that was captured while
 * the ledger went away is acknowledged, and its order is paid when it is back.
 */
function salesOf(history: History): Sale[] {
  const lines = new Map(
    callsOf(history, 'placeOrder').map(({ input }) => [input.orderId, input.lines as Sale['lines']]),
  )
  const booked = new Map(
    rows(history, 'stock_journal')
      .filter(row => text(row, 'kind') === 'sell')
      .map(row => [text(row, 'order_id'), count(row, 'at')]),
  )
  return [...byAction(callsOf(history, 'payOrder')).values()].flatMap(calls => {
    const orderId = String(calls[0]!.input.orderId)
    const at = booked.get(orderId)
    const paid = calls.filter(call => isOk(call) && call.outcome?.value?.state === 'captured')
    if (paid.length === 0 || at === undefined) return []
    const acknowledged = Math.min(...paid.map(call => call.outcome!.t))
    return [{ at: Math.max(at, acknowledged), lines: lines.get(orderId) ?? [] }]
  })
}

function salesBefore(sales: readonly Sale[], moment: number): Map<string, number> {
  const units = new Map<string, number>()
  for (const { at, lines } of sales)
    if (at < moment)
      for (const { productId, quantity } of lines)
        units.set(productId, (units.get(productId) ?? 0) + quantity)
  return units
}
