import { sql } from 'kysely'
import { type Check, compare, div, text } from './check.ts'

const counted = sql<{ n: number }>`SELECT COUNT(*) AS n FROM orders`

export const orderTotals: Check = {
  name: 'order totals',
  proves:
    'goods, discount and points of an order are the sums over what is left of its lines; total = goods − both',
  run: books => {
    const part = (column: string) =>
      sql`SUM(${sql.ref(`l.${column}`)} - ${div(books.dialect, sql`${sql.ref(`l.${column}`)} * l.cancelled`, sql`l.quantity`)})`
    return compare(
      books,
      counted,
      sql`SELECT ${text(books.dialect, sql`o.order_id`, sql`' ('`, sql`o.state`, sql`'): goods '`, sql`o.goods_total`, sql`'/'`, sql`COALESCE(l.goods, 0)`, sql`', total '`, sql`o.total`)} AS what, 0 AS explained
        FROM orders o LEFT JOIN (
          SELECT l.order_id, SUM((l.quantity - l.cancelled) * l.unit_price) AS goods, ${part('discount')} AS discount, ${part('points')} AS points
          FROM order_lines l GROUP BY l.order_id
        ) l ON l.order_id = o.order_id
        WHERE o.goods_total <> COALESCE(l.goods, -1) OR o.total <> o.goods_total - o.discount - o.points OR o.total < 0
          OR o.discount <> COALESCE(l.discount, -1) OR o.points <> COALESCE(l.points, -1)
          OR o.state NOT IN ('reserving', 'placed', 'paying', 'paid', 'refunded', 'cancelled', 'expired')`,
    )
  },
}

export const orderRefunds: Check = {
  name: 'order refunds',
  proves: 'refunded units of each line, and refunded money of each order, are those of its refunds',
  run: books => {
    const parts =
      books.dialect === 'mysql'
        ? sql`SELECT r.order_id, p.line_no, p.quantity FROM order_refunds r
            JOIN JSON_TABLE(r.parts, '$[*]' COLUMNS (line_no BIGINT PATH '$.lineNo', quantity BIGINT PATH '$.quantity')) p`
        : sql`SELECT r.order_id, json_extract(p.value, '$.lineNo') AS line_no, json_extract(p.value, '$.quantity') AS quantity
            FROM order_refunds r, json_each(r.parts) p`
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM order_refunds`,
      sql`SELECT ${text(books.dialect, sql`l.order_id`, sql`' line '`, sql`l.line_no`, sql`': refunded '`, sql`l.refunded`, sql`'/'`, sql`COALESCE(p.quantity, 0)`)} AS what, 0 AS explained
        FROM order_lines l LEFT JOIN (
          SELECT order_id, line_no, SUM(quantity) AS quantity FROM (${parts}) each_part GROUP BY order_id, line_no
        ) p ON p.order_id = l.order_id AND p.line_no = l.line_no
        WHERE l.refunded <> COALESCE(p.quantity, 0)
        UNION ALL
        SELECT ${text(books.dialect, sql`o.order_id`, sql`': refunded money '`, sql`o.refunded_total`, sql`'/'`, sql`COALESCE(r.amount, 0)`)} AS what, 0 AS explained
        FROM orders o LEFT JOIN (SELECT order_id, SUM(amount) AS amount FROM order_refunds WHERE state = 'done' GROUP BY order_id) r
          ON r.order_id = o.order_id
        WHERE o.refunded_total <> COALESCE(r.amount, 0)
        UNION ALL
        SELECT ${text(books.dialect, sql`r.refund_id`, sql`': pending without a saga'`)} AS what, 0 AS explained
        FROM order_refunds r WHERE r.state <> 'done'
          AND NOT EXISTS (SELECT 1 FROM order_sagas g WHERE g.saga_id = r.refund_id)`,
    )
  },
}
