import { sql } from 'kysely'
import { type Check, compare, text } from './check.ts'

const counted = sql<{ n: number }>`SELECT COUNT(*) AS n FROM stock`

export const stockEquation: Check = {
  name: 'stock equation',
  proves: 'initial + adjusted = available + reserved + sold − returned, and nothing below zero',
  run: books =>
    compare(
      books,
      counted,
      sql`SELECT ${text(books.dialect, sql`product_id`, sql`': '`, sql`initial`, sql`'+'`, sql`adjusted`, sql`' <> '`, sql`available`, sql`'+'`, sql`reserved`, sql`'+'`, sql`sold`, sql`'-'`, sql`returned`)} AS what, 0 AS explained
        FROM stock WHERE initial + adjusted <> available + reserved + sold - returned
          OR available < 0 OR reserved < 0 OR sold < 0 OR returned < 0 OR returned > sold`,
    ),
}

export const stockAgainstOrders: Check = {
  name: 'stock and orders',
  proves:
    'reserved = units of open orders; sold = units of paid orders; returned = units of refunds that went back',
  run: books =>
    compare(
      books,
      counted,
      sql`SELECT ${text(books.dialect, sql`s.product_id`, sql`': reserved '`, sql`s.reserved`, sql`'/'`, sql`COALESCE(o.reserved, 0)`, sql`', sold '`, sql`s.sold`, sql`'/'`, sql`COALESCE(o.sold, 0)`, sql`', refunded '`, sql`COALESCE(o.refunded, 0)`, sql`', returned '`, sql`s.returned`)} AS what, 0 AS explained
        FROM stock s LEFT JOIN (
          SELECT l.product_id,
            SUM(CASE WHEN o.state IN ('reserving', 'placed', 'paying') THEN l.quantity - l.cancelled ELSE 0 END) AS reserved,
            SUM(CASE WHEN o.state IN ('paid', 'refunded') THEN l.quantity - l.cancelled ELSE 0 END) AS sold,
            SUM(l.refunded) AS refunded
          FROM order_lines l JOIN orders o ON o.order_id = l.order_id GROUP BY l.product_id
        ) o ON o.product_id = s.product_id
        WHERE s.reserved <> COALESCE(o.reserved, 0) OR s.sold <> COALESCE(o.sold, 0) OR s.returned > COALESCE(o.refunded, 0)`,
    ),
}

export const stockJournal: Check = {
  name: 'stock journal',
  proves: 'one row for each version of each product, and their sums are the parts of its stock',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM stock_journal`,
      sql`SELECT ${text(books.dialect, sql`s.product_id`, sql`': version '`, sql`s.version`, sql`', '`, sql`COALESCE(j.changes, 0)`, sql`' changes'`)} AS what, 0 AS explained
        FROM stock s LEFT JOIN (
          SELECT product_id, COUNT(*) AS changes, MAX(version) AS newest,
            SUM(CASE kind WHEN 'adjust' THEN quantity ELSE 0 END) AS adjusted,
            SUM(CASE kind WHEN 'reserve' THEN quantity WHEN 'release' THEN -quantity WHEN 'sell' THEN -quantity ELSE 0 END) AS reserved,
            SUM(CASE kind WHEN 'sell' THEN quantity ELSE 0 END) AS sold,
            SUM(CASE kind WHEN 'return' THEN quantity ELSE 0 END) AS returned
          FROM stock_journal GROUP BY product_id
        ) j ON j.product_id = s.product_id
        WHERE s.version <> COALESCE(j.changes, 0) OR s.version <> COALESCE(j.newest, 0)
          OR s.adjusted <> COALESCE(j.adjusted, 0) OR s.reserved <> COALESCE(j.reserved, 0)
          OR s.sold <> COALESCE(j.sold, 0) OR s.returned <> COALESCE(j.returned, 0)`,
    ),
}
