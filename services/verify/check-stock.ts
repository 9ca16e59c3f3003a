import { sql } from 'kysely'
import { type Check, compare } from './check.ts'
import { refundParts, said } from './sql-parts.ts'

const counted = sql<{ n: number }>`SELECT COUNT(*) AS n FROM stock`

export const stockEquation: Check = {
  name: 'stock equation',
  proves: 'initial + adjusted = available + reserved + sold − returned, and nothing below zero',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      counted,
      sql`SELECT ${say`${'product_id'}: ${'initial'}+${'adjusted'} <> ${'available'}+${'reserved'}+${'sold'}-${'returned'}`} AS what, 0 AS explained
        FROM stock WHERE initial + adjusted <> available + reserved + sold - returned
          OR available < 0 OR reserved < 0 OR sold < 0 OR returned < 0 OR returned > sold`,
    )
  },
}

export const stockAgainstOrders: Check = {
  name: 'stock and orders',
  proves:
    'reserved = units of open orders; sold = units of paid orders; returned = refunded units that went back',
  run: books => {
    const say = said(books.dialect)
    // Both sides in one list, added up by product: what is on one side only is found as well.
    return compare(
      books,
      counted,
      sql`SELECT ${say`${'product_id'}: reserved ${'reserved'}, orders ${'o_reserved'}; sold ${'sold'}, orders ${'o_sold'}; returned ${'returned'}, refunds ${'o_returned'}`} AS what, 0 AS explained
        FROM (
          SELECT product_id, SUM(known) AS known, SUM(reserved) AS reserved, SUM(sold) AS sold, SUM(returned) AS returned,
            SUM(o_reserved) AS o_reserved, SUM(o_sold) AS o_sold, SUM(o_returned) AS o_returned
          FROM (
            SELECT product_id, 1 AS known, reserved, sold, returned, 0 AS o_reserved, 0 AS o_sold, 0 AS o_returned FROM stock
            UNION ALL
            SELECT l.product_id, 0, 0, 0, 0,
              SUM(CASE WHEN o.state IN ('reserving', 'placed', 'paying') THEN l.quantity - l.cancelled ELSE 0 END),
              SUM(CASE WHEN o.state IN ('paid', 'refunded') THEN l.quantity - l.cancelled ELSE 0 END), 0
            FROM order_lines l JOIN orders o ON o.order_id = l.order_id GROUP BY l.product_id
            UNION ALL
            SELECT l.product_id, 0, 0, 0, 0, 0, 0, SUM(p.quantity)
            FROM (${refundParts(books.dialect)}) p JOIN order_lines l ON l.order_id = p.order_id AND l.line_no = p.line_no
            WHERE p.restocked = 1 GROUP BY l.product_id
          ) sides GROUP BY product_id
        ) sums
        WHERE known = 0 OR reserved <> o_reserved OR sold <> o_sold OR returned <> o_returned`,
    )
  },
}

export const stockJournal: Check = {
  name: 'stock journal',
  proves: 'one row for each version of each product, from 1 on; their sums are the parts of its stock',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM stock_journal`,
      sql`SELECT ${say`${'s.product_id'}: version ${'s.version'}, journal ${'j.changes'} changes from ${'j.oldest'} to ${'j.newest'}, adjusted ${'j.adjusted'}, reserved ${'j.reserved'}, sold ${'j.sold'}, returned ${'j.returned'}`} AS what, 0 AS explained
        FROM stock s LEFT JOIN (
          SELECT product_id, COUNT(*) AS changes, MIN(version) AS oldest, MAX(version) AS newest,
            SUM(CASE kind WHEN 'adjust' THEN quantity ELSE 0 END) AS adjusted,
            SUM(CASE kind WHEN 'reserve' THEN quantity WHEN 'release' THEN -quantity WHEN 'sell' THEN -quantity ELSE 0 END) AS reserved,
            SUM(CASE kind WHEN 'sell' THEN quantity ELSE 0 END) AS sold,
            SUM(CASE kind WHEN 'return' THEN quantity ELSE 0 END) AS returned,
            SUM(CASE WHEN kind IN ('adjust', 'reserve', 'release', 'sell', 'return') THEN 0 ELSE 1 END) AS strange
          FROM stock_journal GROUP BY product_id
        ) j ON j.product_id = s.product_id
        WHERE s.version <> COALESCE(j.changes, 0) OR s.version <> COALESCE(j.newest, 0) OR COALESCE(j.oldest, 1) <> 1
          OR s.adjusted <> COALESCE(j.adjusted, 0) OR s.reserved <> COALESCE(j.reserved, 0)
          OR s.sold <> COALESCE(j.sold, 0) OR s.returned <> COALESCE(j.returned, 0) OR COALESCE(j.strange, 0) > 0
        UNION ALL
        SELECT ${say`${'j.product_id'}: a journal without stock`} AS what, 0 AS explained
        FROM (SELECT DISTINCT product_id FROM stock_journal) j LEFT JOIN stock s ON s.product_id = j.product_id
        WHERE s.product_id IS NULL`,
    )
  },
}
