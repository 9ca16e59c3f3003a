// Every check of the books against a ledger in which somebody planted what it is there to find.

import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tx } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { SmallShop } from '../../tests/support/small-shop.ts'
import type { AllTables } from './check.ts'
import { type CheckResult, checks, verifyBooks } from './verify-books.ts'

/** What is changed behind the shop's back, and the row that the check must name. */
const FAULTS: readonly (readonly [check: string, statement: string, named: RegExp])[] = [
  ['stock equation', "UPDATE stock SET available = available + 1 WHERE product_id = 'A'", /^A: /],
  [
    'stock equation',
    "UPDATE stock SET available = -1, adjusted = adjusted - available - 1 WHERE product_id = 'B'",
    /^B: /,
  ],
  [
    'stock and orders',
    "UPDATE stock SET reserved = reserved + 1, available = available - 1 WHERE product_id = 'A'",
    /^A: /,
  ],
  [
    'stock and orders',
    "UPDATE orders SET state = 'cancelled' WHERE order_id = 'order-paid'",
    /^[AB]: .*sold/,
  ],
  ['stock journal', "DELETE FROM stock_journal WHERE product_id = 'A' AND version = 2", /^A: version/],
  [
    'stock journal',
    "UPDATE stock_journal SET quantity = quantity + 1 WHERE product_id = 'B' AND version = 1",
    /^B: /,
  ],
  [
    'order totals',
    "UPDATE order_lines SET unit_price = unit_price + 1 WHERE order_id = 'order-paid'",
    /^order-paid/,
  ],
  ['order totals', "UPDATE orders SET total = total - 1 WHERE order_id = 'order-spent'", /^order-spent/],
  [
    'order totals',
    "UPDATE order_lines SET points = points + 1 WHERE order_id = 'order-spent' AND line_no = 0",
    /^order-spent/,
  ],
  ['order totals', "UPDATE orders SET state = 'lost' WHERE order_id = 'order-open'", /^order-open \(lost\)/],
  [
    'order refunds',
    "UPDATE order_lines SET refunded = refunded + 1 WHERE order_id = 'order-refunded'",
    /^order-refunded line 0: refunded 2\/1/,
  ],
  [
    'order refunds',
    "UPDATE orders SET refunded_total = refunded_total - 1 WHERE order_id = 'order-refunded'",
    /^order-refunded: refunded money/,
  ],
  ['order refunds', "UPDATE order_refunds SET state = 'pending'", /pending without a saga/],
  [
    'captures and orders',
    "UPDATE payment_slots SET captured = captured + 1 WHERE order_id = 'order-paid'",
    /^order-paid: captured/,
  ],
  [
    'captures and orders',
    "DELETE FROM payment_slots WHERE order_id = 'order-paid'",
    /^order-paid: paid without a capture/,
  ],
  [
    'captures and orders',
    "UPDATE orders SET state = 'cancelled' WHERE order_id = 'order-paid'",
    /^order-paid: captured .*cancelled/,
  ],
  [
    'captures and orders',
    "UPDATE payments SET state = 'unknown' WHERE order_id = 'order-paid'",
    /^pay-order-paid: unknown/,
  ],
  [
    'money given back',
    "UPDATE payment_slots SET refunded = refunded - 1 WHERE order_id = 'order-refunded'",
    /^order-refunded: /,
  ],
  ['money given back', 'UPDATE payment_refunds SET amount = amount + 1', /^order-refunded: refunded/],
  [
    'point entries',
    "UPDATE point_entries SET points = points + 1 WHERE account_id = 'm_1' AND transaction_id LIKE '%earn'",
    /^m_1\|/,
  ],
  ['point entries', "DELETE FROM point_entries WHERE account_id = 'shop:redeemed'", /1 entries/],
  [
    'point balances',
    "UPDATE point_accounts SET balance = balance + 1 WHERE member_id = 'm_1'",
    /^m_1: balance/,
  ],
  ['point balances', "UPDATE point_accounts SET balance = -1 WHERE member_id = 'm_2'", /^m_2: balance -1/],
  [
    'points and orders',
    "DELETE FROM point_transactions WHERE kind = 'earn' AND order_id = 'order-paid'",
    /^order-paid: paid/,
  ],
  [
    'points and orders',
    "UPDATE point_transactions SET points = -49 WHERE kind = 'spend'",
    /^order-spent .*used 49/,
  ],
  [
    'points and orders',
    "UPDATE orders SET state = 'placed' WHERE order_id = 'order-paid'",
    /^order-paid: earned \d+ without/,
  ],
  ['coupon quotas', 'UPDATE coupons SET issued = issued + 1', /issued 3, claims 2/],
  ['coupon quotas', 'UPDATE coupons SET quota = 1', /quota 1/],
  ['coupon quotas', "UPDATE coupon_claims SET member_id = 'm_1'", /issued 2, claims 2/],
  [
    'coupons and orders',
    "UPDATE coupon_redemptions SET state = 'returned' WHERE order_id = 'order-spent'",
    /^order-spent \(paid\): coupon is returned/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_claims SET state = 'issued' WHERE order_id = 'order-spent'",
    /issued for order order-spent/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_redemptions SET order_id = 'no-order' WHERE order_id = 'order-spent'",
    /^no-order: used without/,
  ],
  [
    'events delivered',
    "INSERT INTO dead_letters (consumer, event_key, version, type, payload, cause, created_at) VALUES ('point.earn', 'order-paid', 3, 'order.paid', '{}', 'poison', 1)",
    /^point.earn could not take order.paid of order-paid: poison/,
  ],
  [
    'events and orders',
    "UPDATE inbox SET version = version + 100 WHERE event_key = 'order-paid'",
    /took version 10\d of order-paid/,
  ],
  [
    'ranking and orders',
    "UPDATE bestseller_days SET units = units + 1 WHERE product_id = 'A'",
    /\|A: counted/,
  ],
  ['ranking and orders', "DELETE FROM bestseller_days WHERE product_id = 'B'", /\|B: counted 0\/0/],
  [
    'ranking and orders',
    "UPDATE bestseller_days SET refunded_revenue = 0 WHERE product_id = 'A'",
    /\|A: counted/,
  ],
]
const TABLE = /^(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)/

it('every check has a planted fault', () => {
  expect(new Set(FAULTS.map(([check]) => check))).toEqual(new Set(checks.map(check => check.name)))
})

onEveryLedger('verify', engine => {
  let shop: SmallShop
  beforeAll(async () => {
    shop = await SmallShop.open(engine)
    await shop.fill()
  })
  afterAll(() => shop.drop())

  const verify = () => verifyBooks(shop.scratch.ledger, { timeZone: 'Europe/London', earnPercent: 1 })
  const wrongOf = (results: readonly CheckResult[]) =>
    results.filter(result => result.wrong.length > 0).map(({ name, wrong }) => ({ name, wrong }))

  /** One transaction in which the constraints of the schema look away. */
  function behindItsBack(work: (tx: Tx<AllTables>) => Promise<void>): Promise<void> {
    const isMysql = engine.name === 'mariadb'
    const guard = (on: boolean) =>
      isMysql
        ? sql.raw(`SET check_constraint_checks = ${on ? 1 : 0}`)
        : sql.raw(`PRAGMA ignore_check_constraints = ${on ? 'OFF' : 'ON'}`)
    return shop.scratch.ledger.write<AllTables, void>(async tx => {
      await guard(false).execute(tx)
      try {
        await work(tx)
      } finally {
        await guard(true).execute(tx)
      }
    })
  }
  /** Plants, looks, and puts every row of the tables named back as it was. */
  async function withFault(statements: readonly string[], look: () => Promise<void>): Promise<void> {
    const names = statements.map(statement => TABLE.exec(statement)![1] as keyof AllTables)
    const kept = new Map<keyof AllTables, object[]>()
    await behindItsBack(async tx => {
      for (const name of names) kept.set(name, await tx.selectFrom(name).selectAll().execute())
      for (const statement of statements) await sql.raw(statement).execute(tx)
    })
    try {
      await look()
    } finally {
      await behindItsBack(async tx => {
        for (const [name, rows] of kept) {
          await tx.deleteFrom(name).execute()
          for (const row of rows)
            await tx
              .insertInto(name)
              .values(row as never)
              .execute()
        }
      })
    }
  }

  it('finds nothing wrong with books that are right, and looked at something in every check', async () => {
    const results = await verify()
    expect(wrongOf(results)).toEqual([])
    for (const { name, checked } of results) expect(checked, name).toBeGreaterThan(0)
    expect(results.map(result => result.explained).every(count => count === 0)).toBe(true)
  })

  describe('a planted fault is named', () => {
    it.each(FAULTS)('%s: %s', async (check, statement, named) => {
      await withFault([statement], async () => {
        const found = (await verify()).find(result => result.name === check)
        expect(found?.wrong).toContainEqual(expect.stringMatching(named))
      })
    })
    it('and nothing is left of any', async () => {
      expect(wrongOf(await verify())).toEqual([])
    })
  })

  it('explains what a saga has still to do, and only that', async () => {
    const undone = "DELETE FROM coupon_redemptions WHERE order_id = 'order-spent'"
    const claims = "UPDATE coupon_claims SET state = 'issued', order_id = NULL WHERE order_id = 'order-spent'"
    const saga = (orderId: string) =>
      `INSERT INTO order_sagas (saga_id, order_id, kind, data, attempts, next_at) VALUES ('s', '${orderId}', 'undo', '{}', 0, 0)`
    const found = async () => (await verify()).find(result => result.name === 'coupons and orders')
    await withFault([undone, claims], async () => expect(await found()).toMatchObject({ explained: 0 }))
    await withFault([undone, claims, saga('order-spent')], async () =>
      expect(await found()).toMatchObject({ explained: 1, wrong: [] }),
    )
    await withFault([undone, claims, saga('order-paid')], async () => {
      const result = await found()
      expect([result?.explained, result?.wrong.length]).toEqual([0, 1])
    })
  })

  it('explains what events have still to tell, and finds nothing once they are delivered', async () => {
    await shop.buy('m_1', 'order-later', [1, 2])
    const results = await verify()
    expect(wrongOf(results)).toEqual([])
    const explained = new Map(results.map(result => [result.name, result.explained]))
    expect(explained.get('ranking and orders')).toBe(2)
    expect(explained.get('points and orders')).toBe(1)
    expect(explained.get('events delivered')).toBeGreaterThan(0)
    // The event explains its own figures and no others.
    await withFault(["UPDATE bestseller_days SET units = units + 1 WHERE product_id = 'A'"], async () => {
      const found = (await verify()).find(result => result.name === 'ranking and orders')
      expect([found?.explained, found?.wrong.length]).toEqual([1, 1])
    })
    await shop.deliver()
    const after = await verify()
    expect(wrongOf(after)).toEqual([])
    expect(after.reduce((sum, result) => sum + result.explained, 0)).toBe(0)
  })
})
