import { sql } from 'kysely'
import { type Check, compare } from './check.ts'
import { div, refundParts, sagasOf, said } from './sql-parts.ts'

// Lines first, grouped by their order alone: both engines then walk along the primary key and need no temporary table.
const counted = sql<{ n: number }>`SELECT COUNT(*) AS n FROM orders`

export const orderTotals: Check = {
  name: 'order totals',
  proves:
    'goods, discount and points of an order are the sums over what is left of its lines; total = goods − both',
  run: books => {
    const say = said(books.dialect)
    // What cancelled units took with them of a line's discount and points: floors (modules/order/allocation.ts).
    const left = (column: string) =>
      sql`SUM(${sql.ref(`l.${column}`)} - ${div(books.dialect, sql`${sql.ref(`l.${column}`)} * l.cancelled`, sql`l.quantity`)})`
    return compare(
      books,
      counted,
      sql`SELECT ${say`${'order_id'} (${'state'}): goods ${'goods_total'}, lines ${'goods'}; discount ${'o_discount'}, lines ${'discount'}; points ${'o_points'}, lines ${'points'}; total ${'total'}`} AS what, 0 AS explained
        FROM (
          SELECT l.order_id, MAX(o.order_id) AS known, MAX(o.state) AS state, MAX(o.goods_total) AS goods_total,
            MAX(o.discount) AS o_discount, MAX(o.points) AS o_points, MAX(o.total) AS total,
            SUM((l.quantity - l.cancelled) * l.unit_price) AS goods, ${left('discount')} AS discount, ${left('points')} AS points
          FROM order_lines l LEFT JOIN orders o ON o.order_id = l.order_id GROUP BY l.order_id
        ) sums
        WHERE known IS NULL OR goods_total <> goods OR o_discount <> discount OR o_points <> points
          OR total <> goods_total - o_discount - o_points OR total < 0
        UNION ALL
        SELECT ${say`${'o.order_id'} (${'o.state'}): no lines`} AS what, 0 AS explained FROM orders o
        WHERE NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.order_id)`,
    )
  },
}

export const orderStates: Check = {
  name: 'order states',
  proves: 'each order is in a legal state that fits what is left of its lines, its payment and its saga',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      counted,
      sql`SELECT ${say`${'s.order_id'} (${'s.state'}): ${'s.units'} units not cancelled, ${'s.refunded'} refunded, payment ${'s.payment_id'}`} AS what, 0 AS explained
        FROM (
          SELECT l.order_id, MAX(o.state) AS state, MAX(o.payment_id) AS payment_id, SUM(l.quantity - l.cancelled) AS units, SUM(l.refunded) AS refunded,
            SUM(l.cancelled) AS cancelled,
            SUM(CASE WHEN l.quantity < 1 OR l.unit_price < 0 OR l.cancelled < 0 OR l.refunded < 0 OR l.cancelled + l.refunded > l.quantity
              OR l.discount < 0 OR l.points < 0 OR l.discount + l.points > l.quantity * l.unit_price THEN 1 ELSE 0 END) AS strange
          FROM order_lines l LEFT JOIN orders o ON o.order_id = l.order_id GROUP BY l.order_id
        ) s LEFT JOIN ${sagasOf('place')} g ON g.order_id = s.order_id
        WHERE s.state IS NOT NULL AND (strange > 0 OR NOT CASE s.state
            WHEN 'reserving' THEN units > 0 AND cancelled = 0 AND refunded = 0 AND payment_id IS NULL AND g.order_id IS NOT NULL
            WHEN 'placed' THEN units > 0 AND refunded = 0 AND payment_id IS NULL
            WHEN 'paying' THEN units > 0 AND refunded = 0 AND payment_id IS NOT NULL
            WHEN 'paid' THEN units > refunded AND payment_id IS NOT NULL
            WHEN 'refunded' THEN units > 0 AND units = refunded AND payment_id IS NOT NULL
            WHEN 'cancelled' THEN units = 0 AND refunded = 0 AND payment_id IS NULL
            WHEN 'expired' THEN units = 0 AND refunded = 0 AND payment_id IS NULL
            ELSE 0 = 1 END)`,
    )
  },
}

export const orderRefunds: Check = {
  name: 'order refunds',
  proves: 'units, value, points and money refunded of each order are those of its refunds',
  run: books => {
    const { dialect } = books
    const say = said(dialect)
    // Of a line's money, then of its points, what its refunded units are worth: cumulative floors.
    const lost = (column: string) =>
      div(dialect, sql`${sql.ref(`l.${column}`)} * l.cancelled`, sql`l.quantity`)
    const points = sql`(l.points - ${lost('points')})`
    const net = sql`((l.quantity - l.cancelled) * l.unit_price - (l.discount - ${lost('discount')}) - ${points})`
    const share = (of: typeof net) =>
      sql`SUM(${div(dialect, sql`${of} * l.refunded`, sql`l.quantity - l.cancelled`)})`
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM order_refunds`,
      sql`SELECT ${say`${'order_id'} line ${'line_no'}: refunded ${'refunded'}, refunds ${'parts'}`} AS what, 0 AS explained
        FROM (
          SELECT order_id, line_no, SUM(refunded) AS refunded, SUM(parts) AS parts FROM (
            SELECT order_id, line_no, refunded, 0 AS parts FROM order_lines WHERE refunded <> 0
            UNION ALL
            SELECT order_id, line_no, 0, quantity FROM (${refundParts(dialect)}) p
          ) sides GROUP BY order_id, line_no
        ) sums WHERE refunded <> parts
        UNION ALL
        SELECT ${say`${'order_id'}: refunded value ${'value'}, refunds ${'r_value'}; points ${'points'}, refunds ${'r_points'}; refunded money ${'money'}, refunds ${'r_money'}`} AS what, 0 AS explained
        FROM (
          SELECT order_id, SUM(known) AS known, SUM(value) AS value, SUM(points) AS points, SUM(money) AS money,
            SUM(r_value) AS r_value, SUM(r_points) AS r_points, SUM(r_money) AS r_money
          FROM (
            SELECT order_id, 1 AS known, 0 AS value, 0 AS points, refunded_total AS money, 0 AS r_value, 0 AS r_points, 0 AS r_money
            FROM orders WHERE refunded_total <> 0
            UNION ALL
            SELECT l.order_id, 1, ${share(net)}, ${share(points)}, 0, 0, 0, 0
            FROM order_lines l WHERE l.refunded <> 0 AND l.quantity > l.cancelled GROUP BY l.order_id
            UNION ALL
            SELECT order_id, 0, 0, 0, 0, SUM(value), SUM(points), SUM(CASE state WHEN 'done' THEN amount ELSE 0 END)
            FROM order_refunds GROUP BY order_id
          ) sides GROUP BY order_id
        ) sums WHERE known = 0 OR value <> r_value OR points <> r_points OR money <> r_money
        UNION ALL
        SELECT ${say`${'r.refund_id'}: ${'r.state'}, pending without a saga`} AS what, 0 AS explained
        FROM order_refunds r LEFT JOIN order_sagas g ON g.saga_id = r.refund_id AND g.kind = 'refund'
        WHERE r.state <> 'done' AND g.saga_id IS NULL
        UNION ALL
        SELECT ${say`${'r.refund_id'}: money ${'r.amount'} of ${'r.value'}, earned points ${'r.claw'} to take back, ${'r.clawed'} taken`} AS what, 0 AS explained
        FROM order_refunds r JOIN orders o ON o.order_id = r.order_id
        WHERE r.state = 'done' AND r.amount <> CASE
          WHEN o.member_id IS NULL THEN r.value
          WHEN r.value < r.claw - r.clawed THEN 0
          ELSE r.value - (r.claw - r.clawed) END`,
    )
  },
}
