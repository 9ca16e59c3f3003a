// Rows in bulk, where a measure needs more members or products than a day of requests would make.

import type { Ledger } from '../../platform/sql/ledger.ts'
import { insertInto, type Value } from '../../platform/sql/statements.ts'

/** Rows a transaction: some 100 KB of text. */
const AT_ONCE = 1_000

/** All rows have the columns of the first. */
export async function insertRows<R extends { [K in keyof R]: Value }>(
  ledger: Ledger,
  table: string,
  rows: readonly R[],
): Promise<void> {
  const first = rows[0]
  if (first === undefined) return
  const columns = Object.keys(first) as (keyof R & string)[]
  const insert = insertInto(table, columns)
  const lane = ledger.lane('bench')
  for (let i = 0; i < rows.length; i += AT_ONCE) {
    const part = rows.slice(i, i + AT_ONCE)
    await lane.attempt([], [insert(part.map(row => columns.map(column => row[column])))])
  }
  await lane.close()
}
