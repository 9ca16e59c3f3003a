import { sql } from 'kysely'
import { type Check, compare, text } from './check.ts'

export const couponQuotas: Check = {
  name: 'coupon quotas',
  proves: 'issued = claims, never above the quota, one a member',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM coupon_claims`,
      sql`SELECT ${text(books.dialect, sql`c.coupon_id`, sql`': issued '`, sql`c.issued`, sql`', claims '`, sql`COALESCE(l.claims, 0)`, sql`', quota '`, sql`c.quota`)} AS what, 0 AS explained
        FROM coupons c LEFT JOIN (
          SELECT coupon_id, COUNT(*) AS claims, COUNT(DISTINCT member_id) AS members FROM coupon_claims GROUP BY coupon_id
        ) l ON l.coupon_id = c.coupon_id
        WHERE c.issued <> COALESCE(l.claims, 0) OR c.issued > c.quota OR COALESCE(l.claims, 0) <> COALESCE(l.members, 0)`,
    ),
}

export const couponsAgainstOrders: Check = {
  name: 'coupons and orders',
  proves: 'a coupon is used exactly where a living order says so',
  run: books => {
    const saga = sql`CASE WHEN EXISTS (SELECT 1 FROM order_sagas g WHERE g.order_id = o.order_id) THEN 1 ELSE 0 END`
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM coupon_redemptions`,
      sql`SELECT ${text(books.dialect, sql`o.order_id`, sql`' ('`, sql`o.state`, sql`'): coupon is '`, sql`COALESCE(r.state, 'not used')`)} AS what, ${saga} AS explained
        FROM orders o LEFT JOIN coupon_redemptions r ON r.order_id = o.order_id
        WHERE o.coupon_id IS NOT NULL AND (
          (o.state IN ('placed', 'paying', 'paid') AND (r.state IS NULL OR r.state <> 'used'))
          OR (o.state IN ('reserving', 'cancelled', 'expired', 'refunded') AND r.state = 'used'))
        UNION ALL
        SELECT ${text(books.dialect, sql`c.claim_id`, sql`': '`, sql`c.state`, sql`' for order '`, sql`COALESCE(c.order_id, '-')`)} AS what, 0 AS explained
        FROM coupon_claims c LEFT JOIN coupon_redemptions r ON r.order_id = c.order_id AND r.claim_id = c.claim_id AND r.state = 'used'
        WHERE (c.state = 'redeemed' AND r.order_id IS NULL) OR (c.state = 'issued' AND c.order_id IS NOT NULL)
        UNION ALL
        SELECT ${text(books.dialect, sql`r.order_id`, sql`': used without an order'`)} AS what, 0 AS explained
        FROM coupon_redemptions r LEFT JOIN orders o ON o.order_id = r.order_id
        WHERE r.state = 'used' AND o.order_id IS NULL`,
    )
  },
}
