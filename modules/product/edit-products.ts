// New products and changes by an administrator: compare-and-set, told to everybody by an event.

import type { Call } from '../../platform/contract/call.ts'
import type { Input } from '../../platform/contract/operation.ts'
import { invariant, type Result, refuse } from '../../platform/contract/result.ts'
import { once } from '../../platform/sql/once.ts'
import type { productContract } from './contract.ts'
import type { ProductContext, ProductView } from './deps.ts'
import { productChanged, productRow, productView, type Terms, termsOf } from './product.ts'
import { availableOf } from './show-products.ts'
import { insertProducts, lockProduct, updateProduct } from './store.ts'
import type { ProductTables } from './tables.ts'

export async function createProduct(
  context: ProductContext,
  call: Call,
  input: Input<typeof productContract.createProduct>,
): Promise<Result<ProductView>> {
  const { productId, name, price } = input
  const { onSale = true, saleStartsAt = null, memberLimit = null } = input
  const now = context.clock()
  const made = await once<ProductTables, ProductView>(
    context.ledger,
    call,
    'product.createProduct',
    now,
    async tx => {
      if (await lockProduct(context.ledger, tx, productId)) {
        return { result: refuse('id_taken', `Product ${productId} exists.`) }
      }
      const row = productRow(productId, { name, price, onSale, saleStartsAt, memberLimit }, 1, now)
      await insertProducts(tx, [row])
      return {
        result: { ok: true, value: productView(row, context.settings.currency, 0, now) },
        events: [productChanged(row)],
        audit: { subject: productId, detail: { ...termsOf(row) } },
      }
    },
  )
  context.forget([productId])
  return made
}

export async function editProduct(
  context: ProductContext,
  call: Call,
  input: Input<typeof productContract.editProduct>,
): Promise<Result<ProductView>> {
  const { productId, version, ...changes } = input
  const now = context.clock()
  const available = await availableOf(context, [productId], now)
  const edited = await once<ProductTables, ProductView>(
    context.ledger,
    call,
    'product.editProduct',
    now,
    async tx => {
      const row = await lockProduct(context.ledger, tx, productId)
      if (row === undefined) return { result: refuse('product_unknown', `There is no product ${productId}.`) }
      if (row.version !== version) {
        const detail = `Product ${productId} is at version ${row.version}.`
        return { result: refuse('version_conflict', detail, { fields: { version: row.version } }) }
      }
      const terms: Terms = { ...termsOf(row), ...stated(changes) }
      const next = productRow(productId, terms, version + 1, now)
      invariant(await updateProduct(tx, next, version), `product ${productId} changed under its lock`)
      return {
        result: {
          ok: true,
          value: productView(next, context.settings.currency, available.get(productId) ?? 0, now),
        },
        events: [productChanged(next)],
        audit: { subject: productId, detail: { from: termsOf(row), to: terms } },
      }
    },
  )
  context.forget([productId])
  return edited
}

/** Without the fields that were not stated. */
function stated(changes: { [K in keyof Terms]?: Terms[K] | undefined }): Partial<Terms> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}
