import type { History, Row } from './history.ts'
import { byAction, byKey, callsOf, count, type Finding, isOk, type Rule, rows, sums, text } from './rule.ts'

export const stock: Rule = {
  name: 'stock',
  proves:
    'initial + adjustments = available + reserved + sold − returned, no more is sold than there was, and what is held and sold is what orders say',
  check(history): Finding {
    const all = rows(history, 'stock')
    const reserved = units(history, ['reserving', 'placed', 'paying'])
    const sold = units(history, ['paid', 'refunded'])
    const violations = all.flatMap(row => {
      const id = text(row, 'product_id')
      const n = (column: string): number => count(row, column)
      const had = n('initial') + n('adjusted')
      const parts = n('available') + n('reserved') + n('sold') - n('returned')
      const differs = (what: 'reserved' | 'sold', orders: number): string[] =>
        n(what) === orders ? [] : [`${id}: ${n(what)} ${what}, orders say ${orders}`]
      return [
        ...(had === parts ? [] : [`${id}: ${had} units came in, ${parts} are accounted for`]),
        ...(n('available') < 0 ? [`${id}: ${n('available')} available`] : []),
        ...(n('sold') - n('returned') > had ? [`${id}: ${n('sold')} sold of ${had}`] : []),
        ...differs('reserved', reserved.get(id) ?? 0),
        ...differs('sold', sold.get(id) ?? 0),
      ]
    })
    return { checked: all.length, violations: [...violations, ...adjustments(history)] }
  },
}

function units(history: History, states: readonly string[]): Map<string, number> {
  const orders = byKey(rows(history, 'orders'), 'order_id')
  const lines = rows(history, 'order_lines').filter(line =>
    states.includes(text(orders.get(text(line, 'order_id')) ?? {}, 'state')),
  )
  return sums(
    lines,
    line => text(line, 'product_id'),
    line => count(line, 'quantity') - count(line, 'cancelled'),
  )
}

/** Each acknowledged delivery counts once; one whose outcome nobody knows may count or not. */
function adjustments(history: History): string[] {
  const actions = [...byAction(callsOf(history, 'adjustStock')).values()]
  const product = (calls: (typeof actions)[number]): string => String(calls[0]!.input.productId)
  const change = (calls: (typeof actions)[number]): number => Number(calls[0]!.input.change)
  const acknowledged = sums(
    actions.filter(calls => calls.some(isOk)),
    product,
    change,
  )
  const open = new Set(
    actions
      .filter(calls => !calls.some(isOk) && calls.some(({ outcome }) => outcome?.result !== 'refused'))
      .map(product),
  )
  const wrong = (row: Row): boolean =>
    !open.has(text(row, 'product_id')) &&
    acknowledged.has(text(row, 'product_id')) &&
    acknowledged.get(text(row, 'product_id')) !== count(row, 'adjusted')
  return rows(history, 'stock')
    .filter(wrong)
    .map(
      row =>
        `${text(row, 'product_id')}: adjusted by ${count(row, 'adjusted')}, acknowledged ${acknowledged.get(text(row, 'product_id'))}`,
    )
}
