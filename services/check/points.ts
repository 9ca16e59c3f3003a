import type { History, Row } from './history.ts'
import { byKey, count, type Finding, type Rule, rows, sums, text } from './rule.ts'

export const points: Rule = {
  name: 'points',
  proves: 'no balance below zero, entries add up to it and to zero, and an order spends and gets back once',
  check(history): Finding {
    const accounts = rows(history, 'point_accounts')
    const transactions = rows(history, 'point_transactions')
    const changes = sums(
      transactions,
      row => text(row, 'member_id'),
      row => count(row, 'points'),
    )
    const violations = accounts.flatMap(row => {
      const [id, balance] = [text(row, 'member_id'), count(row, 'balance')]
      const added = changes.get(id) ?? 0
      return [
        ...(balance < 0 ? [`${id}: balance ${balance}`] : []),
        ...(added === balance ? [] : [`${id}: balance ${balance}, transactions add up to ${added}`]),
      ]
    })
    return {
      checked: accounts.length,
      violations: [
        ...violations,
        ...belowZero(transactions),
        ...unbalanced(history),
        ...spending(history, transactions),
      ],
    }
  },
}

const belowZero = (transactions: readonly Row[]): string[] =>
  transactions
    .filter(row => count(row, 'balance') < 0)
    .map(row => `${text(row, 'transaction_id')}: left a balance of ${row.balance}`)

function unbalanced(history: History): string[] {
  const entries = sums(
    rows(history, 'point_entries'),
    row => text(row, 'transaction_id'),
    row => count(row, 'points'),
  )
  return [...entries].filter(([, sum]) => sum !== 0).map(([id, sum]) => `${id}: its entries add up to ${sum}`)
}

/** What living orders say was used was taken; what dead ones used is back. */
function spending(history: History, transactions: readonly Row[]): string[] {
  const orders = byKey(rows(history, 'orders'), 'order_id')
  const about = Map.groupBy(
    transactions.filter(row => ['spend', 'return'].includes(text(row, 'kind'))),
    row => text(row, 'order_id'),
  )
  return [...new Set([...orders.keys(), ...about.keys()])].flatMap(id => {
    const moves = about.get(id) ?? []
    const spends = moves.filter(row => text(row, 'kind') === 'spend')
    const order = orders.get(id) ?? {}
    const state = text(order, 'state')
    const kept = -moves.reduce((sum, row) => sum + count(row, 'points'), 0)
    const due = ['placed', 'paying', 'paid'].includes(state) ? count(order, 'points') : 0
    return [
      ...(spends.length > 1 ? [`${id}: points spent ${spends.length} times`] : []),
      ...(kept === due ? [] : [`${id}: ${state || 'gone'}, ${kept} points are used, ${due} should be`]),
    ]
  })
}
