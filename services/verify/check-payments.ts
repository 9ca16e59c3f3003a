import { sql } from 'kysely'
import { type Check, compare } from './check.ts'
import { eventsOf, said } from './sql-parts.ts'

export const capturesAgainstOrders: Check = {
  name: 'captures and orders',
  proves:
    'each paid order has one capture of exactly its total, no other order has one; slots and payments agree',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM payment_slots WHERE captured_payment_id IS NOT NULL`,
      // A capture that its event has still to tell, or money on its way back: a moment later the books agree.
      sql`SELECT ${say`${'s.order_id'}: captured ${'s.captured'} by ${'s.captured_payment_id'}, order ${'o.state'} ${'o.total'} by ${'o.payment_id'}`} AS what,
          CASE WHEN o.state NOT IN ('paid', 'refunded') AND (e.event_key IS NOT NULL OR v.payment_id IS NOT NULL) THEN 1 ELSE 0 END AS explained
        FROM payment_slots s LEFT JOIN orders o ON o.order_id = s.order_id
        LEFT JOIN payments v ON v.payment_id = s.captured_payment_id AND v.state = 'voiding'
        LEFT JOIN ${eventsOf('payment.captured')} e ON e.event_key = s.captured_payment_id
        WHERE s.captured_payment_id IS NOT NULL
          AND (o.order_id IS NULL OR o.state NOT IN ('paid', 'refunded') OR o.total <> s.captured OR o.payment_id <> s.captured_payment_id)
        UNION ALL
        SELECT ${say`${'o.order_id'}: paid without a capture`} AS what, 0 AS explained
        FROM orders o LEFT JOIN payment_slots s ON s.order_id = o.order_id
        WHERE o.state IN ('paid', 'refunded') AND s.captured_payment_id IS NULL
        UNION ALL
        SELECT ${say`${'p.payment_id'}: ${'p.state'} is not what the slot of ${'p.order_id'} says`} AS what, 0 AS explained
        FROM payments p LEFT JOIN payment_slots s ON s.order_id = p.order_id
        WHERE (p.state IN ('captured', 'voiding') AND (s.captured_payment_id IS NULL OR s.captured_payment_id <> p.payment_id OR s.captured <> p.amount))
          OR (p.state IN ('created', 'authorised', 'unknown') AND (s.open_payment_id IS NULL OR s.open_payment_id <> p.payment_id))
          OR p.state NOT IN ('created', 'authorised', 'unknown', 'captured', 'declined', 'voiding', 'voided')
        UNION ALL
        SELECT ${say`${'s.order_id'}: its slot names ${'s.captured_payment_id'}${'s.open_payment_id'}, which is ${'p.state'}`} AS what, 0 AS explained
        FROM payment_slots s LEFT JOIN payments p ON p.payment_id = COALESCE(s.captured_payment_id, s.open_payment_id)
        WHERE (s.captured_payment_id IS NOT NULL AND (p.state IS NULL OR p.state NOT IN ('captured', 'voiding')))
          OR (s.captured_payment_id IS NULL AND s.open_payment_id IS NOT NULL AND (p.state IS NULL OR p.state NOT IN ('created', 'authorised', 'unknown')))
          OR (s.captured_payment_id IS NOT NULL AND s.open_payment_id IS NOT NULL) OR (s.captured_payment_id IS NULL AND s.captured <> 0)`,
    )
  },
}

export const refundsOfMoney: Check = {
  name: 'money given back',
  proves: 'captured − refunded is what the orders say, refund by refund; no refund exceeds its capture',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM payment_refunds`,
      sql`SELECT ${say`${'order_id'}: refunded ${'refunded'}, refunds ${'amount'}, captured ${'captured'}`} AS what, 0 AS explained
        FROM (
          SELECT order_id, SUM(captured) AS captured, SUM(refunded) AS refunded, SUM(amount) AS amount FROM (
            SELECT order_id, captured, refunded, 0 AS amount FROM payment_slots WHERE refunded <> 0
            UNION ALL
            SELECT order_id, 0, 0, amount FROM payment_refunds
          ) sides GROUP BY order_id
        ) sums WHERE refunded <> amount OR refunded > captured
        UNION ALL
        SELECT ${say`${'p.refund_id'}: ${'p.amount'} given back (${'p.state'}), order ${'r.order_id'} says ${'r.amount'} (${'r.state'})`} AS what,
          CASE WHEN r.state = 'pending' AND r.order_id = p.order_id AND g.saga_id IS NOT NULL THEN 1 ELSE 0 END AS explained
        FROM payment_refunds p LEFT JOIN order_refunds r ON r.refund_id = p.refund_id
        LEFT JOIN order_sagas g ON g.saga_id = p.refund_id AND g.kind = 'refund'
        WHERE r.refund_id IS NULL OR r.order_id <> p.order_id OR r.state <> 'done' OR r.amount <> p.amount OR p.state <> 'done'
        UNION ALL
        SELECT ${say`${'r.refund_id'}: ${'r.amount'} not given back`} AS what, 0 AS explained
        FROM order_refunds r LEFT JOIN payment_refunds p ON p.refund_id = r.refund_id
        WHERE r.state = 'done' AND r.amount <> 0 AND p.refund_id IS NULL`,
    )
  },
}
