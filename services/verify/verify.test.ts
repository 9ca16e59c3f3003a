// Every check of the books against a ledger in which somebody planted what it is there to find.

import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tx } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { SmallShop } from '../../tests/support/small-shop.ts'
import type { AllTables } from './check.ts'
import { checks } from './checks.ts'
import { type CheckResult, verifyBooks } from './verify-books.ts'

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
  [
    'stock and orders',
    "UPDATE stock SET returned = returned - 1, available = available - 1 WHERE product_id = 'A'",
    /^A: .*returned 0, refunds 1/,
  ],
  ['stock and orders', 'UPDATE order_refunds SET restocked = 0', /^A: .*returned 1, refunds 0/],
  [
    'stock and orders',
    "UPDATE order_lines SET product_id = 'unknown' WHERE order_id = 'order-paid' AND line_no = 0",
    /^unknown: /,
  ],
  ['stock journal', "DELETE FROM stock_journal WHERE product_id = 'A' AND version = 1", /^A: .*from 2 to/],
  [
    'stock journal',
    "INSERT INTO stock_journal (product_id, version, kind, quantity, order_id, reason, actor, at) VALUES ('unknown', 1, 'adjust', 1, NULL, NULL, 'nobody', 1)",
    /^unknown: a journal without stock/,
  ],
  ['stock journal', "UPDATE stock_journal SET kind = 'lose' WHERE kind = 'adjust'", /^A: version/],
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
  [
    'order totals',
    "DELETE FROM order_lines WHERE order_id = 'order-open'",
    /^order-open \(placed\): no lines/,
  ],
  ['order totals', "DELETE FROM orders WHERE order_id = 'order-open'", /^order-open \(\): goods/],
  ['order states', "UPDATE orders SET state = 'lost' WHERE order_id = 'order-open'", /^order-open \(lost\)/],
  [
    'order states',
    "UPDATE orders SET state = 'reserving' WHERE order_id = 'order-open'",
    /^order-open \(reserving\)/,
  ],
  [
    'order states',
    "UPDATE orders SET state = 'refunded' WHERE order_id = 'order-refunded'",
    /^order-refunded \(refunded\): 2 units/,
  ],
  [
    'order states',
    "UPDATE orders SET state = 'paid' WHERE order_id = 'order-cancelled'",
    /^order-cancelled \(paid\): 0 units/,
  ],
  ['order states', "UPDATE orders SET payment_id = NULL WHERE order_id = 'order-paid'", /^order-paid/],
  [
    'order states',
    "UPDATE order_lines SET cancelled = -1 WHERE order_id = 'order-open' AND line_no = 0",
    /^order-open/,
  ],
  [
    'order refunds',
    "UPDATE order_lines SET refunded = refunded + 1 WHERE order_id = 'order-refunded'",
    /^order-refunded line 0: refunded 2, refunds 1/,
  ],
  [
    'order refunds',
    "UPDATE orders SET refunded_total = refunded_total - 1 WHERE order_id = 'order-refunded'",
    /^order-refunded: .*refunded money/,
  ],
  ['order refunds', "UPDATE order_refunds SET state = 'pending'", /pending without a saga/],
  [
    'order refunds',
    "UPDATE order_refunds SET parts = 'no JSON'",
    /^order-refunded line 0: refunded 1, refunds 0/,
  ],
  [
    'order refunds',
    'UPDATE order_refunds SET value = value + 1',
    /^order-refunded: refunded value 250, refunds 251/,
  ],
  ['order refunds', 'UPDATE order_refunds SET points = points + 1', /^order-refunded: .*points 0, refunds 1/],
  ['order refunds', 'UPDATE order_refunds SET amount = amount - 1', /money 249 of 250/],
  ['order refunds', "UPDATE order_refunds SET order_id = 'no-order'", /^no-order: /],
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
    'captures and orders',
    "UPDATE payments SET amount = amount - 1 WHERE order_id = 'order-paid'",
    /^pay-order-paid: captured is not what the slot/,
  ],
  [
    'captures and orders',
    "DELETE FROM payments WHERE order_id = 'order-paid'",
    /^order-paid: its slot names pay-order-paid/,
  ],
  [
    'captures and orders',
    "UPDATE payment_slots SET captured_payment_id = NULL, open_payment_id = 'pay-order-paid' WHERE order_id = 'order-paid'",
    /^order-paid: paid without/,
  ],
  ['money given back', 'DELETE FROM payment_refunds', /not given back/],
  ['money given back', "UPDATE payment_refunds SET state = 'pending'", /given back \(pending\)/],
  ['money given back', 'DELETE FROM order_refunds', /250 given back .*order {2}says/],
  [
    'money given back',
    "UPDATE payment_slots SET captured = 1 WHERE order_id = 'order-refunded'",
    /captured 1$/,
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
    'point entries',
    "DELETE FROM point_transactions WHERE order_id = 'order-paid'",
    /^m_1\|order:order-paid:earn: 2 entries/,
  ],
  ['point entries', "DELETE FROM point_entries WHERE transaction_id LIKE '%order-paid:earn'", /no entries/],
  [
    'point entries',
    "UPDATE point_entries SET account_id = 'm_2' WHERE account_id = 'shop:redeemed'",
    /2 entries, sum 0/,
  ],
  ['point balances', "DELETE FROM point_accounts WHERE member_id = 'm_2'", /^m_2: balance 0, entries/],
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
    /^order-spent: points 50, used 49/,
  ],
  [
    'points and orders',
    "UPDATE orders SET state = 'placed' WHERE order_id = 'order-paid'",
    /earned \d+, order order-paid is placed/,
  ],
  [
    'points and orders',
    "UPDATE point_transactions SET order_id = 'no-order' WHERE kind = 'spend'",
    /^no-order: points 0, used 50/,
  ],
  [
    'points and orders',
    "UPDATE orders SET member_id = 'm_2' WHERE order_id = 'order-paid'",
    /earn: earned .* of m_2/,
  ],
  [
    'points and orders',
    'UPDATE order_refunds SET clawed = clawed + 1',
    /earned points 4 taken back, booked -3/,
  ],
  [
    'points and orders',
    'UPDATE order_refunds SET claw = claw + 1',
    /^order-refunded: 4 earned points .* 3 are due/,
  ],
  ['coupon quotas', 'DELETE FROM coupons', /a claim of no coupon/],
  ['coupon quotas', 'UPDATE coupons SET issued = issued + 1', /issued 3, claims 2/],
  ['coupon quotas', 'UPDATE coupons SET quota = 1', /quota 1/],
  ['coupon quotas', "UPDATE coupon_claims SET member_id = 'm_1'", /issued 2, claims 2/],
  ['coupon line', 'UPDATE coupons SET owed = 1', /1 units are said to be owed to the line/],
  [
    'coupon line',
    "INSERT INTO coupon_blocks (block_id, coupon_id, owner, size, secret, leased_at, closed_at, outcomes, decided) VALUES ('block-1', 'coupon', 'o', 3, 's', 1, NULL, 'v.v', 1)",
    /^block block-1: 1 decided, 2 of 3 places/,
  ],
  [
    'coupon line',
    "INSERT INTO coupon_blocks (block_id, coupon_id, owner, size, secret, leased_at, closed_at, outcomes, decided) VALUES ('block-2', 'coupon', 'o', 2, 's', 1, NULL, '...', 0)",
    /^block block-2: 0 decided, 0 of 3 places/,
  ],
  [
    'coupon line',
    "INSERT INTO coupon_blocks (block_id, coupon_id, owner, size, secret, leased_at, closed_at, outcomes, decided) VALUES ('block-3', 'coupon', 'o', 2, 's', 1, NULL, 'ir', 2)",
    /^coupon: 1 places say issued/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_redemptions SET state = 'returned' WHERE order_id = 'order-spent'",
    /^order-spent \(paid\): its coupon is returned/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_claims SET state = 'issued' WHERE order_id = 'order-spent'",
    /issued for order order-spent/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_redemptions SET order_id = 'no-order' WHERE order_id = 'order-spent'",
    /^no-order: used claim/,
  ],
  [
    'coupons and orders',
    "UPDATE orders SET member_id = 'm_9' WHERE order_id = 'order-spent'",
    /^order-spent: used claim .* m_9/,
  ],
  [
    'coupons and orders',
    "UPDATE orders SET coupon_id = 'other' WHERE order_id = 'order-spent'",
    /^order-spent: used claim .* has other/,
  ],
  [
    'coupons and orders',
    "UPDATE coupon_redemptions SET discount = 1 WHERE order_id = 'order-spent'",
    /^order-spent: discount 75, the coupon gave 1/,
  ],
  [
    'coupons and orders',
    "UPDATE orders SET state = 'cancelled' WHERE order_id = 'order-open'",
    /^order-open \(cancelled\): its coupon is used/,
  ],
  [
    'events delivered',
    "INSERT INTO dead_letters (consumer, event_key, version, type, payload, cause, created_at) VALUES ('point.earn', 'order-paid', 3, 'order.paid', '{}', 'poison', 1)",
    /^point.earn could not take order.paid 3 of order-paid: poison/,
  ],
  [
    'events and orders',
    "UPDATE inbox SET version = version + 100 WHERE event_key = 'order-paid'",
    /took version 10\d of order-paid/,
  ],
  [
    'events and orders',
    "UPDATE inbox SET event_key = 'no-order' WHERE event_key = 'order-paid'",
    /of no-order, which/,
  ],
  [
    'ranking and orders',
    "UPDATE bestseller_days SET country = 'Nowhere'",
    /\|Nowhere\|A: .* orders say 0\/0\/0\/0/,
  ],
  // Half past eleven at night by UTC, and already the next day in London's summer.
  [
    'ranking and orders',
    `UPDATE orders SET placed_at = ${Date.parse('2010-07-01T23:30:00Z')} WHERE order_id = 'order-paid'`,
    /^2010-07-02\|\|A: counted 0\/0\/0\/0, orders say 2\/500\/0\/0/,
  ],
  [
    'ranking and orders',
    `UPDATE orders SET placed_at = ${Date.parse('2010-12-01T23:30:00Z')} WHERE order_id = 'order-paid'`,
    /^2010-12-01\|\|A: counted 0\/0\/0\/0, orders say 2\/500\/0\/0/,
  ],
  ['ranking and orders', "UPDATE bestseller_days SET day = '2001-01-01'", /^2001-01-01\|\|A: /],
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
    results.filter(result => result.wrongCount > 0).map(({ name, wrong }) => ({ name, wrong }))

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
          for (let i = 0; i < rows.length; i += 100)
            await tx
              .insertInto(name)
              .values(rows.slice(i, i + 100) as never)
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

  const saga = (kind: string, orderId: string, data = '{}', id = orderId) =>
    `INSERT INTO order_sagas (saga_id, order_id, kind, data, attempts, next_at) VALUES ('${id}', '${orderId}', '${kind}', '${data}', 0, 0)`
  const outbox = (type: string, key: string) =>
    `INSERT INTO outbox (shard, event_key, version, type, payload, created_at) VALUES (0, '${key}', 9, '${type}', '{}', 1)`
  const explainedOf = async (check: string, ...statements: string[]) => {
    let counts: [explained: number, wrong: number] = [-1, -1]
    await withFault(statements, async () => {
      const result = (await verify()).find(each => each.name === check)!
      counts = [result.explained, result.wrongCount]
    })
    return counts
  }

  it('explains a coupon by the saga that gives it back, of that order alone, and never where the order lives', async () => {
    const check = 'coupons and orders'
    const dead = "UPDATE orders SET state = 'cancelled' WHERE order_id = 'order-open'"
    expect(await explainedOf(check, dead)).toEqual([0, 1])
    expect(await explainedOf(check, dead, saga('undo', 'order-open'))).toEqual([1, 0])
    expect(await explainedOf(check, dead, saga('undo', 'order-paid'))).toEqual([0, 1])
    const lost = [
      "DELETE FROM coupon_redemptions WHERE order_id = 'order-open'",
      "UPDATE coupon_claims SET state = 'issued', order_id = NULL WHERE order_id = 'order-open'",
    ]
    const [explained, wrong] = await explainedOf(check, ...lost, saga('undo', 'order-open'))
    expect(explained).toBe(0)
    expect(wrong).toBeGreaterThan(0)
  })

  it('explains points by what the saga has to give back, and not one point more', async () => {
    const check = 'points and orders'
    const dropped = (points: number) => `UPDATE orders SET points = ${points} WHERE order_id = 'order-spent'`
    expect(await explainedOf(check, dropped(20))).toEqual([0, 1])
    expect(await explainedOf(check, dropped(20), saga('undo-part', 'order-spent', '{"points":30}'))).toEqual([
      1, 0,
    ])
    expect(await explainedOf(check, dropped(20), saga('undo-part', 'order-spent', '{"points":29}'))).toEqual([
      0, 1,
    ])
    expect(await explainedOf(check, dropped(60), saga('undo-part', 'order-spent', '{"points":30}'))).toEqual([
      0, 1,
    ])
    expect(await explainedOf(check, dropped(20), saga('undo-part', 'order-spent', 'no JSON'))).toEqual([0, 1])
  })

  it('explains money by the saga of that very refund', async () => {
    const check = 'money given back'
    const { rows } = await sql<{ refund_id: string }>`SELECT refund_id FROM order_refunds`.execute(
      shop.scratch.ledger.reads(),
    )
    const id = rows[0]!.refund_id
    const open = "UPDATE order_refunds SET state = 'pending'"
    expect(await explainedOf(check, open)).toEqual([0, 1])
    expect(await explainedOf(check, open, saga('refund', 'order-refunded', '{}', id))).toEqual([1, 0])
    expect(await explainedOf(check, open, saga('refund', 'order-refunded', '{}', 'other'))).toEqual([0, 1])
    const { rows: orders } = await sql`SELECT order_id FROM order_refunds`.execute(
      shop.scratch.ledger.reads(),
    )
    expect(orders).toHaveLength(1)
  })

  it('explains a capture by its own event, unless the order is paid otherwise', async () => {
    const check = 'captures and orders'
    const unpaid = "UPDATE orders SET state = 'paying' WHERE order_id = 'order-paid'"
    expect(await explainedOf(check, unpaid)).toEqual([0, 1])
    expect(await explainedOf(check, unpaid, outbox('payment.captured', 'pay-order-paid'))).toEqual([1, 0])
    expect(await explainedOf(check, unpaid, outbox('payment.captured', 'pay-order-spent'))).toEqual([0, 1])
    const other = "UPDATE orders SET payment_id = 'p-other' WHERE order_id = 'order-paid'"
    expect(await explainedOf(check, other, outbox('payment.captured', 'pay-order-paid'))).toEqual([0, 1])
  })

  it('explains missing points by the event that brings them, but not wrong ones', async () => {
    const check = 'points and orders'
    const missing = "DELETE FROM point_transactions WHERE kind = 'earn' AND order_id = 'order-paid'"
    const wrong = "UPDATE point_transactions SET points = 1 WHERE kind = 'earn' AND order_id = 'order-paid'"
    expect(await explainedOf(check, missing, outbox('order.paid', 'order-paid'))).toEqual([1, 0])
    expect(await explainedOf(check, wrong, outbox('order.paid', 'order-paid'))).toEqual([0, 1])
  })

  it('does not lose one that is wrong among thousands that are explained, nor the count of thousands', async () => {
    const { ledger } = shop.scratch
    const many = 1_500
    const ids = Array.from({ length: many }, (_, i) => `bulk-${i}`)
    const claim = (id: string) => ({
      ...{ claim_id: `c.${id}`, coupon_id: 'c', member_id: id, order_id: id, claimed_at: 1 },
      state: 'redeemed' as const,
    })
    const order = (id: string) => ({
      ...{ order_id: id, owner: id, member_id: id, state: 'cancelled' as const, version: 1, coupon_id: 'c' },
      ...{ goods_total: 0, discount: 0, points: 0, total: 0, refunded_total: 0, placed_at: 1, created_at: 1 },
    })
    const used = (id: string) => ({
      ...{ order_id: id, claim_id: `c.${id}`, discount: 0, state: 'used' as const, redeemed_at: 1 },
    })
    const pending = (id: string) => ({
      ...{ saga_id: id, order_id: id, kind: 'undo', data: '{}', attempts: 0, next_at: 1 },
    })
    const found = async () => (await verify()).find(each => each.name === 'coupons and orders')!
    await ledger.write<AllTables, void>(async tx => {
      for (let i = 0; i < many; i += 100) {
        const some = ids.slice(i, i + 100)
        await tx
          .insertInto('orders')
          .values(some.map(order) as never)
          .execute()
        await tx.insertInto('coupon_claims').values(some.map(claim)).execute()
        await tx.insertInto('coupon_redemptions').values(some.map(used)).execute()
        await tx.insertInto('order_sagas').values(some.map(pending)).execute()
      }
    })
    try {
      expect(await found()).toMatchObject({ explained: many, wrongCount: 0, wrong: [] })
      await withFault(["DELETE FROM order_sagas WHERE saga_id = 'bulk-777'"], async () => {
        const { explained, wrongCount, wrong } = await found()
        expect({ explained, wrongCount }).toEqual({ explained: many - 1, wrongCount: 1 })
        expect(wrong).toEqual([expect.stringMatching(/^bulk-777 /)])
      })
      await withFault(['DELETE FROM order_sagas'], async () => {
        const { explained, wrongCount, wrong } = await found()
        expect({ explained, wrongCount, named: wrong.length }).toEqual({
          ...{ explained: 0, wrongCount: many, named: 1_000 },
        })
      })
    } finally {
      await ledger.write<AllTables, void>(async tx => {
        await tx.deleteFrom('orders').where('order_id', 'like', 'bulk-%').execute()
        await tx.deleteFrom('coupon_claims').where('order_id', 'like', 'bulk-%').execute()
        await tx.deleteFrom('coupon_redemptions').where('order_id', 'like', 'bulk-%').execute()
        await tx.deleteFrom('order_sagas').where('order_id', 'like', 'bulk-%').execute()
      })
    }
    expect(wrongOf(await verify())).toEqual([])
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
      expect([found?.explained, found?.wrongCount]).toEqual([1, 1])
    })
    await shop.deliver()
    const after = await verify()
    expect(wrongOf(after)).toEqual([])
    expect(after.reduce((sum, result) => sum + result.explained, 0)).toBe(0)
  })
})
