import { count, type Finding, type Rule, rows, sums, text } from './rule.ts'

export const events: Rule = {
  name: 'events',
  proves:
    'each paid order is counted once in the ranking and earned its points once, and nothing is left over',
  check(history): Finding {
    const paid = rows(history, 'orders').filter(row => ['paid', 'refunded'].includes(text(row, 'state')))
    const ids = new Set(paid.map(row => text(row, 'order_id')))
    const sold = sums(
      rows(history, 'order_lines').filter(row => ids.has(text(row, 'order_id'))),
      row => text(row, 'product_id'),
      row => count(row, 'quantity') - count(row, 'cancelled'),
    )
    const generation = count(rows(history, 'bestseller_state')[0] ?? {}, 'generation')
    const counted = sums(
      rows(history, 'bestseller_days').filter(row => count(row, 'generation') === generation),
      row => text(row, 'product_id'),
      row => count(row, 'units'),
    )
    const violations = [...new Set([...sold.keys(), ...counted.keys()])].flatMap(id => {
      const [orders, ranking] = [sold.get(id) ?? 0, counted.get(id) ?? 0]
      return orders === ranking ? [] : [`${id}: ${orders} sold, the ranking counted ${ranking}`]
    })
    const earned = Map.groupBy(
      rows(history, 'point_transactions').filter(row => text(row, 'kind') === 'earn'),
      row => text(row, 'order_id'),
    )
    for (const order of paid) {
      const id = text(order, 'order_id')
      const times = earned.get(id)?.length ?? 0
      const due = order.member_id !== null && count(order, 'total') >= LEAST_PAID ? 1 : 0
      if (times !== due) violations.push(`${id}: earned points ${times} times, ${due} is right`)
    }
    for (const id of earned.keys())
      if (!ids.has(id)) violations.push(`${id}: earned points, and was never paid`)
    for (const table of ['outbox', 'dead_letters'])
      for (const row of rows(history, table))
        violations.push(`${table}: ${row.type} ${row.version} of ${row.event_key} is left over`)
    return { checked: paid.length, violations }
  },
}

/** Minor units that earn the first point, at one percent. */
const LEAST_PAID = 100
