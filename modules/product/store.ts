// All SQL of the catalogue.

import { type Kysely, sql } from 'kysely'
import type { Ledger, Tx } from '../../platform/sql/ledger.ts'
import type { ProductRow, ProductTables } from './tables.ts'

const reads = (ledger: Ledger): Kysely<ProductTables> => ledger.reads<ProductTables>()

export async function productRows(ledger: Ledger, ids: readonly string[]): Promise<ProductRow[]> {
  if (ids.length === 0) return []
  return reads(ledger).selectFrom('products').selectAll().where('product_id', 'in', ids).execute()
}

export interface PageQuery {
  readonly words: readonly string[]
  readonly order: 'id' | 'name'
  /** The last row seen. */
  readonly after: PageKey | null
  readonly limit: number
}

/** Where a row of the catalogue stands in its order. */
export type PageKey = Pick<ProductRow, 'product_id' | 'name_search'>

/**
 * The keys of one page. Words are looked for anywhere in the name, by a scan in the order asked for that ends when
 * the page is full: no index of words to keep in step. The worst, words that nobody's name has, takes SQLite 0.2 ms
 * for the December catalogue and some 10 ms for 100,000 names; MariaDB, in a process of its own, some 60 ms for these.
 */
export function productPage(ledger: Ledger, { words, order, after, limit }: PageQuery): Promise<PageKey[]> {
  // Only columns of the index by name: SQLite fetches the whole row five times as slowly.
  let query = reads(ledger).selectFrom('products').select(['product_id', 'name_search']).limit(limit)
  // Both engines have it, and it knows no wildcards.
  for (const word of words) query = query.where(sql<boolean>`instr(name_search, ${word}) > 0`)
  if (order === 'name') query = query.orderBy('name_search')
  query = query.orderBy('product_id')
  if (after !== null && order === 'id') query = query.where('product_id', '>', after.product_id)
  if (after !== null && order === 'name') {
    // The first condition looks needless: it is what the index is entered by.
    query = query
      .where('name_search', '>=', after.name_search)
      .where(e => e.or([e('name_search', '>', after.name_search), e('product_id', '>', after.product_id)]))
  }
  return query.execute()
}

export function lockProduct(
  ledger: Ledger,
  tx: Tx<ProductTables>,
  productId: string,
): Promise<ProductRow | undefined> {
  const query = tx.selectFrom('products').selectAll().where('product_id', '=', productId)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

export async function insertProducts(tx: Tx<ProductTables>, rows: readonly ProductRow[]): Promise<void> {
  if (rows.length > 0)
    await tx
      .insertInto('products')
      .values([...rows])
      .execute()
}

/** Compare-and-set on the version. True: it was this very version. */
export async function updateProduct(
  tx: Tx<ProductTables>,
  row: ProductRow,
  version: number,
): Promise<boolean> {
  const { product_id: id, ...set } = row
  const { numUpdatedRows } = await tx
    .updateTable('products')
    .set(set)
    .where('product_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
