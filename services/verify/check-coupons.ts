import { sql } from 'kysely'
import { type Check, compare } from './check.ts'
import { sagasOf, said } from './sql-parts.ts'

export const couponQuotas: Check = {
  name: 'coupon quotas',
  proves: 'issued = claims, never above the quota, one a member',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM coupon_claims`,
      sql`SELECT ${say`${'c.coupon_id'}: issued ${'c.issued'}, claims ${'l.claims'} by ${'l.members'} members, quota ${'c.quota'}`} AS what, 0 AS explained
        FROM coupons c LEFT JOIN (
          SELECT coupon_id, COUNT(*) AS claims, COUNT(DISTINCT member_id) AS members FROM coupon_claims GROUP BY coupon_id
        ) l ON l.coupon_id = c.coupon_id
        WHERE c.issued <> COALESCE(l.claims, 0) OR c.issued > c.quota OR COALESCE(l.claims, 0) <> COALESCE(l.members, 0)
        UNION ALL
        SELECT ${say`${'l.claim_id'}: a claim of no coupon`} AS what, 0 AS explained
        FROM coupon_claims l LEFT JOIN coupons c ON c.coupon_id = l.coupon_id WHERE c.coupon_id IS NULL`,
    )
  },
}

/** Letters of a text that are not (or only) this one. */
const without = (letter: string) => sql`LENGTH(REPLACE(outcomes, ${sql.lit(letter)}, ''))`

export const couponLine: Check = {
  name: 'coupon line',
  proves:
    'every place in the line that has an outcome is counted once, as many units are held back as it may be owed, and none says issued without its claim',
  async run(books) {
    const say = said(books.dialect)
    const found = await compare(
      books,
      sql`SELECT (SELECT COUNT(*) FROM coupon_blocks) + (SELECT COUNT(*) FROM coupons) AS n`,
      sql`SELECT ${say`block ${'block_id'}: ${'decided'} decided, ${'there'} of ${'places'} places have an outcome, ${'size'} were leased`} AS what, 0 AS explained
        FROM (SELECT block_id, decided, size, LENGTH(outcomes) AS places, ${without('.')} AS there FROM coupon_blocks) blocks
        WHERE decided <> there OR places <> size
        UNION ALL
        SELECT ${say`${'c.coupon_id'}: ${'c.owed'} units are said to be owed to the line, ${'b.places'} of its places are undecided`} AS what, 0 AS explained
        FROM coupons c LEFT JOIN (SELECT coupon_id, SUM(size - decided) AS places FROM coupon_blocks GROUP BY coupon_id) b
          ON b.coupon_id = c.coupon_id
        WHERE c.owed <> COALESCE(b.places, 0)
        UNION ALL
        SELECT ${say`${'b.coupon_id'}: ${'b.issued'} places say issued, claims ${'l.claims'}`} AS what, 0 AS explained
        FROM (SELECT coupon_id, SUM(LENGTH(outcomes) - ${without('i')}) AS issued FROM coupon_blocks GROUP BY coupon_id) b
        LEFT JOIN (SELECT coupon_id, COUNT(*) AS claims FROM coupon_claims GROUP BY coupon_id) l ON l.coupon_id = b.coupon_id
        WHERE b.issued > COALESCE(l.claims, 0)`,
    )
    const line = await sql<{ owed: number | string | null; dead: number | string }>`
      SELECT SUM(size - decided) AS owed, (SELECT COUNT(*) FROM coupon_dead_records) AS dead
      FROM coupon_blocks`.execute(books.tx)
    const { owed, dead } = line.rows[0]!
    const note = `${Number(owed ?? 0)} places leased and undecided: no more than that may be owed; ${dead} records of the line were no claims`
    return { ...found, note }
  },
}

export const couponsAgainstOrders: Check = {
  name: 'coupons and orders',
  proves: 'a coupon is used exactly where a living order says so, by its member and for its discount',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM coupon_redemptions`,
      sql`SELECT ${say`${'o.order_id'} (${'o.state'}): its coupon is ${'r.state'}`} AS what,
          CASE WHEN o.state IN ('placed', 'paying', 'paid') OR g.order_id IS NULL THEN 0 ELSE 1 END AS explained
        FROM orders o LEFT JOIN coupon_redemptions r ON r.order_id = o.order_id
        LEFT JOIN ${sagasOf('place', 'undo', 'refund')} g ON g.order_id = o.order_id
        WHERE o.coupon_id IS NOT NULL AND (
          (o.state IN ('placed', 'paying', 'paid') AND (r.state IS NULL OR r.state <> 'used'))
          OR (o.state IN ('reserving', 'cancelled', 'expired', 'refunded') AND r.state = 'used'))
        UNION ALL
        SELECT ${say`${'c.claim_id'}: ${'c.state'} for order ${'c.order_id'}`} AS what, 0 AS explained
        FROM coupon_claims c LEFT JOIN coupon_redemptions r ON r.order_id = c.order_id AND r.claim_id = c.claim_id AND r.state = 'used'
        WHERE (c.state = 'redeemed' AND r.order_id IS NULL) OR (c.state = 'issued' AND c.order_id IS NOT NULL)
          OR c.state NOT IN ('issued', 'redeemed')
        UNION ALL
        SELECT ${say`${'r.order_id'}: used claim ${'r.claim_id'} of coupon ${'c.coupon_id'} and member ${'c.member_id'}, order ${'o.order_id'} has ${'o.coupon_id'} and ${'o.member_id'}`} AS what, 0 AS explained
        FROM coupon_redemptions r LEFT JOIN orders o ON o.order_id = r.order_id
        LEFT JOIN coupon_claims c ON c.claim_id = r.claim_id AND c.order_id = r.order_id AND c.state = 'redeemed'
        WHERE r.state = 'used' AND (o.order_id IS NULL OR c.claim_id IS NULL OR o.coupon_id IS NULL OR o.member_id IS NULL
          OR o.coupon_id <> c.coupon_id OR o.member_id <> c.member_id)
        UNION ALL
        SELECT ${say`${'order_id'}: discount ${'discount'}, the coupon gave ${'given'}`} AS what, 0 AS explained
        FROM (
          SELECT o.order_id, COALESCE(r.discount, 0) AS given, SUM(l.discount) AS discount
          FROM orders o JOIN order_lines l ON l.order_id = o.order_id LEFT JOIN coupon_redemptions r ON r.order_id = o.order_id
          WHERE o.state IN ('placed', 'paying', 'paid', 'refunded') AND (o.coupon_id IS NOT NULL OR o.discount <> 0)
          GROUP BY o.order_id, r.discount
        ) discounts WHERE discount <> given`,
    )
  },
}
