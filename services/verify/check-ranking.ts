// The ranking against the orders: what it counts, plus what events in the outbox have still to tell it.

import { sql } from 'kysely'
import { addEvent, Sums } from '../../modules/bestseller/contributions.ts'
import { inboxOf } from '../../modules/bestseller/count-sales.ts'
import { dayOf } from '../../modules/bestseller/days.ts'
import type { Books, Check, Finding } from './check.ts'
import { div } from './check.ts'

/** Every offset from UTC is a multiple of this, so its quarter hours lie in one day each. ms */
const QUARTER_MS = 900_000

interface Sold {
  quarter: number
  country: string | null
  product_id: string
  units: number | string
  revenue: number | string
  refunded_units: number | string
  refunded_revenue: number | string
}

export const ranking: Check = {
  name: 'ranking and orders',
  proves: 'units and revenue by day, country and product are those of paid orders, refunds apart',
  async run(books): Promise<Finding> {
    const truth = await ordersByDay(books)
    const { counted, generation } = await countedByDay(books)
    const pending = await pendingEvents(books, generation)
    let explained = 0
    const wrong: string[] = []
    for (const key of new Set([...truth.keys(), ...counted.keys(), ...pending.keys()])) {
      const want = truth.get(key) ?? NOTHING
      const have = counted.get(key) ?? NOTHING
      if (same(want, have)) continue
      const later = pending.get(key) ?? NOTHING
      if (
        same(
          want,
          have.map((value, i) => value + later[i]!),
        )
      )
        explained++
      else wrong.push(`${key}: counted ${have.join('/')}, orders say ${want.join('/')}`)
    }
    return { checked: counted.size, explained, wrong }
  },
}

type Figures = readonly number[]
const NOTHING: Figures = [0, 0, 0, 0]
const same = (a: Figures, b: Figures): boolean => a.every((value, i) => value === b[i])

async function ordersByDay({ tx, dialect, timeZone }: Books): Promise<Map<string, Figures>> {
  const quarter = div(dialect, sql`o.placed_at`, sql`${sql.lit(QUARTER_MS)}`)
  const { rows } = await sql<Sold>`
    SELECT ${quarter} AS quarter, o.country, l.product_id, SUM(l.quantity - l.cancelled) AS units,
      SUM((l.quantity - l.cancelled) * l.unit_price) AS revenue, SUM(l.refunded) AS refunded_units,
      SUM(l.refunded * l.unit_price) AS refunded_revenue
    FROM orders o JOIN order_lines l ON l.order_id = o.order_id
    WHERE o.state IN ('paid', 'refunded') AND l.quantity > l.cancelled
    GROUP BY ${quarter}, o.country, l.product_id`.execute(tx)
  const sums = new Map<string, number[]>()
  for (const row of rows) {
    const key = `${dayOf(Number(row.quarter) * QUARTER_MS, timeZone)}|${row.country ?? ''}|${row.product_id}`
    const figures = [row.units, row.revenue, row.refunded_units, row.refunded_revenue].map(Number)
    const before = sums.get(key)
    if (before === undefined) sums.set(key, figures)
    else for (const [i, value] of figures.entries()) before[i]! += value
  }
  return sums
}

async function countedByDay({ tx }: Books): Promise<{ counted: Map<string, Figures>; generation: number }> {
  const state = await tx
    .selectFrom('bestseller_state')
    .select('generation')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  const rows = await tx
    .selectFrom('bestseller_days')
    .selectAll()
    .where('generation', '=', state.generation)
    .execute()
  const counted = new Map<string, Figures>()
  for (const row of rows) {
    const key = `${row.day}|${row.country}|${row.product_id}`
    counted.set(key, [row.units, row.revenue, row.refunded_units, row.refunded_revenue])
  }
  return { counted, generation: state.generation }
}

/** What the ranking has not taken yet, of the events that wait. */
async function pendingEvents({ tx, timeZone }: Books, generation: number): Promise<Map<string, Figures>> {
  const rows = await tx
    .selectFrom('outbox as o')
    .leftJoin('inbox as i', join =>
      join.onRef('i.event_key', '=', 'o.event_key').on('i.consumer', '=', inboxOf(generation)),
    )
    .select(['o.type', 'o.event_key', 'o.version', 'o.payload', 'i.version as taken'])
    .where('o.type', 'in', ['order.paid', 'order.refunded'])
    .execute()
  const sums = new Sums()
  for (const row of rows) {
    if (row.taken !== null && row.taken >= row.version) continue
    const payload = JSON.parse(row.payload) as Record<string, unknown>
    addEvent(sums, { type: row.type, key: row.event_key, version: row.version, payload }, timeZone)
  }
  return new Map(
    sums.sorted().map(row => {
      const figures = [row.units, row.revenue, row.refunded_units, row.refunded_revenue]
      return [`${row.day}|${row.country}|${row.product_id}`, figures]
    }),
  )
}
