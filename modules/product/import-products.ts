// Products from a file, up to a thousand at a time; of one named twice the last line counts. A repeat changes
// nothing and tells nobody.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { invariant, type Result } from '../../platform/contract/result.ts'
import { once } from '../../platform/sql/once.ts'
import type { productContract } from './contract.ts'
import type { ProductContext } from './deps.ts'
import { productChanged, productRow, termsOf } from './product.ts'
import { insertProducts, updateProduct } from './store.ts'
import type { ProductRow, ProductTables } from './tables.ts'

type Imported = Output<typeof productContract.importProducts>

export async function importProducts(
  context: ProductContext,
  call: Call,
  { products }: Input<typeof productContract.importProducts>,
): Promise<Result<Imported>> {
  const now = context.clock()
  const wanted = new Map(products.map(product => [product.productId, product]))
  const ids = [...wanted.keys()]
  const imported = await once<ProductTables, Imported>(
    context.ledger,
    call,
    'product.importProducts',
    now,
    async tx => {
      const query = tx.selectFrom('products').selectAll().where('product_id', 'in', ids).orderBy('product_id')
      const rows =
        ids.length === 0
          ? []
          : await (context.ledger.dialect === 'mysql' ? query.forUpdate() : query).execute()
      const known = new Map(rows.map(row => [row.product_id, row]))
      const created: ProductRow[] = []
      const changed: ProductRow[] = []
      for (const { productId, name, price } of wanted.values()) {
        const row = known.get(productId)
        if (row === undefined) {
          const terms = { name, price, onSale: true, saleStartsAt: null, memberLimit: null }
          created.push(productRow(productId, terms, 1, now))
        } else if (row.name !== name || row.price !== price) {
          const next = productRow(productId, { ...termsOf(row), name, price }, row.version + 1, now)
          invariant(await updateProduct(tx, next, row.version), `product ${productId} changed under its lock`)
          changed.push(next)
        }
      }
      await insertProducts(tx, created)
      return {
        result: { ok: true, value: { created: created.length, changed: changed.length } },
        events: [...created, ...changed].map(productChanged),
      }
    },
  )
  if (imported.ok && imported.value.created + imported.value.changed > 0) context.forget(ids)
  return imported
}
