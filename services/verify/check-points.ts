import { sql } from 'kysely'
import { type Check, compare } from './check.ts'
import { div, eventsOf, jsonNumber, said, text } from './sql-parts.ts'

export const pointEntries: Check = {
  name: 'point entries',
  proves: 'every transaction has two entries that add up to zero: the member’s points, and the shop’s',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM point_transactions`,
      sql`SELECT ${say`${'transaction_id'}: ${'entries'} entries, sum ${'total'}, the member’s ${'own'}, the transaction’s ${'points'}`} AS what, 0 AS explained
        FROM (
          SELECT e.transaction_id, MAX(t.points) AS points, COUNT(*) AS entries, SUM(e.points) AS total,
            SUM(CASE WHEN e.account_id = t.member_id THEN e.points END) AS own,
            SUM(CASE WHEN e.account_id LIKE 'shop:%' THEN 1 ELSE 0 END) AS shop
          FROM point_entries e LEFT JOIN point_transactions t ON t.transaction_id = e.transaction_id
          GROUP BY e.transaction_id
        ) sums WHERE points IS NULL OR entries <> 2 OR shop <> 1 OR total <> 0 OR own IS NULL OR own <> points
        UNION ALL
        SELECT ${say`${'t.transaction_id'}: no entries`} AS what, 0 AS explained FROM point_transactions t
        WHERE NOT EXISTS (SELECT 1 FROM point_entries e WHERE e.transaction_id = t.transaction_id)`,
    )
  },
}

export const pointBalances: Check = {
  name: 'point balances',
  proves: 'a member’s balance is the sum of its entries and not below zero',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM point_accounts`,
      sql`SELECT ${say`${'account_id'}: balance ${'balance'}, entries ${'points'}`} AS what, 0 AS explained
        FROM (
          SELECT account_id, SUM(balance) AS balance, SUM(points) AS points FROM (
            SELECT member_id AS account_id, balance, 0 AS points FROM point_accounts
            UNION ALL
            SELECT account_id, 0, points FROM point_entries WHERE account_id NOT LIKE 'shop:%'
          ) sides GROUP BY account_id
        ) sums WHERE balance <> points OR balance < 0`,
    )
  },
}

export const pointsAgainstOrders: Check = {
  name: 'points and orders',
  proves:
    'points used less points given back are what the orders say; what is earned and taken back follows from the money',
  run: books => {
    const { dialect } = books
    const say = said(dialect)
    const earned = div(dialect, sql`o.total * ${sql.lit(books.earnPercent)}`, sql`100`)
    // The id under which the module books a cause, so that its row is found by its key.
    const booked = (member: string, ...[before, id, after]: [string, string, string]) =>
      text(dialect, sql.ref(`${member}.member_id`), sql.raw(before), sql.ref(id), sql.raw(after))
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM orders WHERE member_id IS NOT NULL`,
      // A saga under way has taken its step already, or not yet: up to all of its points may be used beyond the order's.
      sql`SELECT ${say`${'order_id'}: points ${'points'}, used ${'used'}, under way ${'under_way'}`} AS what,
          CASE WHEN used > points AND used <= points + under_way THEN 1 ELSE 0 END AS explained
        FROM (
          SELECT order_id, SUM(points) AS points, SUM(used) AS used, SUM(under_way) AS under_way FROM (
            SELECT order_id, points, 0 AS used, 0 AS under_way FROM orders WHERE points <> 0
            UNION ALL
            SELECT r.order_id, -r.points, 0, CASE WHEN r.state = 'pending' AND g.saga_id IS NOT NULL THEN r.points ELSE 0 END
            FROM order_refunds r LEFT JOIN order_sagas g ON g.saga_id = r.refund_id AND g.kind = 'refund' WHERE r.points <> 0
            UNION ALL
            SELECT order_id, 0, 0, ${jsonNumber(dialect, 'order_sagas.data', '$.points')} FROM order_sagas
            UNION ALL
            SELECT order_id, 0, -SUM(points), 0 FROM point_transactions WHERE kind IN ('spend', 'return') GROUP BY order_id
          ) sides GROUP BY order_id
        ) sums WHERE used <> points
        UNION ALL
        SELECT ${say`${'o.order_id'}: paid ${'o.total'}, earned ${'t.points'}`} AS what,
          CASE WHEN t.points IS NULL AND e.event_key IS NOT NULL THEN 1 ELSE 0 END AS explained
        FROM orders o LEFT JOIN point_transactions t ON t.transaction_id = ${booked('o', "'|order:'", 'o.order_id', "':earn'")}
        LEFT JOIN ${eventsOf('order.paid')} e ON e.event_key = o.order_id
        WHERE o.member_id IS NOT NULL AND o.state IN ('paid', 'refunded') AND ${earned} <> COALESCE(t.points, 0)
        UNION ALL
        SELECT ${say`${'t.transaction_id'}: earned ${'t.points'}, order ${'t.order_id'} is ${'o.state'} and of ${'o.member_id'}`} AS what, 0 AS explained
        FROM point_transactions t LEFT JOIN orders o ON o.order_id = t.order_id
        WHERE t.kind = 'earn' AND (o.order_id IS NULL OR o.state NOT IN ('paid', 'refunded') OR o.member_id IS NULL
          OR o.member_id <> t.member_id OR t.transaction_id <> ${booked('t', "'|order:'", 't.order_id', "':earn'")})
        UNION ALL
        SELECT ${say`${'r.refund_id'}: earned points ${'r.clawed'} taken back, booked ${'t.points'}`} AS what, 0 AS explained
        FROM order_refunds r JOIN orders o ON o.order_id = r.order_id
        LEFT JOIN point_transactions t ON t.transaction_id = ${booked('o', "'|refund:'", 'r.refund_id', "':claw'")}
        WHERE o.member_id IS NOT NULL AND r.state = 'done' AND r.clawed <> -COALESCE(t.points, 0)
        UNION ALL
        -- Refunds made within one millisecond may count each other's rounding: less than a point each.
        SELECT ${say`${'order_id'}: ${'claw'} earned points to take back for money given back, ${'due'} are due`} AS what, 0 AS explained
        FROM (
          SELECT o.order_id, SUM(r.claw) AS claw, ${earned} - ${div(dialect, sql`(o.total - SUM(r.value)) * ${sql.lit(books.earnPercent)}`, sql`100`)} AS due,
            COUNT(*) - 1 AS slack, SUM(CASE r.state WHEN 'done' THEN 0 ELSE 1 END) AS open_refunds
          FROM order_refunds r JOIN orders o ON o.order_id = r.order_id GROUP BY o.order_id, o.total
        ) refunds WHERE open_refunds = 0 AND (claw < due - slack OR claw > due + slack)`,
    )
  },
}
