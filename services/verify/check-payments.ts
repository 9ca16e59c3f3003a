import { sql } from 'kysely'
import { type Check, compare, text } from './check.ts'

/** An event that will pay the order, or a refund's saga: what is still under way for it. */
const underWay = sql`CASE WHEN EXISTS (SELECT 1 FROM order_sagas g WHERE g.order_id = s.order_id)
    OR EXISTS (SELECT 1 FROM outbox e WHERE e.event_key = s.captured_payment_id AND e.type = 'payment.captured')
  THEN 1 ELSE 0 END`

export const capturesAgainstOrders: Check = {
  name: 'captures and orders',
  proves: 'each paid order has one capture of exactly its total, and no other order has one',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM payment_slots WHERE captured_payment_id IS NOT NULL`,
      sql`SELECT ${text(books.dialect, sql`s.order_id`, sql`': captured '`, sql`s.captured`, sql`', order '`, sql`COALESCE(o.state, 'missing')`, sql`' '`, sql`COALESCE(o.total, 0)`)} AS what, ${underWay} AS explained
        FROM payment_slots s LEFT JOIN orders o ON o.order_id = s.order_id
        WHERE s.captured_payment_id IS NOT NULL
          AND (o.order_id IS NULL OR o.state NOT IN ('paid', 'refunded') OR o.total <> s.captured OR o.payment_id <> s.captured_payment_id)
        UNION ALL
        SELECT ${text(books.dialect, sql`o.order_id`, sql`': paid without a capture'`)} AS what, 0 AS explained
        FROM orders o LEFT JOIN payment_slots s ON s.order_id = o.order_id
        WHERE o.state IN ('paid', 'refunded') AND s.captured_payment_id IS NULL
        UNION ALL
        SELECT ${text(books.dialect, sql`p.payment_id`, sql`': '`, sql`p.state`, sql`' is not what its slot says'`)} AS what, 0 AS explained
        FROM payments p LEFT JOIN payment_slots s ON s.order_id = p.order_id
        WHERE (p.state = 'captured' AND (s.captured_payment_id IS NULL OR s.captured_payment_id <> p.payment_id))
          OR (p.state IN ('created', 'authorised', 'unknown') AND (s.open_payment_id IS NULL OR s.open_payment_id <> p.payment_id))`,
    ),
}

export const refundsOfMoney: Check = {
  name: 'money given back',
  proves: 'captured − refunded is what the orders say; no refund exceeds its capture',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM payment_refunds`,
      sql`SELECT ${text(books.dialect, sql`s.order_id`, sql`': refunded '`, sql`s.refunded`, sql`'/'`, sql`COALESCE(r.amount, 0)`, sql`' of '`, sql`s.captured`)} AS what, 0 AS explained
        FROM payment_slots s LEFT JOIN (SELECT order_id, SUM(amount) AS amount FROM payment_refunds GROUP BY order_id) r
          ON r.order_id = s.order_id
        WHERE s.refunded <> COALESCE(r.amount, 0) OR s.refunded > s.captured
        UNION ALL
        SELECT ${text(books.dialect, sql`s.order_id`, sql`': given back '`, sql`s.refunded`, sql`', order says '`, sql`o.refunded_total`)} AS what, ${underWay} AS explained
        FROM payment_slots s JOIN orders o ON o.order_id = s.order_id WHERE s.refunded <> o.refunded_total`,
    ),
}
