// SQL for the ranking in Redis: what changed since a version, and whole scopes. Each answer is of one snapshot.

import { sql } from 'kysely'
import { inList } from '../../platform/sql/in-list.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { covers, type Scope, scopeName } from './scopes.ts'
import type { BestsellerTx, TopRow } from './store.ts'
import type { BestsellerTables } from './tables.ts'

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
    const figures = new Map<string, readonly TopRow[]>()
    if (now.version === since.version || scopes.length === 0) return { ...now, figures }
    const changed = await changedRows(tx, since, scopes)
    if (changed.length > CHANGED_MOST) return null
    for (const scope of scopes) {
      const products = new Set(changed.filter(row => covers(scope, row)).map(row => row.product_id))
      if (products.size === 0) continue
      const among = sql`AND product_id IN ${inList(ledger.dialect, [...products])}`
      figures.set(scopeName(scope), await sumsOf(tx, now.generation, scope, among))
    }
    return { ...now, figures }
  })
}

function changedRows(tx: BestsellerTx, since: Edition, scopes: readonly Scope[]) {
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

/** Products of a scope that is kept in Redis, some 300 bytes each there; a larger one is answered by the ledger. */
const PRODUCTS_MOST = 50_000

export interface ScopeRow extends TopRow {
  /** Of the last change to any of its figures. */
  readonly version: number
}

export interface WholeScope extends Edition {
  readonly rows: readonly ScopeRow[]
}

/** All figures of a scope; null: too many. */
export function wholeScope(ledger: Ledger, scope: Scope): Promise<WholeScope | null> {
  return ledger.snapshot<BestsellerTables, WholeScope | null>(async tx => {
    const edition = await editionOf(tx)
    const rows = await sumsOf(tx, edition.generation, scope, sql``)
    return rows.length > PRODUCTS_MOST ? null : { ...edition, rows }
  })
}

async function sumsOf(
  tx: BestsellerTx,
  generation: number,
  { from, to, country }: Scope,
  among: ReturnType<typeof sql>,
): Promise<ScopeRow[]> {
  const inCountry = country === null ? sql`` : sql`AND country = ${country}`
  const { rows } = await sql<ScopeRow>`
    SELECT product_id, SUM(units) AS units, SUM(revenue) AS revenue, SUM(refunded_units) AS refunded_units,
      SUM(refunded_revenue) AS refunded_revenue, MAX(version) AS version
    FROM bestseller_days
    WHERE generation = ${generation} AND day >= ${from} AND day <= ${to} ${inCountry} ${among}
    GROUP BY product_id LIMIT ${PRODUCTS_MOST + 1}`.execute(tx)
  // Sums are decimals on MariaDB, which arrive as texts.
  return rows.map(row => ({
    product_id: row.product_id,
    units: Number(row.units),
    revenue: Number(row.revenue),
    refunded_units: Number(row.refunded_units),
    refunded_revenue: Number(row.refunded_revenue),
    version: Number(row.version),
  }))
}
