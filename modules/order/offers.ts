// What is offered at which price stands in the stock's own row, so that an order is judged by one lock:
// first stock for new products, and every change of a product as it arrives by event.

import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { Consumer } from '../../platform/events/consumer.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { orderContract } from './contract.ts'
import type { OrderContext } from './deps.ts'
import type { OrderTables, StockRow } from './tables.ts'

/** Products that have stock already are left alone: a repeat opens nothing. */
export async function openStock(
  context: OrderContext,
  input: Input<typeof orderContract.openStock>,
): Promise<Result<Output<typeof orderContract.openStock>>> {
  const ids = input.products.map(product => product.productId)
  if (ids.length === 0) return { ok: true, value: { opened: 0 } }
  const opened = await context.ledger.write<OrderTables, number>(async tx => {
    const there = await tx.selectFrom('stock').select('product_id').where('product_id', 'in', ids).execute()
    const known = new Set(there.map(row => row.product_id))
    const fresh = input.products.filter(product => !known.has(product.productId))
    if (fresh.length === 0) return 0
    const rows = fresh.map(({ productId, initial, price, version }) => ({
      ...emptyStock(productId),
      initial,
      available: initial,
      price,
      on_sale: 1,
      offer_version: version,
    }))
    await tx.insertInto('stock').values(rows).execute()
    return fresh.length
  })
  return { ok: true, value: { opened } }
}

function emptyStock(productId: string): StockRow {
  return {
    product_id: productId,
    initial: 0,
    adjusted: 0,
    available: 0,
    reserved: 0,
    sold: 0,
    returned: 0,
    version: 0,
    price: 0,
    on_sale: 0,
    sale_starts_at: null,
    member_limit: null,
    offer_version: 0,
  }
}

interface Offer {
  productId: string
  price: number
  onSale: boolean
  saleStartsAt: number | null
  memberLimit: number | null
}

/** Absolute values, guarded by the product's version: late or repeated events change nothing. */
export function offerConsumer(ledger: Ledger): Consumer {
  return {
    name: 'order.offers',
    types: ['product.changed'],
    async handle(events: readonly DomainEvent[]) {
      const newest = new Map<string, DomainEvent>()
      for (const event of events) {
        const known = newest.get(event.key)
        if (known === undefined || known.version < event.version) newest.set(event.key, event)
      }
      const inOrder = [...newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
      // One look first, without locks: after an import most offers stand already, and a version never goes back.
      const ids = inOrder.map(event => event.key)
      const standing = await ledger
        .reads<OrderTables>()
        .selectFrom('stock')
        .select(['product_id', 'offer_version'])
        .where('product_id', 'in', ids)
        .execute()
      const versions = new Map(standing.map(row => [row.product_id, row.offer_version]))
      const news = inOrder.filter(event => (versions.get(event.key) ?? -1) < event.version)
      if (news.length === 0) return
      await ledger.write<OrderTables, void>(async tx => {
        for (const event of news) {
          const { productId, price, onSale, saleStartsAt, memberLimit } = event.payload as unknown as Offer
          const offer = {
            price,
            on_sale: onSale ? 1 : 0,
            sale_starts_at: saleStartsAt,
            member_limit: memberLimit,
            offer_version: event.version,
          }
          const { numUpdatedRows } = await tx
            .updateTable('stock')
            .set(offer)
            .where('product_id', '=', productId)
            .where('offer_version', '<', event.version)
            .executeTakeFirst()
          if (numUpdatedRows > 0n) continue
          const there = await tx
            .selectFrom('stock')
            .select('product_id')
            .where('product_id', '=', productId)
            .execute()
          if (there.length === 0)
            await tx
              .insertInto('stock')
              .values({ ...emptyStock(productId), ...offer })
              .execute()
        }
      })
    },
  }
}
