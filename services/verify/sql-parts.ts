// Pieces of SQL that both engines understand.

import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../platform/sql/ledger.ts'

/** Text of several values; what is NULL is left out. */
export function text(dialect: Dialect, ...parts: readonly RawBuilder<unknown>[]): RawBuilder<string> {
  return dialect === 'mysql' ? sql`CONCAT_WS('', ${sql.join(parts)})` : sql`concat(${sql.join(parts)})`
}

/** A template of words and columns as text: said`order_id`/`total` … reads like what it prints. */
export function said(
  dialect: Dialect,
): (words: TemplateStringsArray, ...columns: readonly string[]) => RawBuilder<string> {
  return (words, ...columns) =>
    text(
      dialect,
      ...words.flatMap((word, i) => {
        const column = columns[i]
        const parts = word === '' ? [] : [sql.lit(word)]
        return column === undefined ? parts : [...parts, sql.ref(column)]
      }),
    )
}

/** Whole-number division. */
export function div(dialect: Dialect, a: RawBuilder<unknown>, b: RawBuilder<unknown>): RawBuilder<number> {
  return dialect === 'mysql' ? sql`((${a}) DIV (${b}))` : sql`((${a}) / (${b}))`
}

/** A column of JSON, or `instead` where it is not JSON: a broken row must be named, not end the query. */
function soundJson(dialect: Dialect, column: string, instead: string): RawBuilder<string> {
  const valid =
    dialect === 'mysql' ? sql`JSON_VALID(${sql.ref(column)})` : sql`json_valid(${sql.ref(column)})`
  return sql`CASE WHEN ${valid} THEN ${sql.ref(column)} ELSE ${sql.lit(instead)} END`
}

/** One row for each part of each refund: refund_id, order_id, restocked, line_no, quantity. */
export function refundParts(dialect: Dialect): RawBuilder<unknown> {
  const parts = soundJson(dialect, 'r.parts', '[]')
  return dialect === 'mysql'
    ? sql`SELECT r.refund_id, r.order_id, r.restocked, p.line_no, p.quantity FROM order_refunds r
        JOIN JSON_TABLE(${parts}, '$[*]' COLUMNS (line_no BIGINT PATH '$.lineNo', quantity BIGINT PATH '$.quantity')) p`
    : sql`SELECT r.refund_id, r.order_id, r.restocked, json_extract(p.value, '$.lineNo') AS line_no,
          json_extract(p.value, '$.quantity') AS quantity
        FROM order_refunds r, json_each(${parts}) p`
}

/** A whole number in a column of JSON; 0 where there is none. */
export function jsonNumber(dialect: Dialect, column: string, path: string): RawBuilder<number> {
  const json = soundJson(dialect, column, '{}')
  return dialect === 'mysql'
    ? sql`COALESCE(CAST(JSON_UNQUOTE(JSON_EXTRACT(${json}, ${sql.lit(path)})) AS SIGNED), 0)`
    : sql`COALESCE(json_extract(${json}, ${sql.lit(path)}), 0)`
}

/**
 * Orders with a saga of these kinds, as a table to join: column `order_id`. Sagas and outbox have no index for it,
 * so they are gathered once instead of looked through for every difference.
 */
export function sagasOf(...kinds: readonly string[]): RawBuilder<unknown> {
  return sql`(SELECT DISTINCT order_id FROM order_sagas WHERE kind IN (${sql.join(kinds.map(kind => sql.lit(kind)))}))`
}

/** Keys with an event of this type in the outbox, as a table to join: column `event_key`. */
export function eventsOf(type: string): RawBuilder<unknown> {
  return sql`(SELECT DISTINCT event_key FROM outbox WHERE type = ${sql.lit(type)})`
}
