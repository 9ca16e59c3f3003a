// SQL for the ranking in Redis: what changed since a version, and whole scopes. Each answer is of one snapshot.

import { sql } from 'kysely'
import { inList } from '../../platform/sql/in-list.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { covers, type Place, type Range, rangesOf, type Scope, scopeName } from './scopes.ts'
import type { BestsellerTx, TopRow } from './store.ts'
import type { BestsellerTables, DayRow } from './tables.ts'

/** Which state of the projection. */
export interface Edition {
  readonly generation: number
  readonly version: number
}

/** The state that is read now. */
export const editionNow = (ledger: Ledger): Promise<Edition> =>
  editionOf(ledger.reads<BestsellerTables>() as BestsellerTx)

function editionOf(tx: BestsellerTx): Promise<Edition> {
  return tx
    .selectFrom('bestseller_state')
    .select(['generation', 'version'])
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
}

/** Rows changed that are told one by one, some 100 bytes each: whoever is further behind begins anew. */
const CHANGED_MOST = 5_000

export interface Changes extends Edition {
  /** By scope: the figures, in whole, of each product that changed there. */
  readonly figures: ReadonlyMap<string, readonly TopRow[]>
}

/** What has changed in these scopes since an edition; null: too much, or it is none of the past. */
export function changesSince(
  ledger: Ledger,
  since: Edition,
  scopes: readonly Scope[],
): Promise<Changes | null> {
  return ledger.snapshot<BestsellerTables, Changes | null>(async tx => {
    const now = await editionOf(tx)
    if (now.generation !== since.generation || now.version < since.version) return null
    if (now.version === since.version || scopes.length === 0) return { ...now, figures: new Map() }
    const places = await changedPlaces(tx, since, scopes)
    if (places.length > CHANGED_MOST) return null
    const products = new Map(scopes.map(scope => [scope, productsOf(scope, places)] as const))
    const touched = scopes.filter(scope => products.get(scope)!.size > 0)
    const figures = new Map(touched.map(scope => [scopeName(scope), new Map<string, TopRow>()]))
    for (const range of rangesOf(touched)) {
      const wanted = new Set(
        touched.filter(scope => within(scope, range)).flatMap(s => [...products.get(s)!]),
      )
      for (const row of await rowsOf(ledger, tx, now.generation, range, [...wanted]))
        for (const scope of touched)
          if (covers(scope, row) && products.get(scope)!.has(row.product_id))
            addTo(figures.get(scopeName(scope))!, row)
    }
    return { ...now, figures: new Map([...figures].map(([name, rows]) => [name, [...rows.values()]])) }
  })
}

const within = (scope: Scope, range: Range): boolean => scope.from >= range.from && scope.to <= range.to

function productsOf(scope: Scope, places: readonly (Place & { product_id: string })[]): Set<string> {
  return new Set(places.filter(place => covers(scope, place)).map(place => place.product_id))
}

function addTo(rows: Map<string, TopRow>, row: TopRow): void {
  const sum = rows.get(row.product_id)
  if (sum === undefined) {
    const { product_id, units, revenue, refunded_units, refunded_revenue } = row
    rows.set(product_id, { product_id, units, revenue, refunded_units, refunded_revenue })
    return
  }
  sum.units += row.units
  sum.revenue += row.revenue
  sum.refunded_units += row.refunded_units
  sum.refunded_revenue += row.refunded_revenue
}

function changedPlaces(tx: BestsellerTx, since: Edition, scopes: readonly Scope[]) {
  const days = scopes.flatMap(({ from, to }) => [from, to]).sort()
  return tx
    .selectFrom('bestseller_days')
    .select(['day', 'country', 'product_id'])
    .where('generation', '=', since.generation)
    .where('version', '>', since.version)
    .where('day', '>=', days[0]!)
    .where('day', '<=', days.at(-1)!)
    .limit(CHANGED_MOST + 1)
    .execute()
}

async function rowsOf(
  ledger: Ledger,
  tx: BestsellerTx,
  generation: number,
  { from, to }: Range,
  productIds: readonly string[],
): Promise<DayRow[]> {
  const mysql = ledger.dialect === 'mysql'
  // Forced: for long lists the planner may prefer a walk over the days.
  const { rows } = await sql<DayRow>`
    SELECT day, country, product_id, units, revenue, refunded_units, refunded_revenue
    FROM bestseller_days ${sql.raw(mysql ? 'FORCE INDEX (bestseller_products)' : '')}
    WHERE generation = ${generation} AND product_id IN ${inList(ledger.dialect, productIds)}
      AND day >= ${from} AND day <= ${to}`.execute(tx)
  return rows
}

/** Products of a scope that is kept in Redis, some 400 bytes each there; a larger one is answered by the ledger. */
const PRODUCTS_MOST = 50_000

export interface ScopeRow extends TopRow {
  /** Of the last change to any of its figures. */
  readonly version: number
}

export interface WholeScope extends Edition {
  readonly rows: readonly ScopeRow[]
}

/** All figures of a scope; null: too many. */
export function wholeScope(ledger: Ledger, { from, to, country }: Scope): Promise<WholeScope | null> {
  return ledger.snapshot<BestsellerTables, WholeScope | null>(async tx => {
    const edition = await editionOf(tx)
    const inCountry = country === null ? sql`` : sql`AND country = ${country}`
    const { rows } = await sql<ScopeRow>`
      SELECT product_id, SUM(units) AS units, SUM(revenue) AS revenue, SUM(refunded_units) AS refunded_units,
        SUM(refunded_revenue) AS refunded_revenue, MAX(version) AS version
      FROM bestseller_days
      WHERE generation = ${edition.generation} AND day >= ${from} AND day <= ${to} ${inCountry}
      GROUP BY product_id LIMIT ${PRODUCTS_MOST + 1}`.execute(tx)
    if (rows.length > PRODUCTS_MOST) return null
    // Sums are decimals on MariaDB, which arrive as texts.
    return {
      ...edition,
      rows: rows.map(row => ({
        product_id: row.product_id,
        units: Number(row.units),
        revenue: Number(row.revenue),
        refunded_units: Number(row.refunded_units),
        refunded_revenue: Number(row.refunded_revenue),
        version: Number(row.version),
      })),
    }
  })
}
