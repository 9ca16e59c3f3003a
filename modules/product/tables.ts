// The catalogue. Only this module reads and writes it.

import type { Schema } from '../../platform/sql/schema.ts'

export interface ProductRow {
  product_id: string
  name: string
  /** Lower case, for search. */
  name_search: string
  price: number
  on_sale: number
  sale_starts_at: number | null
  member_limit: number | null
  version: number
  updated_at: number
}

export interface ProductTables {
  products: ProductRow
}

export const productSchema: Schema = {
  '2026-11-23-product': t => [
    `CREATE TABLE products (
      product_id ${t.id} NOT NULL PRIMARY KEY, name ${t.text(200)} NOT NULL, name_search ${t.text(200)} NOT NULL,
      price ${t.int} NOT NULL, on_sale ${t.int} NOT NULL, sale_starts_at ${t.int}, member_limit ${t.int},
      version ${t.int} NOT NULL, updated_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX products_by_name ON products (name_search, product_id)',
  ],
}
