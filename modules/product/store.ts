// All SQL of the catalogue.

import type { Kysely } from 'kysely'
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
  /** Sort key of the last row seen. */
  readonly after: { readonly name: string; readonly id: string } | null
  readonly limit: number
}

/** A scan of one column of at most some 10^5 names, in the order of an index, until the page is full. */
export function productPage(
  ledger: Ledger,
  { words, order, after, limit }: PageQuery,
): Promise<ProductRow[]> {
  let query = reads(ledger).selectFrom('products').selectAll().limit(limit)
  for (const word of words) query = query.where('name_search', 'like', `%${escapeLike(word)}%`)
  if (order === 'name') query = query.orderBy('name_search')
  query = query.orderBy('product_id')
  if (after !== null) {
    query =
      order === 'id'
        ? query.where('product_id', '>', after.id)
        : query.where(e =>
            e.or([
              e('name_search', '>', after.name),
              e.and([e('name_search', '=', after.name), e('product_id', '>', after.id)]),
            ]),
          )
  }
  return query.execute()
}

/** `%` and `_` are letters like others. Both engines take a backslash as the escape, SQLite only when told: so they become `_`. */
function escapeLike(word: string): string {
  return word.replace(/[\\%_]/g, '_')
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
