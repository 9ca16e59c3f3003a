// A product as a row, as an event, and as it is shown. Pure.

import type { DomainEvent } from '../../platform/events/event.ts'
import type { ProductView } from './deps.ts'
import type { ProductRow } from './tables.ts'

export interface Terms {
  readonly name: string
  readonly price: number
  readonly onSale: boolean
  readonly saleStartsAt: number | null
  readonly memberLimit: number | null
}

export function productRow(productId: string, terms: Terms, version: number, now: number): ProductRow {
  return {
    product_id: productId,
    name: terms.name,
    name_search: searchText(terms.name),
    price: terms.price,
    on_sale: terms.onSale ? 1 : 0,
    sale_starts_at: terms.saleStartsAt,
    member_limit: terms.memberLimit,
    version,
    updated_at: now,
  }
}

export function termsOf(row: ProductRow): Terms {
  const { name, price, sale_starts_at: saleStartsAt, member_limit: memberLimit } = row
  return { name, price, onSale: row.on_sale === 1, saleStartsAt, memberLimit }
}

/** Absolute values: who hears of it late or twice is right all the same. */
export function productChanged(row: ProductRow): DomainEvent {
  const payload = { productId: row.product_id, ...termsOf(row) }
  return { type: 'product.changed', key: row.product_id, version: row.version, payload }
}

export function productView(row: ProductRow, currency: string, available: number, asOf: number): ProductView {
  return { productId: row.product_id, ...termsOf(row), currency, version: row.version, available, asOf }
}

/** Code points of `name_search`. Lower case can be longer than upper case (`İ`): what is beyond is not searched. */
const SEARCHED_MOST = 200

export function searchText(text: string): string {
  return [...text.normalize('NFC').toLowerCase()].slice(0, SEARCHED_MOST).join('')
}

/** Words of a search: all must be in the name; at most eight count. */
const WORDS_MOST = 8
export function searchWords(text: string | undefined): string[] {
  return searchText(text ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, WORDS_MOST)
}
