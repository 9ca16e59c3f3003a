// All SQL of the projection.

import { sql } from 'kysely'
import { invariant } from '../../platform/contract/result.ts'
import type { Ledger, Tx } from '../../platform/sql/ledger.ts'
import type { Figures } from './contributions.ts'
import type { BestsellerTables, DayRow, StateRow } from './tables.ts'

export type BestsellerTx = Tx<BestsellerTables>

/** The state, locked: whoever changes the projection takes turns. */
export async function lockState(ledger: Ledger, tx: BestsellerTx): Promise<StateRow> {
  const query = tx.selectFrom('bestseller_state').selectAll().where('id', '=', 1)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirstOrThrow()
}

export async function setState(tx: BestsellerTx, state: Partial<StateRow>): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('bestseller_state')
    .set(state)
    .where('id', '=', 1)
    .executeTakeFirst()
  invariant(numUpdatedRows === 1n, 'the state of the ranking is gone')
}

/** Rows in one statement: some 9 columns each, far below the engines' limits on parameters. */
const ROWS_PER_INSERT = 200

/** Adds figures to a generation; the inbox rows of the same transaction make it happen once. */
export async function addFigures(
  ledger: Ledger,
  tx: BestsellerTx,
  { generation, version }: { readonly generation: number; readonly version: number },
  figures: readonly Figures[],
): Promise<void> {
  const columns = ['units', 'revenue', 'refunded_units', 'refunded_revenue'] as const
  for (let i = 0; i < figures.length; i += ROWS_PER_INSERT) {
    const rows = figures.slice(i, i + ROWS_PER_INSERT).map(row => ({ generation, ...row, version }))
    const insert = tx.insertInto('bestseller_days').values(rows)
    if (ledger.dialect === 'mysql') {
      const set = Object.fromEntries(
        columns.map(name => [name, sql<number>`${sql.ref(name)} + VALUES(${sql.ref(name)})`]),
      )
      await insert.onDuplicateKeyUpdate({ ...set, version }).execute()
    } else {
      const set = Object.fromEntries(
        columns.map(name => [
          name,
          sql<number>`${sql.ref(`bestseller_days.${name}`)} + ${sql.ref(`excluded.${name}`)}`,
        ]),
      )
      await insert
        .onConflict(conflict =>
          conflict.columns(['generation', 'day', 'country', 'product_id']).doUpdateSet({ ...set, version }),
        )
        .execute()
    }
  }
}

export interface TopQuery {
  readonly from: string
  readonly to: string
  readonly country: string | null
  readonly by: 'revenue' | 'units'
  readonly limit: number
}

export interface TopRow {
  product_id: string
  units: number
  revenue: number
  refunded_units: number
  refunded_revenue: number
}

/** The top of a range of days, net of refunds; of equal ones the smaller id first. */
export async function topRows(ledger: Ledger, { from, to, country, by, limit }: TopQuery): Promise<TopRow[]> {
  const net =
    by === 'revenue' ? sql`SUM(revenue) - SUM(refunded_revenue)` : sql`SUM(units) - SUM(refunded_units)`
  const inCountry = country === null ? sql`` : sql`AND country = ${country}`
  const { rows } = await sql<TopRow>`
    SELECT product_id, SUM(units) AS units, SUM(revenue) AS revenue, SUM(refunded_units) AS refunded_units,
      SUM(refunded_revenue) AS refunded_revenue
    FROM bestseller_days
    WHERE generation = (SELECT generation FROM bestseller_state WHERE id = 1) AND day >= ${from} AND day <= ${to} ${inCountry}
    GROUP BY product_id ORDER BY ${net} DESC, product_id LIMIT ${limit}`.execute(
    ledger.reads<BestsellerTables>(),
  )
  // Sums are decimals on MariaDB, which arrive as texts.
  return rows.map(row => ({
    product_id: row.product_id,
    units: Number(row.units),
    revenue: Number(row.revenue),
    refunded_units: Number(row.refunded_units),
    refunded_revenue: Number(row.refunded_revenue),
  }))
}

export interface DayKey {
  readonly day: string
  readonly country: string
  readonly productId: string
}

/** Rows of the generation that is read, in the order of their key. */
export async function dayPage(
  ledger: Ledger,
  range: { from: string; to: string },
  after: DayKey | null,
  limit: number,
): Promise<DayRow[]> {
  const db = ledger.reads<BestsellerTables>()
  const state = await db
    .selectFrom('bestseller_state')
    .select('generation')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  let query = db
    .selectFrom('bestseller_days')
    .selectAll()
    .where('generation', '=', state.generation)
    .where('day', '>=', range.from)
    .where('day', '<=', range.to)
    .orderBy('day')
    .orderBy('country')
    .orderBy('product_id')
    .limit(limit)
  if (after !== null) {
    const { day, country, productId } = after
    query = query.where(e =>
      e.or([
        e('day', '>', day),
        e.and([e('day', '=', day), e('country', '>', country)]),
        e.and([e('day', '=', day), e('country', '=', country), e('product_id', '>', productId)]),
      ]),
    )
  }
  return query.execute()
}

/** Removes at most `limit` rows of generations that are neither read nor built. Returns how many. */
export async function deleteOldDays(ledger: Ledger, limit: number): Promise<number> {
  return ledger.write<BestsellerTables, number>(async tx => {
    const state = await lockState(ledger, tx)
    const kept = state.building === null ? [state.generation] : [state.generation, state.building]
    const old = await tx
      .selectFrom('bestseller_days')
      .select(['generation', 'day', 'country', 'product_id'])
      .where('generation', 'not in', kept)
      .limit(limit)
      .execute()
    for (const row of old) {
      await tx
        .deleteFrom('bestseller_days')
        .where('generation', '=', row.generation)
        .where('day', '=', row.day)
        .where('country', '=', row.country)
        .where('product_id', '=', row.product_id)
        .execute()
    }
    return old.length
  })
}
