import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from './ledger.ts'
import { literal } from './render-mysql.ts'

/** A list for `IN` that may be long: without a placeholder each, which both Kysely and mysql2 would work through. */
export function inList<Each extends string | number>(
  dialect: Dialect,
  values: readonly Each[],
): RawBuilder<Each> {
  return dialect === 'mysql'
    ? sql`(${sql.raw(values.length === 0 ? 'NULL' : values.map(literal).join(','))})`
    : sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`
}
