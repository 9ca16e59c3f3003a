// The naive way's database: Levee's own tables, so that the same rows are written, and the same stock.

import type { StockRow } from '../../modules/order/tables.ts'
import { type OrderTables, orderSchema } from '../../modules/order/tables.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { platformSchema } from '../../platform/sql/platform-tables.ts'
import { migrate } from '../../platform/sql/schema.ts'
import { insertRows } from './insert-rows.ts'

export async function prepareNaive(url: string, like: Ledger): Promise<void> {
  const ledger = await openLedger({ url, dataFolder: '', poolSize: 1, lockWait: 5_000 })
  try {
    await migrate(ledger, [platformSchema, orderSchema])
    const stock = await like.reads<OrderTables>().selectFrom('stock').selectAll().execute()
    await insertRows<StockRow>(ledger, 'stock', stock)
  } finally {
    await ledger.close()
  }
}
