import type { Call, History, Row } from './history.ts'
import {
  byAction,
  byKey,
  callsOf,
  count,
  type Finding,
  isFinalRefusal,
  isOk,
  type Rule,
  rows,
  text,
} from './rule.ts'

export const orders: Rule = {
  name: 'orders',
  proves:
    'an acknowledged order is there with its lines and total, each was asked for by somebody, and a repeat got the same answer',
  check(history): Finding {
    const there = byKey(rows(history, 'orders'), 'order_id')
    const lines = Map.groupBy(rows(history, 'order_lines'), row => text(row, 'order_id'))
    const placing = callsOf(history, 'placeOrder')
    const wanted = new Set(placing.map(({ input }) => String(input.orderId)))
    const violations: string[] = []
    for (const calls of byAction(placing).values()) {
      const [first, ...others] = calls.filter(isOk)
      const order = there.get(String(calls[0]!.input.orderId))
      if (first === undefined) violations.push(...refusedAndThere(calls, order))
      else {
        violations.push(...missing(first, order, lines.get(String(first.input.orderId)) ?? []))
        for (const other of others) violations.push(...answeredOtherwise(first, other))
        violations.push(...takenBack(first, calls))
      }
    }
    for (const id of there.keys()) if (!wanted.has(id)) violations.push(`${id}: nobody asked for it`)
    violations.push(...ended(history, there, 'cancelOrder', 'cancelled'))
    violations.push(...ended(history, there, 'refundOrder', 'refunded'))
    return { checked: wanted.size, violations }
  },
}

interface Line {
  readonly productId: string
  readonly quantity: number
}
const linesText = (lines: readonly Line[]): string =>
  lines
    .map(({ productId, quantity }) => `${quantity} × ${productId}`)
    .sort()
    .join(', ')

function missing({ input, outcome }: Call, order: Row | undefined, lines: readonly Row[]): string[] {
  if (order === undefined) return [`${input.orderId}: acknowledged, and not in the ledger`]
  const total = outcome?.value?.total
  const wanted = linesText(input.lines as Line[])
  const held = linesText(
    lines.map(row => ({ productId: text(row, 'product_id'), quantity: count(row, 'quantity') })),
  )
  // Of an order that was cancelled the total is what is left of it.
  const sameTotal = text(order, 'state') === 'cancelled' || count(order, 'total') === total
  return [
    ...(sameTotal
      ? []
      : [`${input.orderId}: acknowledged with total ${total}, the ledger has ${order.total}`]),
    ...(wanted === held ? [] : [`${input.orderId}: ordered ${wanted}, the ledger has ${held}`]),
  ]
}

/** What was refused for good may stand as cancelled: it was begun, and undone. */
function refusedAndThere(calls: readonly Call[], order: Row | undefined): string[] {
  const last = calls.at(-1)!
  if (order === undefined || !isFinalRefusal(last) || text(order, 'state') === 'cancelled') return []
  return [`${last.input.orderId}: refused (${last.outcome?.code}), and ${order.state} in the ledger`]
}

function answeredOtherwise(first: Call, other: Call): string[] {
  const [one, two] = [first, other].map(({ outcome }) => JSON.stringify(outcome?.value))
  return one === two ? [] : [`${first.input.orderId}: answered ${one}, then ${two}`]
}

/** Once it was done no repeat may say no. */
function takenBack(first: Call, calls: readonly Call[]): string[] {
  const after = calls.filter(call => call.t > first.outcome!.t && isFinalRefusal(call))
  return after.map(({ input, outcome }) => `${input.orderId}: acknowledged, then refused (${outcome?.code})`)
}

function ended(history: History, there: ReadonlyMap<string, Row>, op: string, state: string): string[] {
  const ids = new Set(
    callsOf(history, op)
      .filter(isOk)
      .map(({ input }) => String(input.orderId)),
  )
  return [...ids]
    .filter(id => text(there.get(id) ?? {}, 'state') !== state)
    .map(id => `${id}: ${op} was acknowledged, and it is ${there.get(id)?.state ?? 'not there'}`)
}
