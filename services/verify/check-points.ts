import { sql } from 'kysely'
import { type Check, compare, div, text } from './check.ts'

export const pointEntries: Check = {
  name: 'point entries',
  proves: 'every transaction has two entries that add up to zero, the member’s being its points',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM point_transactions`,
      sql`SELECT ${text(books.dialect, sql`t.transaction_id`, sql`': '`, sql`COALESCE(e.entries, 0)`, sql`' entries, sum '`, sql`COALESCE(e.total, 0)`)} AS what, 0 AS explained
        FROM point_transactions t LEFT JOIN (
          SELECT transaction_id, COUNT(*) AS entries, SUM(points) AS total FROM point_entries GROUP BY transaction_id
        ) e ON e.transaction_id = t.transaction_id
        LEFT JOIN point_entries m ON m.transaction_id = t.transaction_id AND m.account_id = t.member_id
        WHERE COALESCE(e.entries, 0) <> 2 OR e.total <> 0 OR m.points <> t.points`,
    ),
}

export const pointBalances: Check = {
  name: 'point balances',
  proves: 'a member’s balance is the sum of its entries and not below zero',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM point_accounts`,
      sql`SELECT ${text(books.dialect, sql`a.member_id`, sql`': balance '`, sql`a.balance`, sql`', entries '`, sql`COALESCE(e.points, 0)`)} AS what, 0 AS explained
        FROM point_accounts a LEFT JOIN (SELECT account_id, SUM(points) AS points FROM point_entries GROUP BY account_id) e
          ON e.account_id = a.member_id
        WHERE a.balance <> COALESCE(e.points, 0) OR a.balance < 0`,
    ),
}

export const pointsAgainstOrders: Check = {
  name: 'points and orders',
  proves:
    'points used less points given back are what the orders say; points earned follow from the money paid',
  run: books => {
    const saga = sql`CASE WHEN EXISTS (SELECT 1 FROM order_sagas g WHERE g.order_id = o.order_id) THEN 1 ELSE 0 END`
    const paidEvent = sql`CASE WHEN EXISTS (SELECT 1 FROM outbox e WHERE e.event_key = o.order_id AND e.type = 'order.paid') THEN 1 ELSE 0 END`
    const earned = div(books.dialect, sql`o.total * ${sql.lit(books.earnPercent)}`, sql`100`)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM orders WHERE member_id IS NOT NULL`,
      sql`SELECT ${text(books.dialect, sql`o.order_id`, sql`' ('`, sql`o.state`, sql`'): points '`, sql`o.points`, sql`', used '`, sql`COALESCE(t.used, 0)`)} AS what, ${saga} AS explained
        FROM orders o LEFT JOIN (
          SELECT order_id, -SUM(points) AS used FROM point_transactions WHERE kind IN ('spend', 'return') GROUP BY order_id
        ) t ON t.order_id = o.order_id
        LEFT JOIN (SELECT order_id, SUM(points) AS points FROM order_refunds WHERE state = 'done' GROUP BY order_id) r ON r.order_id = o.order_id
        WHERE o.points - COALESCE(r.points, 0) <> COALESCE(t.used, 0)
        UNION ALL
        SELECT ${text(books.dialect, sql`o.order_id`, sql`': paid '`, sql`o.total`, sql`', earned '`, sql`COALESCE(t.points, 0)`)} AS what, ${paidEvent} AS explained
        FROM orders o LEFT JOIN point_transactions t ON t.order_id = o.order_id AND t.kind = 'earn'
        WHERE o.member_id IS NOT NULL AND o.state IN ('paid', 'refunded') AND ${earned} <> COALESCE(t.points, 0)
        UNION ALL
        SELECT ${text(books.dialect, sql`o.order_id`, sql`': earned '`, sql`t.points`, sql`' without being paid'`)} AS what, 0 AS explained
        FROM point_transactions t JOIN orders o ON o.order_id = t.order_id
        WHERE t.kind = 'earn' AND o.state NOT IN ('paid', 'refunded')`,
    )
  },
}
