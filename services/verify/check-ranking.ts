// The ranking against the orders: what it counts, plus what events in the outbox have still to tell it. Both sides
// are added up by the ledger, so that only what differs comes here.

import { type RawBuilder, sql } from 'kysely'
import { addEvent, NO_COUNTRY, Sums } from '../../modules/bestseller/contributions.ts'
import { inboxOf } from '../../modules/bestseller/count-sales.ts'
import { type Books, type Check, type Finding, WRONG_MOST } from './check.ts'
import { clockSpans, dayText } from './local-days.ts'
import { div } from './sql-parts.ts'

export const ranking: Check = {
  name: 'ranking and orders',
  proves: 'units and revenue by day, country and product are those of paid orders, refunds apart',
  async run(books): Promise<Finding> {
    const generation = await generationRead(books)
    const { pending, unreadable } = await pendingEvents(books, generation)
    let explained = 0
    let wrongCount = unreadable.length
    const wrong = [...unreadable]
    for await (const row of await differingFigures(books, generation)) {
      const key = `${row.day === null ? '?' : dayText(Number(row.day))}|${row.country}|${row.product_id}`
      const missing = [row.units, row.revenue, row.refunded_units, row.refunded_revenue].map(Number)
      const later = pending.get(key)
      const told = [later?.units, later?.revenue, later?.refunded_units, later?.refunded_revenue]
      if (missing.every((value, i) => value === (told[i] ?? 0))) {
        explained++
        continue
      }
      wrongCount++
      const counted = [row.c_units, row.c_revenue, row.c_refunded_units, row.c_refunded_revenue].map(Number)
      const want = counted.map((value, i) => value + missing[i]!)
      if (wrong.length < WRONG_MOST)
        wrong.push(`${key}: counted ${counted.join('/')}, orders say ${want.join('/')}`)
    }
    return { checked: await rowsCounted(books, generation), explained, wrongCount, wrong }
  },
}

async function generationRead({ tx }: Books): Promise<number> {
  const state = await tx
    .selectFrom('bestseller_state')
    .select('generation')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  return state.generation
}

async function rowsCounted({ tx }: Books, generation: number): Promise<number> {
  const { rows } = await sql<{ n: number | string }>`
    SELECT COUNT(*) AS n FROM bestseller_days WHERE generation = ${generation}`.execute(tx)
  return Number(rows[0]!.n)
}

/** Of one day, country and product: what the orders say beyond what is counted, and what is counted (`c_`). */
interface Differing {
  /** Days since 1970-01-01; null where the ranking has a day that is none. */
  day: number | string | null
  country: string
  product_id: string
  units: number | string
  revenue: number | string
  refunded_units: number | string
  refunded_revenue: number | string
  c_units: number | string
  c_revenue: number | string
  c_refunded_units: number | string
  c_refunded_revenue: number | string
}

/** Streamed: where the ranking is empty everything differs. */
async function differingFigures(books: Books, generation: number): Promise<AsyncIterable<Differing>> {
  const { tx, dialect } = books
  const day = await dayOfOrder(books)
  const countedDay =
    dialect === 'mysql' ? sql`TO_DAYS(day) - TO_DAYS('1970-01-01')` : sql`unixepoch(day) / 86400`
  // Sorting millions of lines by file beats a temporary table with a key for each group: 9 s for 52.
  const big = dialect === 'mysql' ? sql`SQL_BIG_RESULT` : sql``
  const sums = sql<Differing>`(
      SELECT ${big} day, country, product_id, SUM(units) AS units, SUM(revenue) AS revenue,
        SUM(refunded_units) AS refunded_units, SUM(refunded_revenue) AS refunded_revenue,
        SUM(c_units) AS c_units, SUM(c_revenue) AS c_revenue,
        SUM(c_refunded_units) AS c_refunded_units, SUM(c_refunded_revenue) AS c_refunded_revenue
      FROM (
        SELECT ${day} AS day, COALESCE(o.country, ${sql.lit(NO_COUNTRY)}) AS country, l.product_id,
          l.quantity - l.cancelled AS units, (l.quantity - l.cancelled) * l.unit_price AS revenue,
          l.refunded AS refunded_units, l.refunded * l.unit_price AS refunded_revenue,
          0 AS c_units, 0 AS c_revenue, 0 AS c_refunded_units, 0 AS c_refunded_revenue
        FROM orders o JOIN order_lines l ON l.order_id = o.order_id
        WHERE o.state IN ('paid', 'refunded') AND l.quantity > l.cancelled
        UNION ALL
        SELECT ${countedDay}, country, product_id, -units, -revenue, -refunded_units, -refunded_revenue,
          units, revenue, refunded_units, refunded_revenue
        FROM bestseller_days WHERE generation = ${sql.lit(generation)}
      ) sides GROUP BY day, country, product_id)`.as('sums')
  return tx
    .selectFrom(sums)
    .selectAll()
    .where(sql<boolean>`units <> 0 OR revenue <> 0 OR refunded_units <> 0 OR refunded_revenue <> 0`)
    .stream()
}

/** The day of an order in the shop's time zone, counted from 1970-01-01. */
async function dayOfOrder({ tx, dialect, timeZone }: Books): Promise<RawBuilder<number>> {
  const { rows } = await sql<{ first: number | null; last: number | null }>`
    SELECT MIN(placed_at) AS first, MAX(placed_at) AS last FROM orders`.execute(tx)
  const { first, last } = rows[0]!
  const [earliest, ...later] = clockSpans(timeZone, Number(first ?? 0), Number(last ?? 0))
  let offset = sql`${sql.lit(earliest!.offset)}`
  if (later.length > 0) {
    // The latest first: the first that fits counts.
    const cases = later
      .reverse()
      .map(span => sql`WHEN o.placed_at >= ${sql.lit(span.from)} THEN ${sql.lit(span.offset)}`)
    offset = sql`CASE ${sql.join(cases, sql` `)} ELSE ${offset} END`
  }
  return div(dialect, sql`o.placed_at + (${offset})`, sql`86400000`)
}

/** Events of the outbox read at once: some MB. */
const EVENTS_AT_ONCE = 5_000

/** What the ranking has not taken yet, of the events that wait, by `day|country|product`. */
async function pendingEvents(
  { tx, timeZone }: Books,
  generation: number,
): Promise<{ pending: Sums; unreadable: string[] }> {
  const pending = new Sums()
  const unreadable: string[] = []
  for (let after = 0; ; ) {
    const rows = await tx
      .selectFrom('outbox as o')
      .leftJoin('inbox as i', join =>
        join.onRef('i.event_key', '=', 'o.event_key').on('i.consumer', '=', inboxOf(generation)),
      )
      .select(['o.seq', 'o.type', 'o.event_key', 'o.version', 'o.payload', 'i.version as taken'])
      .where('o.type', 'in', ['order.paid', 'order.refunded'])
      .where('o.seq', '>', after)
      .orderBy('o.seq')
      .limit(EVENTS_AT_ONCE)
      .execute()
    for (const { seq, type, event_key: key, version, payload, taken } of rows) {
      after = seq
      if (taken !== null && taken >= version) continue
      try {
        addEvent(pending, { type, key, version, payload: JSON.parse(payload) }, timeZone)
      } catch (error) {
        unreadable.push(`${type} of ${key} in the outbox cannot be read: ${(error as Error).message}`)
      }
    }
    if (rows.length < EVENTS_AT_ONCE) return { pending, unreadable }
  }
}
